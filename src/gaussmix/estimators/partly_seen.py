"""Rows of which not all is seen, judged by the density of what is."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import DataError
from ..mixture.regions import log_levels
from ..rows import MemorySource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array
    from ..mixture import Mixture
    from ..rows import Source

__all__ = ["Levels", "patterns"]

# For a level that is not known exactly: draws, fewer where each has so many features that their
# numbers are more than this, but some.
_DRAWS, _NUMBERS, _LEAST = 50_000, 5_000_000, 10_000


class Levels:
    """Log-densities that a mixture is below with such a probability, of all features or of some.

    Parameters
    ----------
    mixture : Mixture
    outside : float
    """

    def __init__(self, mixture: Mixture, outside: float) -> None:
        self.mixture, self.outside = mixture, outside
        self._found: dict[bytes, float] = {}

    @cached_property
    def whole(self) -> float:
        """The level of all features."""
        return self._of(self.mixture, self.outside)

    @staticmethod
    def _of(mixture: Mixture, outside: float) -> float:
        n_draws = min(_DRAWS, max(_LEAST, _NUMBERS // mixture.n_features))
        rng = np.random.default_rng(0)  # always the same ones
        return float(log_levels(mixture, np.array([outside]), n_draws, rng)[0][0])

    def of(self, seen: AnyArray) -> float:
        """Return the level of features that are seen (d,), at least one."""
        key = seen.tobytes()
        if key not in self._found:
            self._found[key] = self._of(self.mixture.marginal(np.flatnonzero(seen)), self.outside)
        return self._found[key]

    def scores(self, source: Source) -> Array:
        """Return log-densities (n,); those of what is seen are moved to the level of all."""
        found: Array = self.mixture.evaluator(source).log_density()
        for places, seen in patterns(source):
            if seen.any():
                found[places] += self.whole - self.of(seen)
            else:  # as usual as can be
                found[places] = self._of(self.mixture, 0.5)
        return found

    def explained(self, source: Source) -> Array:
        """Return each feature's part of the squared distance (n, d); 0 where it is not seen."""
        found: Array = self.mixture.evaluator(source).surprise()
        for places, seen in patterns(source):
            found[places] = 0.0
            if seen.any():
                own = np.flatnonzero(seen)
                rows = MemorySource(np.asarray(_array(source)[np.ix_(places, own)], np.float64))
                parts = self.mixture.marginal(own).evaluator(rows).surprise()
                found[np.ix_(places, own)] = parts
        return found


def patterns(source: Source) -> Iterator[tuple[AnyArray, AnyArray]]:
    """Yield places of rows (m,) of which the same is seen (d,), where that is not all."""
    if not source.partly_seen:
        return
    missing = np.isnan(_array(source))
    holes = np.flatnonzero(missing.any(axis=1))
    kinds, which = np.unique(missing[holes], axis=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        yield holes[which.reshape(-1) == number], ~kind


def _array(source: Source) -> AnyArray:
    if not isinstance(source, MemorySource):
        raise DataError("X: rows in which values are missing are judged in memory alone")
    return np.asarray(source.array[:])
