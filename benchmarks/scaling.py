"""How seconds an iteration grow with rows, features and components, beside the limit.

Full covariances, float64.  Peers are timed as in iteration.py.  The limit drawn is
arithmetic: per row and component two products with the (d + 1)(d + 2) / 2 distinct
products of features, at the rate of a large matrix product, and one exponential; both
rates are measured in the same run with all cores.  A kernel can be below it only where
it leaves work out (negligible responsibilities), above it by what memory and Python
cost.

    python benchmarks/scaling.py                         # gaussmix and scikit-learn
    python benchmarks/scaling.py --sweeps n --peers gaussmix oneDAL
    python benchmarks/scaling.py --plot                  # the picture again
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
from common import RESULTS, Results, Row, gaussian_rows
from iteration import OURS, Contender, start
from peers import PEERS
from worker import write_case

from gaussmix.rows.threads import available_cores

mpl.use("agg")

# Sizes (n, d, k) of each sweep.
SWEEPS = {
    "n": [(n, 8, 8) for n in (1_000, 10_000, 100_000, 1_000_000)],
    "d": [(50_000, d, 8) for d in (2, 4, 8, 16, 32, 64, 128)],
    "k": [(50_000, 8, k) for k in (2, 4, 8, 16, 32, 64, 128, 256)],
}
TITLES = {
    "n": "rows (d = 8, K = 8)",
    "d": "features (n = 50 000, K = 8)",
    "k": "components (n = 50 000, d = 8)",
}
SEPARATION = 3.0
KEY = ("sweep", "n", "d", "k", "peer")


def rates() -> dict[str, float]:
    """Measure multiply-adds of a matrix product, and exponentials, a second; all cores."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 1536, 1536))
    values, out = -20.0 * rng.random(8192), np.empty(8192)
    product = best(lambda: a @ b, 7)
    exponential = best(lambda: [np.exp(values, out=out) for _ in range(100)], 7)
    return {
        "gemm_flops": 2 * 1536**3 / product,
        "exponentials": 100 * 8192 / exponential * available_cores(),
    }


def best(call, times: int) -> float:
    """Return the least seconds of several calls."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def limit(n: int, d: int, k: int, measured: dict[str, float]) -> float:
    """Seconds an iteration takes if nothing but arithmetic counts."""
    terms = (d + 1) * (d + 2) / 2
    return n * k * (4 * terms / measured["gemm_flops"] + 1 / measured["exponentials"])


def iterations(work: float) -> int:
    """Return the length of the long fit: what is short is timed over more iterations."""
    return int(np.clip(30_000_000 / work, 4, 101))


def measure(size: tuple[int, int, int], peers: list[str], options: argparse.Namespace) -> list[Row]:
    """Time peers in turns at one size."""
    n, d, k = size
    n_iter = iterations(n * d * k)
    X = gaussian_rows(n, d, k, separation=SEPARATION)
    with tempfile.TemporaryDirectory(prefix="gaussmix-benchmark-") as folder:
        path = Path(folder) / "case.npz"
        write_case(path, X, "full", start(X, k, "full"))
        arguments = (path, "float64", n_iter, options.patience, options.budget)
        contenders = [Contender(peer, *arguments) for peer in peers]
    for _ in range(options.repeats):
        for contender in contenders:
            contender.turn()
    rows = []
    for contender in contenders:
        contender.close()
        row: Row = {"n": n, "d": d, "k": k, **contender.facts}
        if not row["reason"]:
            row["seconds"] = float(np.median(contender.seconds))
        rows.append(row)
    return rows


def report(rows: list[Row]) -> str:
    """Return the table people read; the limit was measured in the same run as the row."""
    peers = [name for name in PEERS if any(row["peer"] == name for row in rows)]
    lines = [
        f"| sweep | n | d | K | limit s | {' | '.join(peers)} | gaussmix / limit |",
        f"|---|---:|---:|---:|---:|{'---:|' * len(peers)}---:|",
    ]
    sizes: dict[tuple, dict[str, Row]] = {}
    for row in rows:
        sizes.setdefault(tuple(row[f] for f in KEY[:4]), {})[row["peer"]] = row
    for (sweep, n, d, k), found in sizes.items():
        bound = next(iter(found.values()))["limit"]
        cells = [f"{found[p]['seconds']:.2g}" if seconds_of(found, p) else "–" for p in peers]
        ours = seconds_of(found, OURS)
        lines.append(
            f"| {sweep} | {n:,} | {d} | {k} | {bound:.2g} | {' | '.join(cells)} "
            f"| {f'{ours / bound:.1f}' if ours else ''} |"
        )
    return "\n".join([*lines, "", "![scaling](scaling.png)"])


def seconds_of(found: dict[str, Row], peer: str) -> float | None:
    """Return the seconds of a peer at a size, if it was measured there."""
    return found.get(peer, {}).get("seconds")


def plot(rows: list[Row]) -> None:
    """Draw a panel for each sweep, the limit dashed."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(12, 4), sharey=True, layout="constrained")
    for axes, sweep in zip(panels, SWEEPS, strict=True):
        own = [row for row in rows if row["sweep"] == sweep]
        for peer in PEERS:
            points = sorted((r[sweep], r["seconds"]) for r in own if r["peer"] == peer
                            and "seconds" in r)  # fmt: skip
            if points:
                axes.plot(*zip(*points, strict=True), "o-", markersize=4, label=peer)
        bounds = sorted({(row[sweep], row["limit"]) for row in own if row["peer"] == OURS})
        if bounds:
            axes.plot(*zip(*bounds, strict=True), "k--", linewidth=1, label="arithmetic limit")
        axes.set(xscale="log", yscale="log", xlabel=TITLES[sweep])
        sizes = sorted({row[sweep] for row in own})
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("seconds an iteration")
    handles: dict[str, object] = {}
    for axes in panels:
        handles.update(dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True)))
    panels[0].legend(handles.values(), handles.keys(), fontsize=8)
    figure.savefig(RESULTS / "scaling.png", dpi=130)
    plt.close(figure)


def main() -> None:
    """Measure, print, save and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", nargs="+", default=list(SWEEPS), choices=list(SWEEPS))
    parser.add_argument("--peers", nargs="+", default=[OURS, "scikit-learn"], choices=list(PEERS))
    parser.add_argument("--largest", type=float, default=np.inf, help="leave out n*d*k above")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for one fit")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds of turns for a peer")
    parser.add_argument("--plot", action="store_true", help="measure nothing")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    names = list(PEERS)
    results = Results(
        "scaling",
        KEY,
        lambda r: (list(SWEEPS).index(r["sweep"]), r["n"], r["d"], r["k"], names.index(r["peer"])),
        fresh=options.fresh or options.no_save,
    )
    peers = list(dict.fromkeys([OURS, *options.peers]))
    if not options.plot:
        measured = rates()
        print({name: f"{value:.3g}" for name, value in measured.items()})
        for sweep in options.sweeps:
            for size in SWEEPS[sweep]:
                if np.prod(size, dtype=float) > options.largest:
                    continue
                for row in measure(size, peers, options):
                    results.add(
                        {"sweep": sweep, "limit": limit(*size, measured), **row, **measured}
                    )
                print(report(results.rows).splitlines()[-3], flush=True)
                if not options.no_save:
                    results.save(report)
    print(report(results.rows))
    if not options.no_save:
        plot(results.rows)
        results.save(report)


if __name__ == "__main__":
    main()
