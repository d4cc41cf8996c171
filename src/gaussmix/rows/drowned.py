"""Values whose errors are so wide that they do not tell where a row is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from .spread import Quantiles

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .measurement import Measured

__all__ = ["Depths"]

# An error is wide where its variance is so many times that of the data and of a small error.
_TIMES = 4.0
_SMALL = 0.25
_STEPS = 10


@dataclass(frozen=True, eq=False)
class Depths:
    """Variances of errors (e,) beyond which values are drowned in them.

    Small errors are never beyond: where all are alike none is.
    """

    limits: Array

    @classmethod
    def of(cls, rows: Measured, weights: Array) -> Self:
        """Find them on some rows: the data's own variances are those of one normal."""
        seen, errors = ~np.isnan(rows.values), variances(rows)
        known = np.where(seen, errors, np.nan)
        small = Quantiles(known, weights).of((_SMALL,))[0]
        width = _width(np.where(seen, rows.values, 0.0), np.where(seen, errors, 0.0), seen, weights)
        robust = Quantiles(np.where(seen, rows.values, np.nan), weights).spreads
        own = np.where(robust > 0, np.minimum(width, robust), width)
        limits = _TIMES * (own + small)
        return cls(np.where(limits > 0, limits, np.inf))

    def drowned(self, rows: Measured) -> AnyArray:
        """Return which values of rows tell next to nothing (B, e)."""
        found: AnyArray = ~np.isnan(rows.values) & (variances(rows) > self.limits)
        return found


def variances(rows: Measured) -> Array:
    """Return the variances (B, e) of errors, whatever these are."""
    e = rows.values.shape[1]
    own = np.arange(e) if rows.diagonal else np.cumsum(np.arange(1, e + 1)) - 1
    return np.broadcast_to(rows.errors[:, own], rows.values.shape)


def _width(values: Array, errors: Array, seen: AnyArray, weights: Array) -> Array:
    """Return the variance (e,) of each column without errors, by some steps of EM."""
    share = weights[:, None] * seen
    total = np.maximum(share.sum(axis=0), np.finfo(float).tiny)
    # In units of the column, so that squares are within arithmetic.
    unit = np.abs(values).max(axis=0, initial=0.0)
    unit = np.where(unit > 0, unit, 1.0)
    values, errors = values / unit, errors / unit / unit
    mean = (share * values).sum(axis=0) / total
    own = (share * (values - mean) ** 2).sum(axis=0) / total
    for _ in range(_STEPS):
        own = np.maximum(own, np.finfo(float).tiny)
        gain = own / (own + errors)
        precise = share * gain
        mean = (precise * values).sum(axis=0) / np.maximum(precise.sum(axis=0), 1e-300)
        moved = gain * (values - mean)
        own = (share * (moved**2 + gain * errors)).sum(axis=0) / total
    return np.asarray(own * unit * unit)
