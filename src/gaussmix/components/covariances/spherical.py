"""Spherical covariances: one variance for all features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ...exceptions import ParameterError
from ..moments import NORM, Moment
from .base import LEAST_LEFT, Covariances, Removal

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array

__all__ = ["SphericalCovariances"]


@dataclass(frozen=True, eq=False)
class SphericalCovariances(Covariances):
    """A multiple of the identity; ``values`` is (K,) or (1,).

    Examples
    --------
    >>> from gaussmix import Mixture
    >>> mixture = Mixture([1.0], [[0, 0, 0]], [2.0])
    >>> type(mixture.covariances).__name__
    'SphericalCovariances'
    """

    name: ClassVar[str] = "spherical"
    moment: ClassVar[Moment] = NORM

    @classmethod
    def value_shape(cls, n_features: int) -> tuple[int, ...]:
        return ()

    @classmethod
    def values_of(cls, other: Covariances) -> Array:
        return np.asarray(other.variances().mean(axis=1))

    @classmethod
    def of_scatters(cls, scatters: Array, n_features: int) -> SphericalCovariances:
        return super().of_scatters(scatters / n_features, n_features)

    def require_positive_definite(self, argument: str) -> None:
        bad = np.flatnonzero(self.values <= 0)
        if len(bad):
            raise ParameterError(
                f"{argument}: {self._label(bad[0])} has variance {self.values[bad[0]]:.3g}; "
                "variances must be positive"
            )

    @property
    def precisions(self) -> Array:
        return 1.0 / self.values

    @property
    def precision_factors(self) -> Array:
        return 1.0 / np.sqrt(self.values)

    def log_det(self) -> Array:
        return self.spread(self.n_features * np.log(self.values))

    def variances(self) -> Array:
        return np.repeat(self.spread(self.values)[:, None], self.n_features, axis=1)

    def to_dense(self) -> Array:
        return self.spread(self.values)[:, None, None] * np.eye(self.n_features)

    def as_scatters(self) -> Array:
        return self.values * self.n_features

    def whiten(self, k: int, centred: Array) -> Array:
        return centred / np.sqrt(self.at(self.values, k))

    def unwhiten(self, k: int, rows: Array) -> Array:
        return rows * np.sqrt(self.at(self.values, k))

    def left_out(self, k: int, centred: Array, removal: Removal) -> tuple[Array, Array]:
        squares = np.einsum("ij,ij->i", centred, centred)
        whole = removal.pool * self.n_features * float(self.at(self.values, k))
        kept = np.maximum(whole - removal.scatter * squares, LEAST_LEFT * whole)
        variances = kept / (removal.left * self.n_features)
        return removal.pull**2 * squares / variances, self.n_features * np.log(variances)

    def precision_times(self, vectors: Array) -> Array:
        return vectors / self.values[:, None]

    def floored(self, floor: Array) -> tuple[Self, AnyArray]:
        # sigma^2 I >= diag(floor) holds when it holds for the largest floor.
        lowest = floor.max()
        changed = ~(self.values >= lowest)
        if not np.count_nonzero(changed):
            return self, changed
        return self._with(np.where(changed, lowest, self.values)), changed

    def marginal(self, columns: AnyArray) -> Self:
        return type(self)(self.values, self.n_components, len(columns), self.shared)

    def conditional(self, kept: AnyArray, given: AnyArray) -> tuple[Array, Covariances]:
        return np.zeros((self.n_components, len(kept), len(given))), self.marginal(kept)
