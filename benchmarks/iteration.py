"""Seconds an EM iteration takes, and the memory a fit needs, beside every peer.

All libraries start from the same parameters on the same rows, in turns, each in a
process of its own (worker.py; peers/ says how starts and stopping rules were matched).
An iteration's time is the difference between a long and a short fit, divided by the
difference in iterations, so set-up does not count.  The log-likelihoods a row after the
same iterations stand beside: speed at another answer means nothing.  Extra memory is
the growth of the process's peak resident size during a fit.

Shape S is IRIS; A to D are draws from K Gaussians whose means deviate by `separation`
and whose own deviations are 0.5 to 1.5; N is as B, but one of its clusters is nearly singular
(variances from 1 down to 1e-8).  A peer that needs more than --patience for
one fit, is not installed, or has no such case gets a row that says so.

    python benchmarks/iteration.py                     # what is installed: half an hour
    python benchmarks/iteration.py --shapes S A --types full --repeats 3
    python benchmarks/iteration.py --peers gaussmix scikit-learn
    python benchmarks/iteration.py --share 0.05 --repeats 1        # try everything
    python benchmarks/iteration.py --shapes B N --types full --name iteration_narrow
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from itertools import product
from pathlib import Path

import numpy as np
from common import Results, Row, gaussian_rows, nearly_singular
from peers import PEERS, Parameters, UnsupportedError
from peers.base import dense
from sklearn.datasets import load_iris
from worker import Worker, write_case

from gaussmix import GaussianMixture

# Rows, features, components, iterations of the long fit (the short one does 1), and
# how many times as often a shape is repeated.
SHAPES = {
    "S": (150, 4, 3, 501, 5),
    "A": (1_000_000, 2, 3, 11, 1),
    "B": (1_000_000, 8, 16, 4, 1),
    "N": (1_000_000, 8, 16, 4, 1),
    "C": (200_000, 32, 32, 4, 1),
    "D": (50_000, 128, 16, 4, 1),
}
# What the ratio to scikit-learn is meant to be (float64, full).
GOALS = {"S": 1.0, "A": 15.0, "B": 40.0, "N": 27.0, "C": 20.0, "D": 6.0}
# The least deviation of shape N: a third of it would be held at the floor.
NARROW = 1e-4
TYPES = ("full", "diag", "tied", "spherical")
DTYPES = ("float64", "float32")
OURS = "gaussmix"
# Likelihoods a row that differ by more are marked.
SAME = {"float64": 1e-6, "float32": 1e-3}
CASE = ("shape", "separation", "covariance_type", "dtype")


def data(shape: str, separation: float, share: float = 1.0) -> np.ndarray:
    """The rows of a shape, or a share of them."""
    n, d, k, *_ = SHAPES[shape]
    if shape == "S":
        return load_iris().data
    if shape == "N":
        return nearly_singular(int(share * n), d, k, 1, separation, NARROW)[0]
    return gaussian_rows(int(share * n), d, k, separation=separation)


def start(X: np.ndarray, k: int, covariance_type: str, shape: str = "") -> Parameters:
    """Parameters after two iterations from a k-means++ start: the middle of a fit.

    Those of shape N begin where the clusters are: they are to be nearly singular.
    """
    init: object = "k-means++"
    if shape == "N":
        init = nearly_singular(len(X), X.shape[1], k, 1, width=NARROW)[1]
    model = GaussianMixture(
        k,
        covariance_type=covariance_type,
        init_params=init,
        max_iter=2,
        tol=0,
        random_state=0,
    ).fit(X)
    covariances = dense(model.covariances_, covariance_type, k, X.shape[1])
    return Parameters(model.weights_, model.means_, covariances)


# -- measuring ---------------------------------------------------------------------------


class Contender:
    """A peer's process, and what was measured of it.

    Parameters
    ----------
    peer : str
    path : Path
        The case.
    dtype : str
    n_iter : int
        Iterations of the long fit.
    patience, budget : float
        Seconds one fit may take, and seconds after which it has no more turns.
    """

    def __init__(
        self, peer: str, path: Path, dtype: str, n_iter: int, patience: float, budget: float
    ) -> None:
        self.n_iter = n_iter
        self.budget = budget
        self.seconds: list[float] = []
        self.facts: Row = {"peer": peer, "version": "", "reason": ""}
        self.worker = Worker(peer, path, dtype, patience)
        try:
            self.facts["version"] = self.worker.ask(task="prepare")["version"]
            first = self.worker.ask(task="fit", n_iter=1)
            self.facts["extra_mib"] = first["extra_mib"]
            self.facts["first_fit_seconds"] = first["seconds"]
            self.worker.ask(task="warm", n_iter=n_iter)
        except UnsupportedError as why:
            self._drop_out(why)

    def _drop_out(self, why: UnsupportedError) -> None:
        self.facts["reason"] = str(why)
        if "first_fit_seconds" in self.facts:
            first = self.facts["first_fit_seconds"]
            self.facts["reason"] += f" (a fit of one iteration took {first:.3g} s)"
        self.worker.close()

    @property
    def waiting(self) -> bool:
        """Whether it can have another turn."""
        return not self.facts["reason"] and (not self.seconds or self.budget > 0)

    def turn(self) -> float | None:
        """Time one short and one long fit; return seconds an iteration."""
        if not self.waiting:
            return None
        try:
            short = self.worker.ask(task="fit", n_iter=1)
            long = self.worker.ask(task="fit", n_iter=self.n_iter)
            steps = long["iterations"] - short["iterations"]
            if steps < 1:
                raise UnsupportedError(f"stops after {long['iterations']} iterations")
        except UnsupportedError as why:
            self._drop_out(why)
            return None
        self.budget -= short["seconds"] + long["seconds"]
        self.facts["iterations"] = long["iterations"]
        self.facts["log_likelihood_a_row"] = long["log_likelihood_a_row"]
        self.seconds.append((long["seconds"] - short["seconds"]) / steps)
        return self.seconds[-1]

    def close(self) -> None:
        """End the process."""
        if not self.facts["reason"]:
            self.worker.close()


def measure(case: Row, peers: list[str], options: argparse.Namespace) -> list[Row]:
    """Time all peers in turns on one case; return a row for each."""
    _, d, k, n_iter, often = SHAPES[case["shape"]]
    X = data(case["shape"], case["separation"], options.share)
    with tempfile.TemporaryDirectory(prefix="gaussmix-benchmark-") as folder:
        path = Path(folder) / "case.npz"
        write_case(
            path, X, case["covariance_type"], start(X, k, case["covariance_type"], case["shape"])
        )
        arguments = (path, case["dtype"], n_iter, options.patience, options.budget)
        contenders = [Contender(peer, *arguments) for peer in peers]
    ratios: dict[str, list[float]] = {peer: [] for peer in peers}
    for _ in range(options.repeats * often):
        times = {c.facts["peer"]: c.turn() for c in contenders}
        for peer, seconds in times.items():
            if seconds is not None and times.get(OURS):
                ratios[peer].append(seconds / times[OURS])
    rows = []
    for contender in contenders:
        contender.close()
        row = {**case, "n": len(X), "d": d, "k": k, **contender.facts}
        if not row["reason"]:
            row["seconds"] = float(np.median(contender.seconds))
            row["seconds_range"] = [min(contender.seconds), max(contender.seconds)]
            row["turns"] = len(contender.seconds)
            own = ratios[row["peer"]]
            row["ratio"] = float(np.median(own)) if own else None
            row["ratio_range"] = [min(own), max(own)] if own else None
        rows.append(row)
    return rows


# -- what people read --------------------------------------------------------------------


def cell(row: Row | None) -> str:
    """Return seconds and how many times as long as ours, or why there are none."""
    if row is None or row["reason"]:
        return "–"
    ratio = f" ({row['ratio']:.1f})" if row["peer"] != OURS and row["ratio"] else ""
    return f"{row['seconds']:.4g}{ratio}"


def groups(rows: list[Row]) -> dict[tuple, dict[str, Row]]:
    """Return the rows of each case, by peer."""
    found: dict[tuple, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[field] for field in CASE), {})[row["peer"]] = row
    return found


def title(row: Row) -> str:
    """Return the first cells of a case's line."""
    separation = "" if row["shape"] == "S" else f"{row['separation']:g}"
    return (
        f"| {row['shape']} | {row['n']:,} × {row['d']}, {row['k']} | {separation} "
        f"| {row['covariance_type']} | {row['dtype']} |"
    )


