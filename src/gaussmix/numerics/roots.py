"""Roots of many monotone functions at once, each in a bracket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._typing import AnyArray, Array

__all__ = ["bracketed_roots"]

# Halvings of the floats in a bracket leave two neighbours at last; two steps of three halve.
_MOST_STEPS = 220
_ENOUGH = 4 * float(np.finfo(float).eps)


def bracketed_roots(
    function: Callable[[Array, AnyArray], tuple[Array, Array]], lower: Array, upper: Array
) -> Array:
    """Return the roots (n,) of increasing functions between `lower` and `upper` (n,).

    Newton's steps where they stay inside, else the middle of the floats that are left: a
    bracket of 1e8 around a root at 1e-300 takes 64 halvings as any other.

    Parameters
    ----------
    function : callable
        Of points (m,) and of which functions they are for (m,), gives values and slopes
        (m,).  A slope that is not known is NaN.
    lower, upper : ndarray (n,)
        Where the functions are at most, and at least, 0.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.roots import bracketed_roots
    >>> squares = np.array([2.0, 9.0])
    >>> def function(x, which):
    ...     return x**2 - squares[which], 2 * x
    >>> bracketed_roots(function, np.zeros(2), np.full(2, 9.0)).round(12).tolist()
    [1.414213562373, 3.0]
    """
    found = np.array(lower, dtype=np.float64)
    which = np.arange(len(found))
    low, high = found.copy(), np.array(upper, dtype=np.float64)
    x = _middle(low, high)
    for step in range(_MOST_STEPS):
        if len(which) == 0:
            break
        value, slope = function(x, which)
        low, high = np.where(value <= 0, x, low), np.where(value >= 0, x, high)
        with np.errstate(all="ignore"):
            moved = x - value / slope
            done = (value == 0) | (np.abs(moved - x) <= _ENOUGH * np.abs(x))
        halved = _middle(low, high)
        done |= (halved == low) | (halved == high)
        found[which] = x
        inside = (low < moved) & (moved < high) & (step % 3 != 2)
        x, going = np.where(inside, moved, halved), ~done
        which, low, high, x = which[going], low[going], high[going], x[going]
    return found


def _middle(lower: Array, upper: Array) -> Array:
    """Return the floats that have as many others below as above them in their brackets."""
    low, high = _ranks(lower), _ranks(upper)
    middle = (low >> 1) + (high >> 1) + (low & high & 1)
    return _floats(middle)


def _ranks(values: Array) -> AnyArray:
    """Return the places of floats among all floats, as integers."""
    bits = (np.asarray(values, dtype=np.float64) + 0.0).view(np.int64)
    return np.where(bits < 0, np.iinfo(np.int64).min - bits, bits)


def _floats(ranks: AnyArray) -> Array:
    bits = np.where(ranks < 0, np.iinfo(np.int64).min - ranks, ranks)
    return np.asarray(bits.view(np.float64))
