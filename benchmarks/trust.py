"""Does a higher likelihood mean better clusters?  Whole default fits against known classes.

On sets of up to 1,800 rows (trust_sets.py), as many components as classes: the adjusted Rand
index of labels against classes, of fits to all rows; and the log-likelihood a row of the other
half of the rows, of fits to one half.  gaussmix as it comes, with select="likelihood", and with
mclust's start; scikit-learn as it comes, and with n_init=10.

A held-out log-likelihood is given as what it lacks to the best method of its set, at most 1 nat
a row: one fit with a collapsed component must not decide.

    python benchmarks/trust.py                   # all: some 15 minutes
    python benchmarks/trust.py --seeds 1 --no-save
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
from common import Row, save
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearn
from trust_sets import FRESH, LOOKED_AT, Labelled, all_sets

from gaussmix import GaussianMixture

OURS = "gaussmix"
METHODS: dict[str, Callable] = {
    OURS: lambda k, seed: GaussianMixture(k, random_state=seed),
    'gaussmix, select="likelihood"': lambda k, seed: GaussianMixture(
        k, select="likelihood", random_state=seed
    ),
    "gaussmix, mclust's start": lambda k, seed: GaussianMixture(k, init_params="mbahc"),
    "scikit-learn": lambda k, seed: ScikitLearn(k, random_state=seed),
    "scikit-learn, n_init=10": lambda k, seed: ScikitLearn(k, n_init=10, random_state=seed),
}
# What a held-out log-likelihood a row may lack at most.
MOST = 1.0


def measure(own: Labelled, seed: int) -> list[Row]:
    """Fit all rows, and one half of them, by each method."""
    rows, classes, k = own.rows, own.classes, own.n_components
    order = np.random.default_rng(seed).permutation(len(rows))
    here, there = np.array_split(order, 2)
    found = []
    for method, make in METHODS.items():
        begin = time.perf_counter()
        model = make(k, seed).fit(rows)
        seconds = time.perf_counter() - begin
        found.append(
            {
                "set": own.name,
                "group": own.group,
                "n": len(rows),
                "d": rows.shape[1],
                "k": k,
                "seed": seed,
                "method": method,
                "index": float(adjusted_rand_score(classes, model.predict(rows))),
                "held_out": held_out(make, k, seed, rows[here], rows[there]),
                "seconds": seconds,
            }
        )
    return found


def held_out(make: Callable, k: int, seed: int, train: np.ndarray, test: np.ndarray) -> float:
    """Return the log-likelihood a row of other rows; -inf where a fit fails."""
    try:
        return float(make(k, seed).fit(train).score(test))
    except ValueError:  # scikit-learn: ill-defined covariance
        return -np.inf


def figures(rows: list[Row], group: str | None = None) -> dict[str, tuple[float, float, float]]:
    """Return each method's mean index, what its held-out log-likelihood lacks, median seconds."""
    chosen = [row for row in rows if group in (None, row["group"])]
    lacks: dict[str, list[float]] = {method: [] for method in METHODS}
    for case in {(row["set"], row["seed"]) for row in chosen}:
        own = [row for row in chosen if (row["set"], row["seed"]) == case]
        best = max(row["held_out"] for row in own)
        for row in own:
            lacks[row["method"]].append(min(best - row["held_out"], MOST))
    return {
        method: (
            float(np.mean([row["index"] for row in chosen if row["method"] == method])),
            float(np.mean(lacks[method])),
            float(np.median([row["seconds"] for row in chosen if row["method"] == method])),
        )
        for method in METHODS
    }


def table(rows: list[Row]) -> str:
    """Return what people read."""
    lines = [
        "| method | index | lacks, a row | index, looked at | lacks | index, fresh | lacks "
        "| seconds (median) |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    every, old, new = (figures(rows, group) for group in (None, LOOKED_AT, FRESH))
    for method in METHODS:
        parts = [f"{value:.3f}" for own in (every, old, new) for value in own[method][:2]]
        lines.append(f"| {method} | {' | '.join(parts)} | {every[method][2]:.4f} |")
    return "\n".join([*lines, "", *by_set(rows)])


def by_set(rows: list[Row]) -> list[str]:
    """Return a table of indices: a row a set that was looked at."""
    lines = ["| set | n × d, K | " + " | ".join(METHODS) + " |", "|---" * (2 + len(METHODS)) + "|"]
    for name in dict.fromkeys(row["set"] for row in rows if row["group"] == LOOKED_AT):
        own = [row for row in rows if row["set"] == name]
        means = [np.mean([r["index"] for r in own if r["method"] == m]) for m in METHODS]
        size = f"{own[0]['n']:,} × {own[0]['d']}, {own[0]['k']}"
        lines.append(f"| {name} | {size} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    return lines


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="fits and halves of each set")
    parser.add_argument("--no-save", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[Row] = []
    for own in all_sets():
        for seed in range(given.seeds):
            rows += measure(own, seed)
        print(own.name, flush=True)
    print(table(rows))
    if not given.no_save:
        save("trust", table(rows), rows)


if __name__ == "__main__":
    main()
