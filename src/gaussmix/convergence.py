"""When to stop: on the log-likelihood that is still to come, not on one small step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AitkenRule"]


# Steps looked at to tell rounding from progress.
_NOISE_WINDOW = 10


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

    def __init__(self, tol: float, n: float) -> None:
        self.tol = tol
        self.n = n
        self._close = 0

    def remaining(self, trace: Sequence[float]) -> float:
        """Predict the total log-likelihood still to come from the last three values."""
        if len(trace) < 3:
            return math.inf
        before, last = trace[-2] - trace[-3], trace[-1] - trace[-2]
        noise = 8 * np.finfo(float).eps * max(abs(trace[-1]), self.n)
        if abs(last) <= noise and abs(before) <= noise:
            return 0.0
        if last <= 0 or before <= 0:
            # No geometric series: the optimum of a regularised fit is crossed, or rounding.
            return abs(last)
        rate = last / before
        return last * rate / (1.0 - rate) if rate < 1.0 else math.inf

    def reached(self, trace: Sequence[float]) -> bool:
        """Note the newest value of `trace` and say whether to stop."""
        self._close = self._close + 1 if self.remaining(trace) < self.tol * self.n else 0
        return self._close >= 2 or self._only_noise(trace)

    def _only_noise(self, trace: Sequence[float]) -> bool:
        """Whether the trace goes up and down without getting anywhere.

        EM only climbs: drops are rounding, which near a singular covariance can be
        larger than `tol`.
        """
        if self.tol == 0 or len(trace) <= _NOISE_WINDOW:
            return False
        gains = np.diff(trace[-_NOISE_WINDOW - 1 :])
        drops = int((gains < 0).sum())
        alternating = 2 <= drops <= _NOISE_WINDOW - 2
        return alternating and float(gains.sum()) < self.tol * self.n
