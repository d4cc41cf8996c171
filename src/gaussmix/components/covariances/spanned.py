"""Full covariances of few rows, in the directions that those have."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from .base import Covariances
from .full import NARROWEST, FullCovariances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._typing import AnyArray, Array

__all__ = ["SpannedCovariances", "spanned"]

# What an eigenvalue is above another by is rounding if it is less than so many units in the last
# place of the largest; and a variance is below a limit if it is so by more than this share.
_UNITS = 64.0 * float(np.finfo(float).eps)
_BELOW = 1e-12


class SpannedCovariances(FullCovariances):
    """Full covariances whose last feature stands for several directions that are alike.

    It is uncorrelated with the others, and none of them varies less.  Densities are those of the
    whole: they count each of the directions, and the units of the features.

    A matrix that is held at the floor in most directions has eigenvalues that rounding would
    drown; here they are known: those of the last feature.
    """

    #: How many directions the last feature stands for.
    n_alike: ClassVar[int]
    #: Log-determinant of the squares of the units.
    log_volume: ClassVar[float]

    @property
    def n_directions(self) -> int:
        return self.n_features - 1 + self.n_alike

    @cached_property
    def _spectrum(self) -> tuple[Array, Array]:
        """Variances (J, d) along the axes, the last feature's last, and the other axes."""
        found, axes = np.linalg.eigh(self.values[:, :-1, :-1])
        least = self.values[:, -1, -1:]
        found = np.where(found <= least + _UNITS * found[:, -1:], least, found)
        return np.concatenate([found, least], axis=1), axes

    @cached_property
    def factors(self) -> Array:
        """Matrices that give rows of unit covariance these; they are not triangular."""
        variances, axes = self._spectrum
        return _in_place(axes * np.sqrt(variances[:, None, :-1]), np.sqrt(variances[:, -1]))

    @cached_property
    def inverse_factors(self) -> Array:
        """Their inverses."""
        variances, axes = self._spectrum
        roots = 1.0 / np.sqrt(variances)
        return _in_place(roots[:, :-1, None] * np.swapaxes(axes, 1, 2), roots[:, -1])

    def log_det(self) -> Array:
        logs = np.log(self._spectrum[0])
        logs[:, -1] *= self.n_alike
        return self.spread(logs.sum(axis=1) + self.log_volume)

    def outside(self, axes: Array) -> Array:
        """Return the matrices (J, p, p) of the whole, where the features are `axes` (p, d - 1)."""
        found = np.empty((len(self.values), len(axes), len(axes)))
        for own, variances, turned in zip(found, *self._spectrum, strict=True):
            least = variances[-1]
            above = np.flatnonzero(variances[:-1] > least)
            wide = axes @ (turned[:, above] * np.sqrt(variances[above] - least))
            np.matmul(wide, wide.T, out=own)
            own.flat[:: len(axes) + 1] += least
        return found

    def are_best(self, floor: Array) -> bool:
        # Exactly so: eigenvalues at the floor are not rounded.
        return bool((self._spectrum[0].min(axis=1) == floor.max()).all())

    def magnitudes(self, extent: Array) -> Array:
        # A bound of it: at the floor it is large, whatever the axes.
        reach = np.abs(np.atleast_2d(extent)).sum(axis=1) ** 2
        return np.asarray(reach / self._spectrum[0].min(axis=1))

    def floored(self, floor: Array) -> tuple[Self, AnyArray]:
        """Hold covariances above the floor, which is the same in all directions (d,)."""
        variances, axes = self._spectrum
        least = np.maximum(floor.max(), NARROWEST * variances.max(axis=1))
        changed = np.asarray(variances.min(axis=1) < (1.0 - _BELOW) * least)
        if not changed.any():
            return self, changed
        variances = np.where(changed[:, None], np.maximum(variances, least[:, None]), variances)
        inner = (axes * variances[:, None, :-1]) @ np.swapaxes(axes, 1, 2)
        values = _in_place(0.5 * (inner + np.swapaxes(inner, 1, 2)), variances[:, -1])
        found = self._with(np.where(changed[:, None, None], values, self.values))
        found.__dict__["_spectrum"] = variances, axes
        return found, changed

    @classmethod
    def are_wide(cls, several: Sequence[Self], floor: Array) -> list[bool]:
        return [False] * len(several)  # of few rows none is

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        found = Covariances.joined.__func__(cls, several)  # type: ignore[attr-defined]
        if all("_spectrum" in own.__dict__ for own in several):
            parts = zip(*(map(own.spread, own._spectrum) for own in several), strict=True)
            found.__dict__["_spectrum"] = tuple(map(np.concatenate, parts))
        return found


def _in_place(inner: Array, last: Array) -> Array:
    """Return matrices (K, d, d) of those of all features but the last, and the last's own (K,)."""
    n, d, _ = inner.shape
    found = np.zeros((n, d + 1, d + 1))
    found[:, :-1, :-1], found[:, -1, -1] = inner, last
    return found


@lru_cache(maxsize=16)
def spanned(n_alike: int, log_volume: float) -> type[SpannedCovariances]:
    """Return the structure in which the last feature stands for so many directions."""
    own = {"n_alike": n_alike, "log_volume": log_volume}
    return type("Spanned", (SpannedCovariances,), own)
