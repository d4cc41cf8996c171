"""When one small fit has converged: the rule of `em.convergence`, number by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...estep.compiling import CAREFUL, compiled
from ..convergence import (
    AFTER_LEAPS,
    NOISE_WINDOW,
    ROUNDING,
    SURELY,
    WITHOUT_LEAPS,
)
from ..leaps import SLOW

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["is_slow", "reached"]


@compiled(CAREFUL)
def is_slow(values: AnyArray) -> bool:
    """Whether gains shrink so slowly that there is something to accelerate."""
    least = SLOW * (values[-2] - values[-3])
    return 0.0 < least < values[-1] - values[-2]


@compiled(CAREFUL)
def _remaining(values: AnyArray, since: int, n: float, slowest: float) -> float:
    """Predict what is still to come, `since` values after what was not reached by a step of EM."""
    before, last = values[-2] - values[-3], values[-1] - values[-2]
    if since < 3:
        return np.inf
    noise = ROUNDING * max(abs(values[-1]), n)
    if abs(last) <= noise and abs(before) <= noise:
        return 0.0
    if last <= 0 or before <= 0:
        return abs(last)
    rate = max(last / before, slowest)
    return last * rate / (1.0 - rate) if rate < 1.0 else np.inf


@compiled(CAREFUL)
def _is_far(values: AnyArray, n: float, limit: float) -> bool:
    before, last = values[-2] - values[-3], values[-1] - values[-2]
    noise = ROUNDING * max(abs(values[-1]), n)
    return last > noise and before > 0 and last * last > SURELY * limit * before


@compiled(CAREFUL)
def _is_noise(values: AnyArray, count: int, limit: float) -> bool:
    """Whether a trace goes up and down without getting anywhere."""
    if count <= NOISE_WINDOW or not values[-1] - values[0] < limit:
        return False
    drops = 0
    for i in range(NOISE_WINDOW):
        drops += values[i + 1] < values[i]
    return 2 <= drops <= NOISE_WINDOW - 2


@compiled(CAREFUL)
def reached(
    values: AnyArray,
    counts: tuple[int, int],
    close: tuple[float, int],
    scale: tuple[float, float],
    slowest: float,
) -> tuple[bool, tuple[float, int]]:
    """Say whether a fit stops at its newest value, and what to say so by next time.

    Parameters
    ----------
    values : ndarray (NOISE_WINDOW + 1,)
        The newest last; NaN before the first.
    counts : (int, int)
        Values in all, and the place of the last that was reached by a leap; 0 if none was.
    close : (float, int)
        See `em.convergence.Close`.
    scale : (float, float)
        The sum of the weights, and the tolerance in all of them.
    slowest : float
        The slowest rate at which gains have been seen to shrink.
    """
    count, leap = counts
    n, limit = scale
    if limit == 0.0:
        return False, close
    done = _is_noise(values, count, limit)
    if np.isnan(close[0]) and _is_far(values, n, limit):
        return done, close
    share = AFTER_LEAPS if leap > 0 else 1.0
    since = count - leap
    near = _remaining(values, since, n, slowest) < share * limit
    if leap > 0:
        if since < 3:
            return done, close
        share = AFTER_LEAPS if leap != close[1] else WITHOUT_LEAPS
    done |= near and values[-1] - close[0] < share * limit
    return done, (values[-1] if near else np.nan, leap)
