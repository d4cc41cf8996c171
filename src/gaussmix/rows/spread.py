"""How wide features are, and how finely they are measured: from quantiles, not from extremes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..numerics.distinct import are_distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["Quantiles", "brought_in", "looked_at", "resolutions"]

# Quantiles whose distance is a spread, and what it is for a unit normal.  Where so many values
# are equal that the inner ones coincide, outer ones count.
_QUANTILES = (
    (0.25, 0.75, 1.34898),
    (0.10, 0.90, 2.56310),
    (0.05, 0.95, 3.28971),
    (0.01, 0.99, 4.65270),
)
# Gaps below this share of the spread are rounding of equal values.
_ROUNDING = 1e-9
# Values are far that are further from the inner 98 % than so many times the width of those.
_FAR = 50.0
# A mean further from the median than so many widths of the inner half is not where rows are.
_AWAY = 10.0
# Rows that are looked at: they need not be many.
_ROWS = 500


def looked_at(rows: AnyArray) -> AnyArray:
    """Return about 500 of some rows (m, ...), all of them if they are not twice as many."""
    return rows[:: max(1, len(rows) // _ROWS)]


class Quantiles:
    """Quantiles of each feature of some rows: a row of weight w is w rows.

    Parameters
    ----------
    rows : ndarray (m, d)
        About every m / 500th is looked at.  Missing values (NaN) have no weight.
    weights : ndarray (m,)
    """

    def __init__(self, rows: AnyArray, weights: Array) -> None:
        some, weights = np.asarray(looked_at(rows)), looked_at(weights)
        missing = np.isnan(some)
        if missing.any():  # they come last, and have no weight
            order = np.argsort(some, axis=0, kind="stable")
            self._sorted = np.take_along_axis(some, order, axis=0)
            seen = ~np.take_along_axis(missing, order, axis=0)
            self._below = np.cumsum(weights[order] * seen, axis=0)
        elif (weights == weights[0]).all():
            self._sorted = np.sort(some, axis=0)
            self._below = np.arange(1.0, len(some) + 1.0)[:, None]
        else:
            order = np.argsort(some, axis=0, kind="stable")
            self._sorted = np.take_along_axis(some, order, axis=0)
            self._below = np.cumsum(weights[order], axis=0)

    def of(self, shares: Sequence[float]) -> Array:
        """Return the values (len(shares), d) below which lie such shares of the weight."""
        # Sums of weights round: a share that is reached but for that is reached.
        wanted = (1.0 - _ROUNDING) * np.asarray(shares)[:, None] * self._below[-1]
        columns = range(self._below.shape[1])
        places = np.array([np.searchsorted(self._below[:, j], wanted[:, j]) for j in columns]).T
        return np.take_along_axis(self._sorted, np.broadcast_to(places, self._wide(places)), axis=0)

    def _wide(self, places: AnyArray) -> tuple[int, int]:
        return len(places), self._sorted.shape[1]

    @cached_property
    def spreads(self) -> Array:
        """Robust variances (d,): some far rows do not change them.

        0 for features of which nearly all values are equal.
        """
        found = np.zeros(self._sorted.shape[1])
        for low, high, unit in _QUANTILES:
            least, most = self.of((low, high))
            with np.errstate(over="ignore"):
                found = np.where(found > 0, found, ((most - least) / unit) ** 2)
            if (found > 0).all():
                break
        return found

    @cached_property
    def near(self) -> tuple[Array, Array]:
        """The limits (d,) beyond which values are far from all others.

        None where nearly all values are equal.
        """
        low, high = self.of((0.01, 0.99))
        with np.errstate(over="ignore"):  # beyond float64 nothing is far
            reach = np.where(high > low, _FAR * (high - low), np.inf)
            return low - reach, high + reach

    def middle(self, mean: Array) -> Array | None:
        """Return where most rows are (d,) if some far ones have drawn the mean away from there."""
        low, median, high = self.of((0.25, 0.5, 0.75))
        with np.errstate(over="ignore", invalid="ignore"):  # told later, with the column's name
            away = np.abs(mean - median) > _AWAY * (high - low)
        return np.where(away, median, mean) if (away & (high > low)).any() else None


def brought_in(rows: Array, limits: tuple[Array, Array], fewest: int = 1) -> tuple[Array, AnyArray]:
    """Return rows (m, d) with far values brought in to limits, and the numbers of those.

    It is the same array if none are, or if fewer than `fewest` different rows would be left.
    """
    low, high = limits
    far = np.flatnonzero(((rows < low) | (rows > high)).any(axis=1))
    if len(far):
        found = np.clip(rows, low, high)
        if are_distinct(found, fewest):
            return found, far
    return rows, far[:0]


def resolutions(rows: AnyArray, spreads: Array) -> Array:
    """Return the variances (d,) of what rounding took from rows (m, d) of such variances (d,).

    A value stands for all that round to it: the median gap between neighbouring different
    values is taken for the width of a step.
    """
    gaps = np.diff(np.sort(np.asarray(rows).T, axis=1), axis=1)
    if gaps.shape[1] == 0:
        return np.zeros(len(gaps))
    gaps[gaps <= _ROUNDING * np.sqrt(spreads)[:, None]] = np.inf
    gaps.sort(axis=1)
    counts = np.isfinite(gaps).sum(axis=1)[:, None]
    middle = np.concatenate([np.maximum(counts - 1, 0) // 2, counts // 2], axis=1)
    middle = np.minimum(middle, gaps.shape[1] - 1)
    widths = np.take_along_axis(gaps, middle, axis=1).mean(axis=1)
    return np.where(counts[:, 0] > 0, widths, 0.0) ** 2 / 12.0
