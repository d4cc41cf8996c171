"""Rows a second of predict, predict_proba and score_samples, and the memory they need.

Every library holds the same mixture and gets the same rows, in turns, each in a process
of its own.  That they say the same is checked: two sums over the predictions, one of
them by place, must agree with scikit-learn's.  Extra memory is the growth of the peak
resident size during a call, the answer included.

    python benchmarks/prediction.py                     # a few minutes
    python benchmarks/prediction.py --shapes A B --types full --repeats 3
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
from common import Results, Row
from iteration import DTYPES, OURS, SHAPES, data, start
from peers import PEERS, UnsupportedError
from worker import PREDICTIONS, Worker, write_case

TYPES = ("full", "diag", "spherical")
CASE = ("shape", "covariance_type", "dtype", "method")
SAME = {"float64": 1e-6, "float32": 1e-3}
SEPARATION = 3.0


def seated(peers: list[str], path: Path, dtype: str, patience: float) -> dict[str, Worker | str]:
    """Return a process for each peer, or why there is none."""
    seats: dict[str, Worker | str] = {}
    for peer in peers:
        worker = Worker(peer, path, dtype, patience)
        try:
            worker.ask(task="prepare_predictions")
            seats[peer] = worker
        except UnsupportedError as why:
            worker.close()
            seats[peer] = str(why)
    return seats


def measure(
    shape: str, covariance_type: str, dtype: str, peers: list[str], options: argparse.Namespace
) -> list[Row]:
    """Time all methods of all peers in turns on one shape."""
    _, d, k, _, often = SHAPES[shape]
    X = data(shape, SEPARATION, options.share)
    n = len(X)
    with tempfile.TemporaryDirectory(prefix="gaussmix-benchmark-") as folder:
        path = Path(folder) / "case.npz"
        write_case(path, X, covariance_type, start(X, k, covariance_type))
        seats = seated(peers, path, dtype, options.patience)
    case = {"shape": shape, "n": n, "d": d, "k": k, "covariance_type": covariance_type}
    rows = []
    for method in PREDICTIONS:
        answers = in_turns(seats, method, options.repeats * often)
        ours = [answer["seconds"] for answer in answers[OURS]]
        for peer, own in answers.items():
            reason = seats[peer] if isinstance(seats[peer], str) else ""
            row = {**case, "dtype": dtype, "method": method, "peer": peer, "reason": reason}
            rows.append(row if reason else {**row, **figures(own, ours, n)})
    for seat in seats.values():
        if isinstance(seat, Worker):
            seat.close()
    return rows


def in_turns(seats: dict[str, Worker | str], method: str, turns: int) -> dict[str, list[Row]]:
    """Let all who have a seat answer in turns; who fails loses the seat."""
    answers: dict[str, list[Row]] = {peer: [] for peer in seats}
    for _ in range(turns):
        for peer, seat in seats.items():
            if isinstance(seat, str):
                continue
            try:
                answers[peer].append(seat.ask(task="predict", method=method))
            except UnsupportedError as why:
                seat.close()
                seats[peer] = str(why)
    return answers


def figures(own: list[Row], ours: list[float], n: int) -> Row:
    """Return what is kept of one peer's answers."""
    times = [answer["seconds"] for answer in own]
    ratios = [a / b for a, b in zip(times, ours, strict=False)]
    return {
        "seconds": float(np.median(times)),
        "rows_a_second": n / float(np.median(times)),
        "ratio": float(np.median(ratios)) if ratios else None,
        "extra_mib": own[0]["extra_mib"],
        "digest": own[0]["digest"],
    }


def groups(rows: list[Row]) -> dict[tuple, dict[str, Row]]:
    """Return the rows of each case, by peer."""
    found: dict[tuple, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[field] for field in CASE), {})[row["peer"]] = row
    return found


def agreement(row: Row, case: dict[str, Row]) -> str:
    """Say so where predictions differ from scikit-learn's."""
    against = case.get("scikit-learn", {}).get("digest") or case[OURS].get("digest")
    if against is None:
        return ""
    same = np.allclose(row["digest"], against, rtol=SAME[row["dtype"]], atol=SAME[row["dtype"]])
    return "" if same else "another answer"


def report(rows: list[Row]) -> str:
    """Return the table people read."""
    lines = [
        "| shape | n × d, K | covariance | dtype | method | peer | rows a second "
        "| time / gaussmix's | extra MiB | |",
        "|---|---|---|---|---|---|---:|---:|---:|---|",
    ]
    for case in groups(rows).values():
        for row in case.values():
            if row["reason"]:
                continue
            mib = "" if row["extra_mib"] is None else f"{row['extra_mib']:.0f}"
            lines.append(
                f"| {row['shape']} | {row['n']:,} × {row['d']}, {row['k']} "
                f"| {row['covariance_type']} | {row['dtype']} | {row['method']} | {row['peer']} "
                f"| {row['rows_a_second']:,.0f} | **{row['ratio'] or np.nan:.1f}** | {mib} "
                f"| {agreement(row, case)} |"
            )
    missing = dict.fromkeys(
        f"{row['peer']}, {row['shape']} {row['covariance_type']} {row['dtype']}: {row['reason']}"
        for row in rows
        if row["reason"]
    )
    return "\n".join([*lines, "", "Not measured:", *(f"- {line}" for line in missing)])


def main() -> None:
    """Measure, print and save after each shape."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=list("ABCD"), choices=list(SHAPES))
    parser.add_argument("--types", nargs="+", default=["full", "diag"], choices=TYPES)
    parser.add_argument("--dtypes", nargs="+", default=["float64"], choices=DTYPES)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--patience", type=float, default=120.0, help="seconds for one call")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument("--no-save", action="store_true")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the rows of A to D: a trial; nothing is saved"
    )
    options = parser.parse_args()
    options.no_save |= options.share != 1.0
    warnings.simplefilter("ignore")
    peers = list(dict.fromkeys([OURS, *options.peers]))
    results = Results(
        "prediction",
        (*CASE, "peer"),
        lambda row: (
            list(SHAPES).index(row["shape"]),
            TYPES.index(row["covariance_type"]),
            DTYPES.index(row["dtype"]),
            PREDICTIONS.index(row["method"]),
            list(PEERS).index(row["peer"]),
        ),
        fresh=options.fresh or options.no_save,
    )
    for shape in options.shapes:
        for covariance_type in options.types:
            for dtype in options.dtypes:
                what = (shape, covariance_type, dtype)
                rows = measure(*what, peers, options)
                print(report(rows), flush=True)
                for row in rows:
                    results.add(row)
                if not options.no_save:
                    results.save(report)


if __name__ == "__main__":
    main()
