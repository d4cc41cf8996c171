"""The whole BIC and ICL tables of R's mclust 6.0.0, from our own hierarchical start.

For each reference set: how many cells (family x number of components) are equal to
mclust's (|difference| < 0.1), better, and worse; and the model chosen beside
mclust's.  EM climbs the likelihood, not ICL: fits that converge further than
mclust's may have a worse ICL, so ICL is also compared with fits that stop as
mclust's do.  Then seconds for the IRIS table beside mclust's own, where Rscript and
mclust are installed.

    python benchmarks/mclust_tables.py            # a minute or two
    python benchmarks/mclust_tables.py --tol 1e-9 --details
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import time
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
from common import save

from gaussmix import GaussianMixture, GaussianMixtureIC, Iteration
from gaussmix.starts.hierarchy import Tree, agglomerate, quantile_labels

REFERENCE = Path(__file__).parents[1] / "tests" / "data" / "mclust.json"
EQUAL = 0.1
KINDS = ("equal", "better", "worse", "only_ours", "only_mclust", "neither")
TITLES = {"bic": "BIC", "icl": "ICL", "icl, stopping as mclust": "ICL, stopping as mclust"}
TIMING = """
suppressMessages(library(mclust))
X <- as.matrix(iris[, 1:4])
times <- sapply(1:{repeats}, function(i) system.time(mclustBIC(X, G = 1:9, verbose = FALSE))[[3]])
cat(times)
"""


def table(data: dict, tol: float) -> tuple[GaussianMixtureIC, float]:
    """Fit all models of a set; return the search and its seconds."""
    rows = np.array(data["rows"])
    search = GaussianMixtureIC(
        data["G"],
        families=data["models"],
        init_params="mbahc",
        select="likelihood",
        tol=tol,
        random_state=0,
    )
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(rows)
    return search, time.perf_counter() - began


def compare(name: str, data: dict, tol: float, details: bool) -> dict[str, object]:
    """Count cells equal, better and worse; mclust's criteria have the opposite sign."""
    search, seconds = table(data, tol)
    ours = {(row["family"], row["n_components"]): row for row in search.results_}
    best = data["best"]
    result: dict[str, object] = {
        "set": name,
        "chosen": f"{search.best_family_},{search.n_components_} {search.criterion_:.3f}",
        "mclust": f"{best['model']},{best['G']} {-best['bic']:.3f}",
        "never_worse": search.criterion_ <= -best["bic"] + EQUAL,
        "seconds": seconds,
    }
    for criterion in ("bic", "icl"):
        counts = dict.fromkeys(KINDS, 0)
        for size, theirs in zip(data["G"], data[criterion], strict=True):
            for family, value in zip(data["models"], theirs, strict=True):
                mine = ours[family, size][criterion]
                kind = verdict(mine, value)
                counts[kind] += 1
                if details and criterion == "bic" and kind in {"worse", "only_mclust"}:
                    print(
                        f"    {name} {family},{size}: {mine:.3f}, mclust {-(value or np.nan):.3f}"
                        f"  {ours[family, size]['reason']}"
                    )
        result[criterion] = counts
    result["icl, stopping as mclust"] = icl_stopping_as_mclust(data)
    return result


def icl_stopping_as_mclust(data: dict) -> dict[str, int]:
    """Count the ICL cells of fits from the same labels that stop by mclust's rule."""
    rows = np.array(data["rows"])
    counts = dict.fromkeys(KINDS, 0)
    for size, theirs in zip(data["G"], data["icl"], strict=True):
        for family, value in zip(data["models"], theirs, strict=True):
            labels = np.zeros(len(rows), dtype=int)
            if size > 1 and rows.shape[1] == 1:
                labels = quantile_labels(rows[:, 0], size)
            elif size > 1:
                labels = tree_of(rows).labels(size)
            counts[verdict(one_icl(rows, family, size, labels), value)] += 1
    return counts


