"""Seconds of all families in high dimension: breast-cancer data, 569 x 30, standardised.

Fits the fourteen families with 1 to 9 components from the hierarchical start, and
prints seconds for the whole table, and for each family from a tree already built,
beside VVV.  Cells that collapse are given up, as mclust gives NA.

    python benchmarks/high_dimension.py
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from common import save
from sklearn.datasets import load_breast_cancer

from gaussmix import GaussianMixtureIC
from gaussmix.components.families import list_families
from gaussmix.em.problem import Problem
from gaussmix.starts.hierarchy import Tree, agglomerate
from gaussmix.starts.mbahc import Hierarchical


class Ready(Hierarchical):
    """The hierarchical start from a tree that is already there."""

    name = "ready"

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self.tree = tree

    def __getstate__(self) -> dict[str, object]:
        return {"_last": None, "tree": self.tree}

    def divide(self, problem: Problem, rng: np.random.Generator) -> np.ndarray:
        """Cut the tree."""
        return self.tree.labels(problem.n_components)


def measure(
    rows: np.ndarray, families: str | list[str], start: str | Ready = "mbahc"
) -> tuple[float, list[dict]]:
    """Return the seconds of a search, and its rows."""
    search = GaussianMixtureIC(range(1, 10), families=families, init_params=start, random_state=0)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(rows)
    return time.perf_counter() - began, list(search.results_)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    rows = load_breast_cancer().data
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    names = [family.name for family in list_families() if not family.univariate]
    ready = Ready(agglomerate(rows))
    measure(rows, ["VVV"], ready)  # imports, and the first use of everything
    seconds = {name: measure(rows, [name], ready) for name in names}
    whole, table = measure(rows, "all")
    lines = ["| family | seconds | beside VVV | iterations | fitted |", "|---|---:|---:|---:|---:|"]
    result: list[dict] = []
    for name, (took, cells) in seconds.items():
        fitted = [cell for cell in cells if not cell["reason"]]
        iterations = sum(cell["n_iter"] for cell in fitted)
        ratio = took / seconds["VVV"][0]
        lines.append(f"| {name} | {took:.2f} | {ratio:.1f} | {iterations} | {len(fitted)} of 9 |")
        result.append({"family": name, "seconds": took, "beside_vvv": ratio, "cells": cells})
    best = min((cell for cell in table if not cell["reason"]), key=lambda cell: cell["bic"])
    text = "\n".join(lines) + (
        f"\n\nThe whole table, 14 families x 1..9, tree included: {whole:.1f} s; best "
        f"{best['family']},{best['n_components']}, BIC {best['bic']:.1f}."
    )
    print(text)
    if not options.no_save:
        save("high_dimension", text, [*result, {"whole_seconds": whole}])


if __name__ == "__main__":
    main()
