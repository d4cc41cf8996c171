"""The rows that starts look at: a drawn subsample with enough different rows in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import DataError
from ..numerics.distinct import are_distinct, distinct
from .folds import Fold, Index, Workspace

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from . import Source

__all__ = ["DistinctRows", "draw_rows"]

# Starts are found on at most this many rows (more for many components).
_ROWS = 20_000
_ROWS_PER_COMPONENT = 100
# Rows of little worth are left out where so many others are there.
_LEAST_PER_COMPONENT = 10
# Where most rows are equal, this many different ones are enough to start a component.
_DISTINCT_PER_COMPONENT = 100


def draw_rows(source: Source, n_components: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw rows (m, d) of positive weight and their weights (m,).

    Where a plain subsample holds fewer different rows than components, as in long
    columns that are almost always 0, the different rows of all the data are returned
    instead, each with its total weight.

    Raises
    ------
    DataError
        If there are fewer different rows than components.
    """
    most = max(_ROWS, _ROWS_PER_COMPONENT * n_components)
    rows, weights = source.draw(most, _LEAST_PER_COMPONENT * n_components, rng)
    if source.partly_seen:  # of some nothing is seen
        some = ~np.isnan(rows).all(axis=1)
        rows, weights = (rows, weights) if some.all() else (rows[some], weights[some])
    if len(rows) < n_components:
        raise DataError(
            f"n_components: {n_components} components need at least as many rows; "
            f"X has n_samples = {len(rows)}{_of_positive_weight(source)}"
        )
    if are_distinct(rows, n_components):
        return rows, weights
    distinct = source.reduce(
        DistinctFold(source.n_features, _DISTINCT_PER_COMPONENT * n_components)
    )
    if len(distinct.rows) < n_components:
        raise DataError(
            f"n_components: {len(distinct.rows)} different rows{_of_positive_weight(source)} "
            f"cannot support {n_components} components; use n_components <= {len(distinct.rows)}"
        )
    return distinct.rows, distinct.weights


def _of_positive_weight(source: Source) -> str:
    return " of positive weight" if source.has_zero_weights else ""


@dataclass(frozen=True, eq=False)
class DistinctRows:
    """The first `limit` different rows (m, d) in the order of the data, with total weights (m,)."""

    rows: Array
    weights: Array
    limit: int

    def merge(self, other: DistinctRows) -> DistinctRows:
        return first_distinct(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.weights, other.weights]),
            self.limit,
        )


def first_distinct(rows: AnyArray, weights: Array, limit: int) -> DistinctRows:
    """Return the first different rows of an array (n, d), with the total of their weights (n,)."""
    first, place = distinct(rows)
    totals: Array = np.bincount(place.reshape(-1), weights, minlength=len(first)).astype(float)
    order = np.argsort(first)[:limit]
    kept = np.asarray(rows[first[order]], dtype=np.float64)
    return DistinctRows(kept, totals[order], limit)


class DistinctFold(Fold[DistinctRows]):
    """Collect `DistinctRows`."""

    def __init__(self, n_features: int, limit: int) -> None:
        self.n_features, self.limit = n_features, limit
        self.bytes_per_row = 8 * 4 * (n_features + 2)

    def open(self) -> list[DistinctRows]:
        none = np.empty((0, self.n_features))
        return [DistinctRows(none, np.empty(0), self.limit)]

    def add(
        self,
        state: list[DistinctRows],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        weights = np.ones(len(rows)) if weights is None else weights
        state[0] = state[0].merge(first_distinct(rows, weights, self.limit))

    def close(self, state: list[DistinctRows]) -> DistinctRows:
        return state[0]