def one_icl(rows: np.ndarray, family: str, size: int, labels: np.ndarray) -> float:
    """ICL of a fit that stops when the log-likelihood changes by less than 1e-5 of itself."""
    totals: list[float] = []

    def as_mclust(iteration: Iteration) -> bool:
        totals.append(iteration.log_likelihood * len(rows))
        return len(totals) > 1 and abs(totals[-1] - totals[-2]) < 1e-5 * (1 + abs(totals[-1]))

    model = GaussianMixture(
        size,
        covariance_type=family,
        init_params=labels,
        tol=0,
        callback=as_mclust,
        accelerate=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows)
    return np.nan if model.result_.collapsed else model.icl(rows)


@lru_cache(maxsize=1)
def _tree(key: bytes, shape: tuple[int, int]) -> Tree:
    return agglomerate(np.frombuffer(key).reshape(shape))


def tree_of(rows: np.ndarray) -> Tree:
    """Return the hierarchical clustering of the rows, computed once."""
    return _tree(rows.tobytes(), rows.shape)


def verdict(mine: float, theirs: float | None) -> str:
    """Say how a cell compares with mclust's; NaN and None are cells without a fit."""
    if np.isnan(mine):
        return "neither" if theirs is None else "only_mclust"
    if theirs is None:
        return "only_ours"
    if abs(mine + theirs) < EQUAL:
        return "equal"
    return "better" if mine < -theirs else "worse"


def share(counts: dict[str, int]) -> float:
    """Share of mclust's cells in which we are equal or better."""
    theirs = counts["equal"] + counts["better"] + counts["worse"] + counts["only_mclust"]
    return (counts["equal"] + counts["better"]) / theirs


def markdown(rows: list[dict]) -> str:
    """Return the table people read."""
    lines = [
        "| set | criterion | equal | better | worse | only ours | only mclust | equal or better "
        "| chosen | mclust's |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|---|",
    ]
    for row in rows:
        for criterion, title in TITLES.items():
            c = row[criterion]
            first = criterion == "bic"
            chosen, theirs = (row["chosen"], row["mclust"]) if first else ("", "")
            lines.append(
                f"| {row['set']} | {title} | {c['equal']} | {c['better']} "
                f"| {c['worse']} | {c['only_ours']} | {c['only_mclust']} | {share(c):.1%} "
                f"| {chosen} | {theirs} |"
            )
    for criterion, title in TITLES.items():
        total = {key: sum(row[criterion][key] for row in rows) for key in rows[0][criterion]}
        lines.append(
            f"| **all** | {title} | {total['equal']} | {total['better']} "
            f"| {total['worse']} | {total['only_ours']} | {total['only_mclust']} "
            f"| **{share(total):.1%}** | | |"
        )
    return "\n".join(lines)


def mclust_seconds(repeats: int) -> list[float] | None:
    """Seconds of mclust's own IRIS table, or None where it is not installed."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(
        ["Rscript", "-e", TIMING.format(repeats=repeats)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [float(word) for word in done.stdout.split()] if done.returncode == 0 else None


def main() -> None:
    """Compare, time, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tol", type=float, default=1e-6)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--details", action="store_true", help="print the cells that are worse")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    reference = json.loads(REFERENCE.read_text())
    rows = [
        compare(name, reference[name], options.tol, options.details)
        for name in options.sets or reference
    ]
    text = markdown(rows)
    if options.repeats:
        ours = [table(reference["iris"], options.tol)[1] for _ in range(options.repeats)]
        theirs = mclust_seconds(options.repeats)
        text += f"\n\nIRIS, 14 families x 1..9, start included: {np.median(ours):.2f} s"
        text += f" ({min(ours):.2f}-{max(ours):.2f})"
        if theirs:
            text += f"; mclust {np.median(theirs):.2f} s ({min(theirs):.2f}-{max(theirs):.2f})"
        rows.append({"iris_seconds": ours, "mclust_seconds": theirs})
    print(text)
    if not options.no_save:
        save("mclust_tables", text, rows)


if __name__ == "__main__":
    main()
