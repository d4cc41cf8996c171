"""What is seen of incomplete rows, column by column: totals and extent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..components.moments import PRODUCTS, SQUARES
from ..components.statistics import SufficientStatistics
from .folds import Fold, Index, Mergeable, Workspace
from .missingness import Missingness

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from .source import Source

__all__ = ["Seen", "SeenRows", "summary_of_seen"]

Value = TypeVar("Value", bound=Mergeable)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen of some rows.

    Attributes
    ----------
    total : SufficientStatistics
        Of rows of which something is seen, as one component.  Its means and variances are those
        of each column's values; where products are held, correlations are those of rows with
        the means in place of what is missing, so that the matrix is one of some rows.
    weights, squares : ndarray (d,)
        Weight of the values of each column, and their squares about their mean.
    minimum, maximum : ndarray (d,)
    missing : Missingness
    """

    total: SufficientStatistics
    weights: Array
    squares: Array
    minimum: Array
    maximum: Array
    missing: Missingness

    def merge(self, other: Seen) -> Seen:
        weights = self.weights + other.weights
        share = other.weights / np.where(weights > 0, weights, 1.0)
        shift = other.total.means - self.total.means
        between = (self.weights * share) * shift[0] ** 2
        total = replace(
            self.total,
            counts=self.total.counts + other.total.counts,
            means=self.total.means + share * shift,
            n_rows=self.total.n_rows + other.total.n_rows,
        )
        return Seen(
            total,
            weights,
            self.squares + other.squares + between,
            np.minimum(self.minimum, other.minimum),
            np.maximum(self.maximum, other.maximum),
            self.missing.merge(other.missing),
        )

    @property
    def scatters(self) -> Array:
        """Squares about the means that as many values as rows would have (1, d)."""
        seen = self.weights > 0
        return self.total.counts * np.where(seen, self.squares / np.where(seen, self.weights, 1), 0)


def summary_of_seen(source: Source, moment: Moment) -> Seen:
    """Return what is seen of a source's rows, scatters held as `moment`."""
    found = source.reduce(_SeenFold(source.n_features))
    diagonal = found.scatters[None]
    if moment is not PRODUCTS:
        return replace(found, total=found.total.changed(scatters=diagonal).held_as(moment))
    filled = source.reduce(_FilledFold(found.total.means[0])).scatter
    own = np.diagonal(filled)
    scale = np.sqrt(diagonal[0] / np.where(own > 0, own, 1.0))
    scatter = filled * scale * scale[:, None]
    scatter[np.diag_indices_from(scatter)] = diagonal[0]
    total = found.total.changed(scatters=scatter[None], moment=PRODUCTS)
    return replace(found, total=total)


class SeenRows(Fold[Value]):
    """Another fold, over the rows of which something is seen."""

    def __init__(self, fold: Fold[Value], source: Source) -> None:
        self.fold, self.bytes_per_row, self.measured = fold, fold.bytes_per_row, fold.measured
        self._measurement = source.measurement if fold.measured else None
        assert not fold.by_row

    def open(self) -> Any:
        return self.fold.open()

    def add(
        self,
        state: Any,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        values = rows if self._measurement is None else self._measurement.seen(rows)
        some = np.flatnonzero(~np.isnan(values).all(axis=1))
        if len(some):
            own = None if weights is None else weights[some]
            places = index.start + some if isinstance(index, slice) else index[some]
            self.fold.add(state, rows[some], own, places, workspace)

    def close(self, state: Any) -> Value:
        return self.fold.close(state)


class _SeenFold(Fold[Seen]):
    def __init__(self, n_features: int) -> None:
        self.n_features = n_features
        self.bytes_per_row = 8 * 5 * (n_features + 2)

    def open(self) -> list[Seen]:
        return []

    def add(
        self,
        state: list[Seen],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        missing = np.isnan(rows)
        given = np.ones(len(rows)) if weights is None else weights
        unseen = missing.all(axis=1)
        own = np.where(missing, 0.0, given[:, None])
        lowest, highest = np.where(missing, np.inf, rows), np.where(missing, -np.inf, rows)
        minimum, maximum = lowest.min(axis=0), highest.max(axis=0)
        sums = own.sum(axis=0)
        safe = np.where(sums > 0, sums, 1.0)
        # Rounding must not give a constant column a variance.
        means = (own * np.where(missing, 0.0, rows)).sum(axis=0) / safe
        means = np.where(minimum == maximum, minimum, means)
        with np.errstate(over="ignore", invalid="ignore"):  # told later, with the column's name
            squares = (own * np.where(missing, 0.0, rows - means) ** 2).sum(axis=0)
        total = SufficientStatistics(
            counts=np.array([given[~unseen].sum()]),
            means=means[None],
            scatters=np.zeros((1, self.n_features)),
            moment=SQUARES,
            n_rows=int((~unseen).sum()),
        )
        block = Seen(total, sums, squares, minimum, maximum, Missingness.of(missing))
        state[:] = [state[0].merge(block)] if state else [block]

    def close(self, state: list[Seen]) -> Seen:
        if state:
            return state[0]
        d = self.n_features
        none, edge = np.zeros(d), np.full(d, np.inf)
        total = SufficientStatistics(np.zeros(1), none[None], none[None], SQUARES)
        return Seen(total, none, none, edge, -edge, Missingness(0, np.zeros(d, dtype=int)))


@dataclass(frozen=True, eq=False)
class _Filled:
    scatter: Array

    def merge(self, other: _Filled) -> _Filled:
        return _Filled(self.scatter + other.scatter)


class _FilledFold(Fold[_Filled]):
    """Products about given means (d,), of rows with these in place of what is missing."""

    def __init__(self, means: Array) -> None:
        self.means = means
        self.bytes_per_row = 8 * 3 * (len(means) + 2)

    def open(self) -> list[_Filled]:
        d = len(self.means)
        return [_Filled(np.zeros((d, d)))]

    def add(
        self,
        state: list[_Filled],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        centred = np.asarray(rows - self.means, dtype=np.float64)
        centred[np.isnan(centred)] = 0.0
        unit = np.ones(len(rows)) if weights is None else weights
        with np.errstate(over="ignore", invalid="ignore"):
            scatter = PRODUCTS.of_rows(centred, unit)
        state[0] = state[0].merge(_Filled(scatter))

    def close(self, state: list[_Filled]) -> _Filled:
        return state[0]