HEAD = "| shape | n × d, K | separation | covariance | dtype |"
RULE = "|---|---|---:|---|---|"


def goals(rows: list[Row]) -> str:
    """Return the table of ratios to scikit-learn beside what they are meant to be."""
    lines = [
        f"{HEAD} gaussmix s | scikit-learn s | ratio (range) | goal |",
        f"{RULE}---:|---:|---:|---:|",
    ]
    for case in groups(rows).values():
        ours, theirs = case.get(OURS), case.get("scikit-learn")
        if not ours or not theirs or ours["reason"] or theirs["reason"]:
            continue
        low, high = theirs["ratio_range"]
        with_goal = (ours["covariance_type"], ours["dtype"]) == ("full", "float64")
        lines.append(
            f"{title(ours)} {ours['seconds']:.5f} | {theirs['seconds']:.5f} "
            f"| **{theirs['ratio']:.1f}** ({low:.1f}-{high:.1f}) "
            f"| {GOALS[ours['shape']] if with_goal else '':} |"
        )
    return "\n".join(lines)


def matrix(rows: list[Row]) -> str:
    """Return seconds an iteration by case and peer, and in brackets the ratio to ours."""
    peers = [name for name in PEERS if any(row["peer"] == name for row in rows)]
    lines = [f"{HEAD} {' | '.join(peers)} |", f"{RULE}{'---:|' * len(peers)}"]
    for case in groups(rows).values():
        cells = " | ".join(cell(case.get(peer)) for peer in peers)
        lines.append(f"{title(next(iter(case.values())))} {cells} |")
    return "\n".join(lines)


