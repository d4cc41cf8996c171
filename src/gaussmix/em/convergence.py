"""When to stop: on the log-likelihood that is still to come, not on one small step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AitkenRule", "Close"]

#: The last value that was close to the limit, and the place in the trace of the leap before it.
Close: TypeAlias = tuple[float, int] | None


# Relative rounding of a sum.
_ROUNDING = 8 * float(np.finfo(float).eps)
# Steps looked at to tell rounding from progress.
_NOISE_WINDOW = 10
# Share of the tolerance that is left to gain, and to have gained since a leap, when it is time
# to stop after leaps.  They bring a fit so near a saddle that it takes long to be seen as one.
_AFTER_LEAPS = 0.1
_WITHOUT_LEAPS = 0.01


@dataclass(frozen=True)
class AitkenRule:
    """Stop when the predicted remaining gain is below `tol` a row, twice in a row.

    EM converges linearly: gains shrink by a rate a, and what is still to come after
    a gain g is g a / (1 - a) (Aitken's acceleration; Boehning et al. 1994).

    Parameters
    ----------
    tol : float
        In mean log-likelihood a row; 0 never stops.
    n : float
        Number of rows (sum of weights).

    Examples
    --------
    >>> rule = AitkenRule(tol=0.1, n=1)
    >>> rule.remaining([0.0, 8.0, 12.0])  # gains 8, 4: then 2, 1, ... = 4
    4.0
    """

    tol: float
    n: float

    def remaining(self, trace: Sequence[float], leap: int = 0, slowest: float = 0.0) -> float:
        """Predict the total log-likelihood still to come from the last three values.

        Infinite while unknown: with fewer values since the last `leap`, the place in the
        trace that was not reached by a step of EM.  After a leap the first gains come from
        what shrinks fast; `slowest` is the rate of what does not, as far as it is known.
        """
        if len(trace) < leap + 3:
            return math.inf
        before, last = trace[-2] - trace[-3], trace[-1] - trace[-2]
        noise = _ROUNDING * max(abs(trace[-1]), self.n)
        if abs(last) <= noise and abs(before) <= noise:
            return 0.0
        if last <= 0 or before <= 0:
            # No geometric series: the optimum of a regularised fit is crossed, or rounding.
            return abs(last)
        rate = max(last / before, slowest)
        return last * rate / (1.0 - rate) if rate < 1.0 else math.inf

    def reached(
        self, trace: Sequence[float], leap: int = 0, slowest: float = 0.0, close: Close = None
    ) -> tuple[bool, Close]:
        """Say whether to stop at the newest value of `trace`, and what to say so by next time.

        Twice in a row the prediction must be small.  If there was a leap in between, it
        would have shown what slow steps hide, and must not have gained much either.

        Parameters
        ----------
        close : (float, int) or None
            The last value for which the prediction was small, and the leap before it: as
            returned for the value before the newest.
        """
        if leap and len(trace) < leap + 3:
            return self._only_noise(trace), close
        share = _AFTER_LEAPS if leap else 1.0
        if self.remaining(trace, leap, slowest) >= share * self.tol * self.n:
            return self._only_noise(trace), None
        done = self._confirmed(trace, leap, close) or self._only_noise(trace)
        return done, (trace[-1], leap)

    def _confirmed(self, trace: Sequence[float], leap: int, close: Close) -> bool:
        """Whether an earlier value was close to the limit too, and little was gained since."""
        if close is None:
            return False
        value, before = close
        gained, limit = trace[-1] - value, self.tol * self.n
        if leap == 0:
            return gained < limit
        # Without a leap in between, steps must be far below the limit.
        return gained < (_AFTER_LEAPS if leap != before else _WITHOUT_LEAPS) * limit

    def _only_noise(self, trace: Sequence[float]) -> bool:
        """Whether the trace goes up and down without getting anywhere.

        EM only climbs: drops are rounding, which near a singular covariance can be
        larger than `tol`.
        """
        if self.tol == 0 or len(trace) <= _NOISE_WINDOW:
            return False
        last = trace[-_NOISE_WINDOW - 1 :]
        drops = sum(after < before for before, after in pairwise(last))
        alternating = 2 <= drops <= _NOISE_WINDOW - 2
        return alternating and last[-1] - last[0] < self.tol * self.n
