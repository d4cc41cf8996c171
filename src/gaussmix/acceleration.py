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
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import Array
    from .statistics import SufficientStatistics

__all__ = ["Squarem"]

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
        self._path: list[SufficientStatistics] = []
        self._lengths: list[float] = []

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
        self._path = [*self._path[-2:], statistics]
        if len(self._path) < 3 or len(trace) <= _FIRST_STEPS:
            return None
        before, last = trace[-2] - trace[-3], trace[-1] - trace[-2]
        if not 0.0 < _SLOW * before < last:
            return None
        return self._leap()

    def _leap(self) -> SufficientStatistics | None:
        newest = self._path[-1]
        try:
            first, second, third = (_Coordinates.of(s, self.scale) for s in self._path)
        except np.linalg.LinAlgError:
            return None
        step, bend = second - first, (third - second) - (second - first)
        curvature = bend.norm()
        if not 0.0 < curvature < np.inf:
            return None
        length = step.norm() / curvature
        if not length > 1.0:
            return None
        self._lengths.append(length)
        if length > self.limit:
            length, self.limit = self.limit, self.limit * _GROWTH
        target = first + 2.0 * length * step + length**2 * bend
        return target.statistics(newest, self.scale) if target.is_finite() else None


class _Coordinates:
    """Statistics as points of a vector space: sums and multiples are statistics again."""

    def __init__(self, parts: list[Array]) -> None:
        self.parts = parts

    @classmethod
    def of(cls, statistics: SufficientStatistics, scale: Array) -> _Coordinates:
        """Return logs of counts, means in units of `scale`, and scatters by their factors.

        Raises
        ------
        LinAlgError
            If a scatter is singular.
        """
        assert statistics.scatters is not None
        counts = statistics.counts
        own = counts if len(statistics.scatters) == len(counts) else counts.sum(keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = [np.log(counts), statistics.means / scale]
            covariances = statistics.scatters / statistics.moment.expand(own)
            parts += [statistics.moment.coordinates(covariances)]
            if statistics.noise > 0:
                parts += [np.log([statistics.noise])]
        return cls(parts)

    def statistics(self, like: SufficientStatistics, scale: Array) -> SufficientStatistics:
        """Return the statistics of these coordinates, with the total weight of others."""
        with np.errstate(over="ignore"):
            counts = np.exp(self.parts[0])
            noise = float(np.exp(self.parts[3][0])) if len(self.parts) > 3 else 0.0
            scatters = like.moment.from_coordinates(self.parts[2], like.n_features)
        share = (like.total + like.noise) / (counts.sum() + noise)
        counts, noise = counts * share, noise * share
        own = counts if len(scatters) == len(counts) else counts.sum(keepdims=True)
        return replace(
            like,
            counts=counts,
            means=self.parts[1] * scale,
            scatters=scatters * like.moment.expand(own),
            noise=noise,
        )

    def norm(self) -> float:
        return float(np.sqrt(sum(np.vdot(part, part) for part in self.parts)))

    def is_finite(self) -> bool:
        return all(np.isfinite(part).all() for part in self.parts)

    def __add__(self, other: _Coordinates) -> _Coordinates:
        return _Coordinates([a + b for a, b in zip(self.parts, other.parts, strict=True)])

    def __sub__(self, other: _Coordinates) -> _Coordinates:
        return _Coordinates([a - b for a, b in zip(self.parts, other.parts, strict=True)])

    def __rmul__(self, factor: float) -> _Coordinates:
        return _Coordinates([factor * part for part in self.parts])
