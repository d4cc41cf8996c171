"""How wide features are, and how finely they are measured: from quantiles, not from extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..numerics.distinct import count_distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["brought_in", "near", "quantiles", "resolutions", "spreads"]

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


def near(rows: AnyArray) -> tuple[Array, Array]:
    """Return the limits (d,) beyond which values of rows (m, d) are far from all others.

    None where nearly all values are equal.
    """
    low, high = np.quantile(rows, [0.01, 0.99], axis=0)
    reach = np.where(high > low, _FAR * (high - low), np.inf)
    return low - reach, high + reach


def brought_in(rows: Array, fewest: int) -> tuple[Array, AnyArray]:
    """Return rows (m, d) with far values brought in to the limits, and the numbers of those.

    It is the same array if none are, or if fewer than `fewest` different rows would be left.
    """
    low, high = near(rows)
    far = np.flatnonzero(((rows < low) | (rows > high)).any(axis=1))
    if len(far):
        found = np.clip(rows, low, high)
        if count_distinct(found) >= fewest:
            return found, far
    return rows, far[:0]


def spreads(rows: AnyArray, weights: Array) -> Array:
    """Return robust variances (d,) of rows (m, d): some far rows do not change them.

    0 for features of which nearly all values are equal.
    """
    return np.array([_spread(column, weights) for column in np.asarray(rows).T])


def quantiles(values: AnyArray, weights: Array, shares: Sequence[float]) -> AnyArray:
    """Return the values below which lie such shares of the weight: a row of weight w is w rows."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    # Sums of weights round: a share that is reached but for that is reached.
    places = np.searchsorted(below, (1.0 - _ROUNDING) * np.asarray(shares) * below[-1])
    return np.asarray(values[order][np.minimum(places, len(order) - 1)])


def _spread(values: AnyArray, weights: Array) -> float:
    shares = [share for low, high, _ in _QUANTILES for share in (low, high)]
    found = quantiles(values, weights, shares).reshape(-1, 2)
    for (low, high), (_, _, unit) in zip(found, _QUANTILES, strict=True):
        if high > low:
            return float(((high - low) / unit) ** 2)
    return 0.0


def resolutions(rows: AnyArray, weights: Array) -> Array:
    """Return the variances (d,) of what rounding took from rows (m, d).

    A value stands for all that round to it: the median gap between neighbouring different
    values is taken for the width of a step.
    """
    return np.array(
        [
            _resolution(column, spread)
            for column, spread in zip(np.asarray(rows).T, spreads(rows, weights), strict=True)
        ]
    )


def _resolution(values: AnyArray, spread: float) -> float:
    gaps = np.diff(np.unique(values))
    gaps = gaps[gaps > _ROUNDING * np.sqrt(spread)]
    return float(np.median(gaps) ** 2 / 12.0) if len(gaps) else 0.0