def reference(case: dict[str, Row]) -> float | None:
    """Return the log-likelihood a row that others are compared with: scikit-learn's or ours."""
    for name in ("scikit-learn", OURS):
        if name in case and "log_likelihood_a_row" in case[name]:
            return case[name]["log_likelihood_a_row"]
    return None


def details(rows: list[Row]) -> str:
    """Return a line for each row: answer, memory, iterations, or what stood against it."""
    lines = [
        f"{HEAD} peer | log-likelihood a row | differs by | iterations | extra MiB | turns | |",
        f"{RULE}---|---:|---:|---:|---:|---:|---|",
    ]
    for case in groups(rows).values():
        against = reference(case)
        for row in case.values():
            if row["reason"]:
                lines.append(f"{title(row)} {row['peer']} | | | | | | {row['reason']} |")
                continue
            # Without a reference (both have no fit) nothing can be said about the answer.
            gap = np.nan if against is None else abs(row["log_likelihood_a_row"] - against)
            mark = "another answer" if gap > SAME[row["dtype"]] else ""
            mib = "" if row["extra_mib"] is None else f"{row['extra_mib']:.0f}"
            lines.append(
                f"{title(row)} {row['peer']} | {row['log_likelihood_a_row']:.7f} | {gap:.0e} "
                f"| {row['iterations']} | {mib} | {row['turns']} | {mark} |"
            )
    return "\n".join(lines)


def report(rows: list[Row]) -> str:
    """Return all tables."""
    versions = sorted({row["version"] for row in rows if row["version"]})
    return "\n".join(
        [
            "Beside scikit-learn: how many times as long it takes.",
            "",
            goals(rows),
            "",
            "Seconds an iteration, and in brackets how many times as long as gaussmix "
            "(the median of ratios within a turn).",
            "",
            matrix(rows),
            "",
            "What they reached, and the memory a fit of one iteration adds.",
            "",
            details(rows),
            "",
            f"Peers: {'; '.join(versions)}.",
        ]
    )


# -- the command -------------------------------------------------------------------------


def cases(options: argparse.Namespace) -> list[Row]:
    """Return what is to be measured; the second separation only where it matters most."""
    found = []
    for shape, covariance_type, dtype in product(options.shapes, options.types, options.dtypes):
        several = shape != "S" and covariance_type == "full" and dtype == options.dtypes[0]
        found += [
            dict(zip(CASE, (shape, separation, covariance_type, dtype), strict=True))
            for separation in options.separation[: None if several else 1]
        ]
    return found


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--types", nargs="+", default=["full", "diag"], choices=TYPES)
    parser.add_argument("--dtypes", nargs="+", default=["float64"], choices=DTYPES)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for one fit")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of turns for a peer")
    parser.add_argument(
        "--separation",
        nargs="+",
        type=float,
        default=[3.0, 1.5],
        help="deviation of the components' means, whose own deviations are 0.5 to 1.5",
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the rows of A to D: a trial; nothing is saved"
    )
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument("--name", default="iteration", help="of the files: results/NAME.md")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    options.no_save |= options.share != 1.0
    return options


def main() -> None:
    """Measure, print and save after each case."""
    options = parsed()
    warnings.simplefilter("ignore")
    peers = list(dict.fromkeys([OURS, *options.peers]))
    orders = (list(SHAPES), list(TYPES), list(DTYPES), list(PEERS))
    results = Results(
        options.name,
        (*CASE, "peer"),
        lambda row: (
            orders[0].index(row["shape"]),
            orders[1].index(row["covariance_type"]),
            orders[2].index(row["dtype"]),
            -row["separation"],
            orders[3].index(row["peer"]),
        ),
        fresh=options.fresh or options.no_save,
    )
    for case in cases(options):
        rows = measure(case, peers, options)
        print(summary_line(rows), flush=True)
        for row in rows:
            results.add(row)
        if not options.no_save:
            results.save(report)
    print(report(results.rows))


def summary_line(rows: list[Row]) -> str:
    """Return what is shown while the rest is measured."""
    each = ", ".join(f"{row['peer']} {cell(row)}" for row in rows)
    return f"{title(rows[0])} {each}"


if __name__ == "__main__":
    main()
