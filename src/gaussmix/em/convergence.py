"""When to stop: on the log-likelihood that is still to come, not on one small step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["ROUNDING", "AitkenRule", "Close", "Recent"]

#: Relative rounding of a sum.
ROUNDING = 8 * float(np.finfo(float).eps)
# Steps looked at to tell rounding from progress.
NOISE_WINDOW = 10
# Share of the tolerance that is left to gain, and to have gained since a leap, when it is time
# to stop after leaps.  They bring a fit so near a saddle that it takes long to be seen as one.
AFTER_LEAPS = 0.1
WITHOUT_LEAPS = 0.01
# What rounding cannot make up for.
SURELY = 1.001


class Close(NamedTuple):
    """The last values that were close to the limit, and the places of the leaps before them.

    Attributes
    ----------
    values : ndarray (G,)
        NaN where there is none.
    leaps : ndarray of int (G,)
    any : bool
        False if there is none at all.
    """

    values: Array
    leaps: AnyArray
    any: bool = True

    @classmethod
    def nowhere(cls, n_fits: int) -> Self:
        """Return that of fits whose values have not been close to the limit."""
        return cls(np.full(n_fits, np.nan), np.zeros(n_fits, dtype=int), any=False)

    def kept(self, newer: Close, new: AnyArray) -> Close:
        """Return the newer ones where `new` (G,) holds, and these elsewhere."""
        return Close(
            np.where(new, newer.values, self.values),
            np.where(new, newer.leaps, self.leaps),
            any=self.any or newer.any,
        )

    def take(self, places: AnyArray) -> Self:
        """Return those of some fits."""
        return self._replace(values=self.values[places], leaps=self.leaps[places])


class Recent:
    """The newest values of G fits.

    Parameters
    ----------
    values : list of ndarray (G,)
        The newest of each, the very newest last; NaN before the first.
    counts, leaps : ndarray of int (G,)

    Attributes
    ----------
    counts : ndarray of int (G,)
        Values in all.
    leaps : ndarray of int (G,)
        The place among these of the last value that was not reached by a step of EM; 0 if none.
    longest : int
        No fit has more values.
    have_leapt : bool
        Whether any of the places is not 0.
    """

    def __init__(self, values: list[Array], counts: AnyArray, leaps: AnyArray) -> None:
        self.values, self.counts, self.leaps = values, counts, leaps
        self.longest, self.have_leapt = int(counts.max(initial=0)), bool(leaps.any())

    @classmethod
    def of_fits(cls, n_fits: int) -> Self:
        """Return that of fits without any value."""
        nothing = [np.full(n_fits, np.nan)] * (NOISE_WINDOW + 1)
        return cls(nothing, np.zeros(n_fits, dtype=int), np.zeros(n_fits, dtype=int))

    @classmethod
    def of_trace(cls, trace: Sequence[float], leap: int = 0) -> Self:
        """Return that of one fit with all its values.

        Examples
        --------
        >>> from gaussmix.em.convergence import Recent
        >>> Recent.of_trace([0.0, 8.0, 12.0]).last.tolist()
        [12.0]
        """
        found = cls.of_fits(1)
        newest = [np.full(1, value) for value in trace[-NOISE_WINDOW - 1 :]]
        values = [*found.values, *newest][len(newest) :]
        return cls(values, np.full(1, len(trace)), np.full(1, leap))

    @property
    def last(self) -> Array:
        """The newest value of each (G,)."""
        return self.values[-1]

    def gains(self) -> tuple[Array, Array]:
        """Return the gain before the last of each (G,), and the last."""
        *_, first, second, third = self.values
        return second - first, third - second

    def push(self, values: Array, new: AnyArray | None) -> None:
        """Take a value of each fit, or of those where `new` (G,) holds."""
        shifted = [*self.values[1:], values]
        self.longest += 1
        if new is None:
            self.values, self.counts = shifted, self.counts + 1
        else:
            both = zip(shifted, self.values, strict=True)
            self.values = [np.where(new, *own) for own in both]
            self.counts = self.counts + new

    def leap(self, landed: AnyArray) -> None:
        """Note of which fits (G,) the value that comes next was reached by a leap."""
        self.leaps = np.where(landed, self.counts, self.leaps)
        self.have_leapt = True

    def after(self, earlier: Sequence[float]) -> Recent:
        """Return them as the newest of one fit that had earlier ones."""
        before = [np.full(1, value) for value in earlier]
        own = self.values[len(self.values) - min(self.longest, len(self.values)) :]
        values = [*self.values, *before, *own][-len(self.values) :]
        leaps = np.where(self.leaps > 0, self.leaps + len(before), 0)
        return Recent(values, self.counts + len(before), leaps)

    def trail(self) -> tuple[float, ...]:
        """Return those of one fit that has not leapt: what it has gained tells what is to come."""
        if self.have_leapt:
            return ()
        count = min(self.longest, len(self.values))
        return tuple(float(value[0]) for value in self.values[len(self.values) - count :])

    def take(self, places: AnyArray) -> Recent:
        """Return those of some fits."""
        own = [values[places] for values in self.values]
        return Recent(own, self.counts[places], self.leaps[places])


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

    @cached_property
    def limit(self) -> Array:
        """The tolerance of each fit (G,), in all its rows."""
        return self.tol * self.n

    def take(self, places: AnyArray) -> AitkenRule:
        """Return the rule for some of the fits."""
        return AitkenRule(self.tol, self.n[places])

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
            noise = ROUNDING * np.maximum(np.abs(recent.last), self.n)
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
        done, limit, leaps = np.zeros(len(self.n), dtype=bool), self.limit, recent.leaps
        if self.tol == 0:
            return done, close
        noise = self._only_noise(recent)
        if noise is not None:
            done |= noise
        leapt = leaps > 0
        early = leapt & (recent.counts < leaps + 3)
        if np.count_nonzero(early) == len(early):  # gains so soon after leaps tell nothing
            return done, close
        # Most steps are far from the limit, and then those after leaps are from theirs.
        if not close.any and self._are_far(recent, limit):
            return done, close
        if not recent.have_leapt:  # the limit is the tolerance itself
            near = self._near(recent, limit, slowest)
            done |= near & (recent.last - close.values < limit)
            values = np.where(near, recent.last, np.nan)
            return done, Close(values, leaps, any=bool(near.any()))
        near = self._near(recent, np.where(leapt, AFTER_LEAPS, 1.0) * limit, slowest)
        # Without a leap in between, steps must be far below the limit.
        share = np.where(leaps != close.leaps, AFTER_LEAPS, WITHOUT_LEAPS)
        share = np.where(leapt, share, 1.0)
        done |= near & ~early & (recent.last - close.values < share * limit)
        values = np.where(near, recent.last, np.nan)
        found = close.kept(Close(values, leaps), ~early)
        return done, found._replace(any=not np.isnan(found.values).all())

    def known(self, recent: Recent) -> Recent:
        """Return the values that the rule goes by."""
        return recent

    def stands_below(self, recent: Recent, values: Array) -> bool:
        """Whether fits are to stop as the next values (G,) are below the last, by rounding."""
        return False

    def _are_far(self, recent: Recent, limit: Array) -> bool:
        """Whether more than a limit (G,) is surely still to come of every fit."""
        before, last = recent.gains()
        noise = ROUNDING * np.maximum(np.abs(recent.last), self.n)
        # g a / (1 - a) is at least g^2 over the gain before.
        far = (last > noise) & (before > 0) & (last * last > SURELY * limit * before)
        return np.count_nonzero(far) == len(far)

    def _near(self, recent: Recent, limit: Array, slowest: Array | float) -> AnyArray:
        """Say of which fits less than a limit (G,) is still to come."""
        if self._are_far(recent, limit):
            return np.zeros(len(limit), dtype=bool)
        return self.remaining(recent, slowest) < limit

    def _only_noise(self, recent: Recent) -> AnyArray | None:
        """Say which traces go up and down without getting anywhere; None if none can.

        EM only climbs: drops are rounding, which near a singular covariance can be
        larger than `tol`.
        """
        if recent.longest <= NOISE_WINDOW:
            return None
        idle = recent.values[-1] - recent.values[0] < self.limit
        if not np.count_nonzero(idle):
            return None
        values = np.array(recent.values)
        drops = (values[1:] < values[:-1]).sum(axis=0)
        alternating = (drops >= 2) & (drops <= NOISE_WINDOW - 2)
        return np.asarray((recent.counts > NOISE_WINDOW) & alternating & idle)
