"""SQUAREM: leaps along the path of EM, in the space of sufficient statistics.

EM is a fixed-point map; near its limit it moves the same way again and again, a
little less each time.  Three statistics on the path tell direction and rate, and a
leap goes where many steps would lead (Varadhan & Roland 2008, scheme SqS3).

Statistics, not parameters, are extrapolated: the M-step that follows gives
covariances of any family, so no family needs a parametrisation of its own, and the
two forms of the E-step give the same statistics.  Counts go by their logarithms, scatters by
their Cholesky factors, so wherever a leap ends there are statistics of some rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import Array
    from .groups import Groups
    from .statistics import SufficientStatistics

__all__ = ["Squarem", "leap"]

# Plain EM while it is young: it moves fast, and a leap could land on another hill.
_FIRST_STEPS = 6
# Gains that shrink faster than this leave nothing to accelerate.
_SLOW = 0.6
# The longest leap, in steps of EM, at first; it grows where leaps succeed.
_FIRST_LIMIT = 4.0
_GROWTH = 4.0
# Leaps that are remembered for the rate of convergence.
_MEMORY = 10


class Squarem:
    """Notes the statistics on EM's path and says where to leap.

    Parameters
    ----------
    scale : ndarray (d,)
        Standard deviations of the features: the unit of means.
    """

    #: What moves: what a checkpoint keeps.
    MOVING = ("limit", "_path", "_lengths")

    def __init__(self, scale: Array) -> None:
        self.scale = np.where(scale > 0, scale, 1.0)
        self.limit = _FIRST_LIMIT
        self._path: list[Any] = []
        self._lengths: list[float] = []

    @property
    def path(self) -> list[Any]:
        """The last statistics noted, at most three, the newest last."""
        return self._path

    @property
    def rate(self) -> float:
        """The slowest rate at which gains have lately been seen to shrink; 0 if unknown."""
        longest = max(self._lengths[-_MEMORY:], default=1.0)
        return (1.0 - 1.0 / longest) ** 2

    def restart(self, *, success: bool) -> None:
        """Forget the path: a leap has been taken, or taken back."""
        self._path = self._path[:0] if success else self._path[-1:]
        if not success:
            self.limit = max(_FIRST_LIMIT, self.limit / _GROWTH)

    def note(
        self, statistics: SufficientStatistics, trace: Sequence[float]
    ) -> SufficientStatistics | None:
        """Take the newest statistics; return those to leap to, or None for a plain step.

        `trace` is what EM climbs, the value of the newest parameters last.
        """
        if not self.is_due(statistics, trace):
            return None
        try:
            found, (leaps,) = leap([self], self._path)
        except np.linalg.LinAlgError:
            return None
        return found if leaps else None

    def is_due(self, newest: Any, trace: Sequence[float]) -> bool:
        """Take the newest statistics, in whatever form; say whether a leap may pay."""
        self._path = [*self._path[-2:], newest]
        if len(self._path) < 3 or len(trace) <= _FIRST_STEPS:
            return False
        before, last = trace[-2] - trace[-3], trace[-1] - trace[-2]
        return 0.0 < _SLOW * before < last

    def length(self, step: float, curvature: float) -> float:
        """Return how far to leap, in steps of EM, by the sizes of a step and of its change.

        0 is not at all.
        """
        if not 0.0 < curvature < np.inf or not step > curvature:
            return 0.0
        length = step / curvature
        self._lengths.append(length)
        if length > self.limit:
            length, self.limit = self.limit, self.limit * _GROWTH
        return length


def leap(
    squarems: Sequence[Squarem], path: Sequence[SufficientStatistics]
) -> tuple[SufficientStatistics, list[bool]]:
    """Return the statistics to leap to, of one or several fits, and which of them leap.

    Parameters
    ----------
    squarems : sequence of Squarem (G,)
        Each decides for itself.
    path : sequence of three SufficientStatistics
        The last on the paths of G mixtures of one kind.

    Raises
    ------
    LinAlgError
        If a scatter is singular.
    """
    groups, newest, scale = path[-1].groups, path[-1], squarems[0].scale
    first, second, third = (_Coordinates.of(statistics, scale) for statistics in path)
    step = second - first
    bend = (third - second) - step
    sizes = zip(step.norms(groups), bend.norms(groups), strict=True)
    lengths = [own.length(*pair) for own, pair in zip(squarems, sizes, strict=True)]
    if not any(lengths):
        return newest, [False] * len(lengths)
    factors = np.array(lengths)
    target = first + step.times(2.0 * factors, groups) + bend.times(factors**2, groups)
    finite = np.isfinite(target.norms(groups)).tolist()
    leaps = [length > 0.0 and good for length, good in zip(lengths, finite, strict=True)]
    return target.statistics(newest, scale), leaps


class _Coordinates:
    """Statistics as points of a vector space: sums and multiples are statistics again.

    Attributes
    ----------
    own : ndarray (J, m)
        Of each component: the log of its count, its mean in units of `scale`, and its
        scatter by the factor unless those are pooled.
    whole : ndarray (G, n)
        Of each mixture: pooled scatters, and the log of the noise.
    """

    def __init__(self, own: Array, whole: Array) -> None:
        self.own, self.whole = own, whole

    @classmethod
    def of(cls, statistics: SufficientStatistics, scale: Array) -> _Coordinates:
        """Return the coordinates of statistics.

        Raises
        ------
        LinAlgError
            If a scatter is singular.
        """
        assert statistics.scatters is not None
        counts, n_mixtures = statistics.counts, len(statistics.groups)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = [np.log(counts)[:, None], statistics.means / scale]
            covariances = statistics.scatters / statistics.moment.expand(_weights(statistics))
            coordinates = statistics.moment.coordinates(covariances)
            whole = [coordinates] if statistics.pooled else []
            own += [] if statistics.pooled else [coordinates]
            if np.any(statistics.noise > 0):
                whole += [np.log(np.reshape(statistics.noise, (-1, 1)))]
        together = np.concatenate(whole, axis=1) if whole else np.zeros((n_mixtures, 0))
        return cls(np.concatenate(own, axis=1), together)

    def statistics(self, like: SufficientStatistics, scale: Array) -> SufficientStatistics:
        """Return the statistics of these coordinates, with the total weight of others."""
        groups, d = like.groups, like.n_features
        own, whole, noise = self.own, self.whole, np.zeros(len(groups))
        with np.errstate(over="ignore", invalid="ignore"):
            counts = np.exp(own[:, 0])
            if np.any(like.noise > 0):
                noise, whole = np.exp(whole[:, -1]), whole[:, :-1]
            scatters = like.moment.from_coordinates(whole if like.pooled else own[:, 1 + d :], d)
            share = (groups.sum(like.counts) + like.noise) / (groups.sum(counts) + noise)
            noise = noise * share
            found = replace(
                like,
                counts=counts * groups.spread(share),
                means=own[:, 1 : 1 + d] * scale,
                noise=float(noise[0]) if like.mixtures is None else noise,
            )
            return replace(found, scatters=scatters * like.moment.expand(_weights(found)))

    def norms(self, groups: Groups) -> list[float]:
        """Return the norm of each mixture's part (G,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            squares = groups.sum(np.square(self.own).sum(axis=1))
            squares = squares + np.square(self.whole).sum(axis=1)
        return list(np.sqrt(squares).tolist())

    def times(self, factors: Array, groups: Groups) -> _Coordinates:
        """Return the multiples by a number for each mixture (G,)."""
        return _Coordinates(
            groups.spread(factors)[:, None] * self.own, factors[:, None] * self.whole
        )

    def __add__(self, other: _Coordinates) -> _Coordinates:
        return _Coordinates(self.own + other.own, self.whole + other.whole)

    def __sub__(self, other: _Coordinates) -> _Coordinates:
        return _Coordinates(self.own - other.own, self.whole - other.whole)


def _weights(statistics: SufficientStatistics) -> Array:
    """Return the weight that each scatter is a sum over."""
    counts = statistics.counts
    return statistics.groups.sum(counts) if statistics.pooled else counts
