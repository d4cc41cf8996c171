"""The start mclust uses: model-based agglomerative hierarchical clustering."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .base import Division, StartData, from_divisions, from_labels
from .hierarchy import Tree, agglomerate, quantile_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
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

    def begin(self, several: Sequence[StartData], divisions: Sequence[AnyArray]) -> list[Mixture]:
        return from_divisions(several, divisions, exactly=True)

    def divide(self, data: StartData, rng: np.random.Generator) -> AnyArray:
        if data.n_components == 1:
            return np.zeros(len(data.rows), dtype=np.intp)
        if data.rows.shape[1] == 1:
            labels = quantile_labels(data.rows[:, 0], data.n_components)
            if labels is not None:
                return labels
        chosen, tree = self._tree(data, rng)
        labels = tree.labels(data.n_components)
        return labels if len(chosen) == len(data.rows) else _extended(data, chosen, labels)

    def _tree(self, data: StartData, rng: np.random.Generator) -> tuple[AnyArray, Tree]:
        if self._last is None or self._last[0] is not data.rows:
            n_rows = max(_TREE_ROWS, data.n_components)
            self._last = (data.rows, *tree_of(data.rows, data.weights, rng, n_rows))
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


def _extended(data: StartData, chosen: AnyArray, labels: AnyArray) -> AnyArray:
    """Return labels of all rows: those not `chosen` go to the most probable component."""
    # Both sides stay centred: nothing is lost far from 0.
    total = data.summary.total
    centred = replace(data.summary, total=replace(total, means=np.zeros_like(total.means)))
    part = replace(
        data,
        summary=centred,
        rows=data.rows[chosen],
        weights=data.weights[chosen],
        constraints=replace(data.constraints, prior=None),  # its mean is where the data are
    )
    every = from_labels(part, labels).predict(data.rows)
    every[chosen] = labels
    return every
