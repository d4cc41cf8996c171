"""The first pass over the data: totals, extent, and whether all values are finite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..components.statistics import SufficientStatistics
from .folds import Fold, Index, Workspace
from .seen import summary_of_seen

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from .missingness import Missingness
    from .source import Source
    from .spread import Quantiles

__all__ = ["DataSummary", "SummaryFold", "summary_of"]


@dataclass(frozen=True, eq=False)
class DataSummary:
    """What one pass learns about the data.

    Attributes
    ----------
    total : SufficientStatistics
        All rows as one component: weight, mean and scatter.
    minimum, maximum : ndarray (d,)
        NaN or infinite in columns that contain such values.
    n_missing, n_infinite : ndarray (d,)
        How many values of each column are NaN, and infinite.
    origin : ndarray (d,) or None
        Where most rows are; None if that is the mean.
    n_unusable : int
        Rows with a value that is NaN or infinite.
    missing : Missingness or None
        Where missing values are not refused, and some are missing.
    """

    total: SufficientStatistics
    minimum: Array
    maximum: Array
    n_missing: Array
    n_infinite: Array
    origin: Array | None = None
    n_unusable: int = 0
    missing: Missingness | None = None

    def merge(self, other: DataSummary) -> DataSummary:
        return DataSummary(
            self.total.merge(other.total),
            np.minimum(self.minimum, other.minimum),
            np.maximum(self.maximum, other.maximum),
            self.n_missing + other.n_missing,
            self.n_infinite + other.n_infinite,
            n_unusable=self.n_unusable + other.n_unusable,
            missing=_merged(self.missing, other.missing),
        )

    def held_as(self, moment: Moment) -> DataSummary:
        """Return the summary with its scatter held as a narrower moment."""
        return (
            self if moment is self.total.moment else replace(self, total=self.total.held_as(moment))
        )

    def about(self, found: Quantiles) -> DataSummary:
        """Return the summary with its center where most of the rows are.

        That is the mean, unless some far rows have drawn it away: seen from there, all others
        would be one.
        """
        middle = found.middle(self.total.means[0])
        return self if middle is None else replace(self, origin=middle)

    def lies_in(self, limits: tuple[Array, Array]) -> bool:
        """Whether all rows lie within limits (d,)."""
        low, high = limits
        return bool((self.minimum >= low).all() and (self.maximum <= high).all())

    @property
    def incomplete(self) -> bool:
        """Whether values are missing."""
        return bool(self.n_missing.any())

    @property
    def n_unseen(self) -> int:
        """Rows of which nothing is seen: they count nowhere."""
        return 0 if self.missing is None else self.missing.n_unseen

    @property
    def center(self) -> Array:
        return self.total.means[0] if self.origin is None else self.origin

    @cached_property
    def extent(self) -> Array:
        """Largest distance of any row from the center, by feature."""
        return np.maximum(self.maximum - self.center, self.center - self.minimum)

    @property
    def variances(self) -> Array:
        """Total variance of each feature (d,)."""
        return self.total.variances


def summary_of(source: Source, moment: Moment) -> DataSummary:
    """Return the summary of a source's rows: a pass, and two more if values are not seen.

    Means, variances and extent are then those of what is seen, column by column.
    """
    found = source.reduce(SummaryFold(moment, source.n_features))
    if not (source.partly_seen and found.incomplete) or found.n_infinite.any():
        return found
    seen = summary_of_seen(source, moment)
    return replace(
        found,
        total=seen.total,
        minimum=seen.minimum,
        maximum=seen.maximum,
        missing=seen.missing,
    )


def _merged(one: Missingness | None, other: Missingness | None) -> Missingness | None:
    if one is None or other is None:
        return one or other
    return one.merge(other)


class SummaryFold(Fold[DataSummary]):
    """Collect a `DataSummary` with scatters held as `moment`."""

    def __init__(self, moment: Moment, n_features: int) -> None:
        self.moment = moment
        self.n_features = n_features
        self.bytes_per_row = 8 * 3 * (n_features + 2)

    def open(self) -> list[DataSummary]:
        return []

    def add(
        self,
        state: list[DataSummary],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        # Features become contiguous: reductions over rows are then several times faster.
        columns = workspace.array("columns", rows.shape[1], len(rows))
        columns[...] = rows.T
        minimum, maximum = columns.min(axis=1), columns.max(axis=1)
        missing = infinite = np.zeros(len(columns), dtype=int)
        unusable = 0
        if not (np.isfinite(minimum).all() and np.isfinite(maximum).all()):
            missing = np.isnan(columns).sum(axis=1)
            infinite = np.isinf(columns).sum(axis=1)
            wrong = ~np.isfinite(columns)
            unusable = int(wrong.any(axis=0).sum())
            columns[wrong] = 0.0
        count = float(len(rows)) if weights is None else float(weights.sum())
        sums = columns.sum(axis=1) if weights is None else columns @ weights
        # Rounding must not give a constant column a variance.
        mean = np.where(minimum == maximum, minimum, sums / count)
        columns -= mean[:, None]
        unit = np.ones(len(rows)) if weights is None else weights
        with np.errstate(over="ignore", invalid="ignore"):  # told later, with the column's name
            scatter = self.moment.of_rows(columns.T, unit)
        total = SufficientStatistics(
            counts=np.array([count]),
            means=mean[None],
            scatters=np.asarray(scatter)[None],
            moment=self.moment,
            n_rows=len(rows),
        )
        block = DataSummary(total, minimum, maximum, missing, infinite, n_unusable=unusable)
        state[:] = [state[0].merge(block)] if state else [block]

    def close(self, state: list[DataSummary]) -> DataSummary:
        return state[0] if state else self._nothing()

    def _nothing(self) -> DataSummary:
        none = np.zeros(self.n_features, dtype=int)
        infinite = np.full(self.n_features, np.inf)
        zero = np.zeros((1, self.n_features))
        total = SufficientStatistics(np.zeros(1), zero, self.moment.outer(zero), self.moment)
        return DataSummary(total, infinite, -infinite, none, none)
