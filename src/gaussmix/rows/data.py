"""Rows that have been looked at: what fits begin with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

import numpy as np

from .memory import MemorySource
from .span import Span
from .spread import Quantiles, resolutions

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..components.noise import Noise
    from .source import Source
    from .summary import DataSummary

__all__ = ["Data", "Facts"]


# Of a sum of weights.
_ROUNDING = 1e-9
# Directions that no row has are left out where columns are so many, and the rows, and one more,
# at most such a share of them (measured).
_FEWEST_COLUMNS = 16
_MOST_DIRECTIONS = 0.8
# Nor where means are so far from 0 that float64 rounds them by such a share of a variance, in all.
_ROUNDED = 3e-14
# Where some rows are so far (a variance is so many times that of most), directions are theirs.
_DRAWN_OUT = 1e6


class _Start(Protocol):
    """A mixture, or parameters of some."""

    def with_noise(self, noise: Noise, /) -> Self: ...


Start = TypeVar("Start", bound=_Start)


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of rows besides their values.

    Attributes
    ----------
    clean : Source
        The rows that starts look at: all but those marked as noise.
    known : ndarray of int (n,) or None
        Components of rows, -1 where unknown.
    background : Noise or None
        A uniform background and the weight it starts with.
    """

    clean: Source
    known: AnyArray | None = None
    background: Noise | None = None

    def put_behind(self, start: Start) -> Start:
        """Return a start with the background behind it, if there is one."""
        return start if self.background is None else start.with_noise(self.background)


@dataclass(frozen=True, eq=False)
class Data:
    """Rows that have been looked at; models of one size share it.

    Attributes
    ----------
    source : Source
        All rows.
    summary : DataSummary
        Of all rows, with the widest moment that any of the families needs.
    facts : Facts
    sample, weights : ndarray (m, d), (m,)
        A drawn subsample of positive weight, shared by all starts; its rows are centred on
        ``summary.center``, so that no digits are lost far from 0.  Values far from all others
        are brought in: they would set every scale.
    drawn : ndarray (m, d)
        The same rows as they are.
    far : ndarray of int
        Which of them were brought in.
    whole : ndarray (m, d)
        The rows as they are, but with values of near rows where some are missing.
    """

    source: Source
    summary: DataSummary
    facts: Facts
    sample: Array
    weights: Array
    drawn: Array
    far: AnyArray
    whole: Array

    @property
    def center(self) -> Array:
        """Where the origin of the sample is (d,)."""
        return self.summary.center

    @property
    def exact(self) -> Array:
        """The sample with no value brought in, centred too (m, d)."""
        return self.whole - self.center if len(self.far) else self.sample

    @cached_property
    def scales(self) -> Array:
        """Variances of features (d,) that some far rows do not change."""
        own = self._spreads
        return np.where(own > 0, np.minimum(own, self.summary.variances), self.summary.variances)

    def narrowed(self, covariances: Array, moment: Moment, times: float) -> Array:
        """Return covariances (G, *shape) with variances of at most so many times `scales`."""
        return moment.narrowed(covariances, times * self.scales)

    @property
    def is_whole(self) -> bool:
        """Whether the sample is all rows."""
        return bool(self.weights.sum() > (1.0 - _ROUNDING) * self.summary.total.total)

    def directions(self, scales: Array) -> Span | None:
        """Return the directions that rows have in units of such squares (d,), if few enough.

        None where it does not pay to leave the others out, or where not all rows are known.
        """
        n_rows, d = self.sample.shape
        if d < _FEWEST_COLUMNS or n_rows + 1 > _MOST_DIRECTIONS * d:
            return None
        if (self.summary.variances > _DRAWN_OUT * self.scales).any():
            return None
        if ((np.finfo(float).eps * self.center) ** 2 / self.scales).sum() > _ROUNDED:
            return None
        seen = self.is_whole and not self.summary.incomplete and self.source.measurement is None
        if len(self.far) or not seen:
            return None
        if not isinstance(self.source, MemorySource) and n_rows != self.source.n_rows:
            return None  # what is known of rows goes by their places
        return Span.of(self.drawn, self.center, scales)

    def rows_in(self, span: Span) -> MemorySource:
        """Return the coordinates of all rows."""
        source = self.source
        if not isinstance(source, MemorySource):  # all rows, in their order
            source = MemorySource(self.drawn, self.weights, n_jobs=source.n_threads)
            source.watcher = self.source.watcher
        return span.source(source)

    @cached_property
    def resolutions(self) -> Array:
        """Variances of what rounding took from values, by feature (d,)."""
        return resolutions(self.sample, self._spreads)

    @cached_property
    def _spreads(self) -> Array:
        return Quantiles(self.sample, self.weights).spreads
