"""When to stop: on the log-likelihood that is still to come, not on one small step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["AitkenRule", "Close", "Recent"]

# Relative rounding of a sum.
_ROUNDING = 8 * float(np.finfo(float).eps)
# Steps looked at to tell rounding from progress.
_NOISE_WINDOW = 10
# Share of the tolerance that is left to gain, and to have gained since a leap, when it is time
# to stop after leaps.  They bring a fit so near a saddle that it takes long to be seen as one.
_AFTER_LEAPS = 0.1
_WITHOUT_LEAPS = 0.01
# What rounding cannot make up for.
_SURELY = 1.001


class Close(NamedTuple):
    """The last values that were close to the limit, and the places of the leaps before them.

    Attributes
    ----------
    values : ndarray (G,)
        NaN where there is none.
    leaps : ndarray of int (G,)
    """

    values: Array
    leaps: AnyArray


@dataclass
class Recent:
    """The newest values of G fits.

    Attributes
    ----------
    values : ndarray (_NOISE_WINDOW + 1, G)
        The newest last; NaN before the first.
    counts : ndarray of int (G,)
        Values in all.
    leaps : ndarray of int (G,)
        The place among these of the last value that was not reached by a step of EM; 0 if none.
    """

    values: Array
    counts: AnyArray
    leaps: AnyArray

    @classmethod
    def of_fits(cls, n_fits: int) -> Self:
        """Return that of fits without any value."""
        nothing = np.full((_NOISE_WINDOW + 1, n_fits), np.nan)
        return cls(nothing, np.zeros(n_fits, dtype=int), np.zeros(n_fits, dtype=int))

    @classmethod
    def of_trace(cls, trace: Sequence[float], leap: int = 0) -> Self:
        """Return that of one fit with all its values.

        Examples
        --------
        >>> from gaussmix.em.convergence import Recent
        >>> Recent.of_trace([0.0, 8.0, 12.0]).values[-2:, 0].tolist()
        [8.0, 12.0]
        """
        found = cls.of_fits(1)
        newest = trace[-_NOISE_WINDOW - 1 :]
        if newest:
            found.values[-len(newest) :, 0] = newest
        found.counts[0], found.leaps[0] = len(trace), leap
        return found

    @property
    def last(self) -> Array:
        """The newest value of each (G,)."""
        own: Array = self.values[-1]
        return own

    def gains(self) -> Array:
        """Return the last two gains of each (2, G), the newest last."""
        return self.values[-2:] - self.values[-3:-1]

    def push(self, values: Array, new: AnyArray | None) -> None:
        """Take a value of each fit, or of those where `new` (G,) holds."""
        shifted = np.concatenate([self.values[1:], values[None]])
        if new is None:
            self.values, self.counts = shifted, self.counts + 1
        else:
            self.values = np.where(new, shifted, self.values)
            self.counts = self.counts + new

    def take(self, places: AnyArray) -> Recent:
        """Return those of some fits."""
        return Recent(self.values[:, places], self.counts[places], self.leaps[places])


@dataclass(frozen=True, eq=False)
class AitkenRule:
    """Stop when the predicted remaining gain is below `tol` a row, twice in a row.

    EM converges linearly: gains shrink by a rate a, and what is still to come after
    a gain g is g a / (1 - a) (Aitken's acceleration; Boehning et al. 1994).

    Parameters
    ----------
    tol : float
        In mean log-likelihood a row; 0 never stops.
    n : ndarray (G,)
        Number of rows (sum of weights) of each fit.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.em.convergence import AitkenRule, Recent
    >>> rule = AitkenRule(0.1, np.ones(1))
    >>> rule.remaining(Recent.of_trace([0.0, 8.0, 12.0])).tolist()  # gains 8, 4: then 2, 1, ...
    [4.0]
    """

    tol: float
    n: Array

    def remaining(self, recent: Recent, slowest: Array | float = 0.0) -> Array:
        """Predict the total log-likelihood still to come of each fit (G,) from the last values.

        Infinite while unknown: with fewer than three values since the last leap.  After a leap
        the first gains come from what shrinks fast; `slowest` is the rate of what does not, as
        far as it is known.
        """
        before, last = recent.gains()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rate = np.maximum(last / before, slowest)
            found = np.where(rate < 1.0, last * rate / (1.0 - rate), np.inf)
            sizes = np.abs(last)
            # No geometric series: the optimum of a regularised fit is crossed, or rounding.
            found = np.where((last <= 0) | (before <= 0), sizes, found)
            noise = _ROUNDING * np.maximum(np.abs(recent.last), self.n)
            found[(sizes <= noise) & (np.abs(before) <= noise)] = 0.0
        found[recent.counts < recent.leaps + 3] = np.inf
        return found

    def reached(
        self, recent: Recent, close: Close, slowest: Array | float = 0.0
    ) -> tuple[AnyArray, Close]:
        """Say which fits stop at their newest value, and what to say so by next time.

        Twice in a row the prediction must be small.  If there was a leap in between, it
        would have shown what slow steps hide, and must not have gained much either.

        Parameters
        ----------
        close : Close
            As returned for the values before the newest; nothing of fits that have none.
        """
        limit, leaps = self.tol * self.n, recent.leaps
        noise = self._only_noise(recent)
        if not leaps.any():  # the limit is the tolerance itself
            near = self._near(recent, limit, slowest)
            with np.errstate(invalid="ignore"):
                done = near & (recent.last - close.values < limit)
            found = Close(np.where(near, recent.last, np.nan), leaps)
            return done if noise is None else done | noise, found
        leapt = leaps > 0
        near = self._near(recent, np.where(leapt, _AFTER_LEAPS, 1.0) * limit, slowest)
        early = leapt & (recent.counts < leaps + 3)
        # Without a leap in between, steps must be far below the limit.
        share = np.where(leaps != close.leaps, _AFTER_LEAPS, _WITHOUT_LEAPS)
        share = np.where(leapt, share, 1.0)
        with np.errstate(invalid="ignore"):
            done = near & ~early & (recent.last - close.values < share * limit)
        values = np.where(near, recent.last, np.nan)
        found = Close(np.where(early, close.values, values), np.where(early, close.leaps, leaps))
        return done if noise is None else done | noise, found

    def _near(self, recent: Recent, limit: Array, slowest: Array | float) -> AnyArray:
        """Say of which fits less than a limit (G,) is still to come."""
        before, last = recent.gains()
        noise = _ROUNDING * np.maximum(np.abs(recent.last), self.n)
        # Quickly, as in most steps: g a / (1 - a) is at least g^2 over the gain before.
        with np.errstate(over="ignore", invalid="ignore"):
            far = (last > noise) & (before > 0) & (last * last > _SURELY * limit * before)
        if far.all():
            return ~far
        return self.remaining(recent, slowest) < limit

    def _only_noise(self, recent: Recent) -> AnyArray | None:
        """Say which traces go up and down without getting anywhere; None if none can.

        EM only climbs: drops are rounding, which near a singular covariance can be
        larger than `tol`.
        """
        long = recent.counts > _NOISE_WINDOW
        if self.tol == 0 or not long.any():
            return None
        values = recent.values
        drops = (values[1:] < values[:-1]).sum(axis=0)
        alternating = (drops >= 2) & (drops <= _NOISE_WINDOW - 2)
        with np.errstate(invalid="ignore"):
            idle = values[-1] - values[0] < self.tol * self.n
        return np.asarray(long & alternating & idle)
