"""The start mclust uses: model-based agglomerative hierarchical clustering."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .base import Division, from_divisions, from_labels
from .hierarchy import Tree, agglomerate, quantile_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..em.problem import Problem
    from ..mixture.mixture import Mixture

__all__ = ["Hierarchical", "tree_of"]

# A tree is built of at most this many rows, as in mclust: its time grows with their square.
_TREE_ROWS = 2000


class Hierarchical(Division):
    """The partition that hierarchical clustering reaches at K clusters (Fraley 1998).

    One feature is cut at quantiles.  More, by the criterion VVV after the scaled SVD
    (EII if there are no more rows than features), on at most 2000 rows drawn by
    weight; the others go to the most probable component.  The tree itself has no
    weights: they enter the M-step on its partition.  The last tree is kept, so that
    fits of several K or families to the same rows share it.
    """

    name = "mbahc"

    def __init__(self) -> None:
        self._last: tuple[Array, AnyArray, Tree] | None = None

    def begin(self, several: Sequence[Problem], divisions: Sequence[AnyArray]) -> list[Mixture]:
        return from_divisions(several, divisions, exactly=True)

    def divide(self, problem: Problem, rng: np.random.Generator) -> AnyArray:
        rows, n_components = problem.data.sample, problem.n_components
        if n_components == 1:
            return np.zeros(len(rows), dtype=np.intp)
        if rows.shape[1] == 1:
            labels = quantile_labels(rows[:, 0], n_components)
            if labels is not None:
                return labels
        chosen, tree = self._tree(problem, rng)
        labels = tree.labels(n_components)
        return labels if len(chosen) == len(rows) else _extended(problem, chosen, labels)

    def _tree(self, problem: Problem, rng: np.random.Generator) -> tuple[AnyArray, Tree]:
        rows = problem.data.sample
        if self._last is None or self._last[0] is not rows:
            n_rows = max(_TREE_ROWS, problem.n_components)
            self._last = (rows, *tree_of(rows, problem.data.weights, rng, n_rows))
        return self._last[1:]

    def __getstate__(self) -> dict[str, None]:
        return {"_last": None}  # rows do not belong in a pickled estimator


def tree_of(
    rows: Array, weights: Array, rng: np.random.Generator, n_rows: int = _TREE_ROWS
) -> tuple[AnyArray, Tree]:
    """Return the places (t,) of the rows that are drawn, ascending, and their tree.

    All rows (m, d) are, or else `n_rows` of them by weight.
    """
    chosen = np.arange(len(rows))
    if len(rows) > n_rows:
        probabilities = weights / weights.sum()
        chosen = np.sort(rng.choice(len(rows), n_rows, replace=False, p=probabilities))
    criterion = "VVV" if len(chosen) > rows.shape[1] else "EII"
    return chosen, agglomerate(rows[chosen], criterion)


def _extended(problem: Problem, chosen: AnyArray, labels: AnyArray) -> AnyArray:
    """Return labels of all rows: those not `chosen` go to the most probable component."""
    # Both sides stay centred: nothing is lost far from 0.
    data = problem.data
    total = data.summary.total
    zero = np.zeros_like(total.means)
    centred = replace(data.summary, total=replace(total, means=zero), origin=None)
    rows = data.sample[chosen]
    part = replace(
        problem,
        data=replace(
            data, summary=centred, sample=rows, weights=data.weights[chosen], drawn=rows, whole=rows
        ),
        model=replace(problem.model, prior=None),  # its mean is where the data are
    )
    every = from_labels(part, labels).predict(data.sample)
    every[chosen] = labels
    return every
