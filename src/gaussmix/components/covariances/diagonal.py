"""Diagonal covariances, one a component or one shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ...exceptions import ParameterError
from ..moments import SQUARES, Moment
from .base import LEAST_LEFT, Covariances, Removal

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array

__all__ = ["DiagonalCovariances"]


@dataclass(frozen=True, eq=False)
class DiagonalCovariances(Covariances):
    """A variance for each feature; ``values`` is (K, d) or (1, d).

    Examples
    --------
    >>> from gaussmix import Mixture
    >>> mixture = Mixture([0.5, 0.5], [[0, 0], [5, 5]], [[1.0, 4.0], [9.0, 1.0]])
    >>> type(mixture.covariances).__name__
    'DiagonalCovariances'
    """

    name: ClassVar[str] = "diagonal"
    moment: ClassVar[Moment] = SQUARES

    @classmethod
    def value_shape(cls, n_features: int) -> tuple[int, ...]:
        return (n_features,)

    @classmethod
    def values_of(cls, other: Covariances) -> Array:
        return other.variances()

    def require_positive_definite(self, argument: str) -> None:
        bad = np.argwhere(self.values <= 0)
        if len(bad):
            k, j = bad[0]
            raise ParameterError(
                f"{argument}: {self._label(k)} has variance {self.values[k, j]:.3g} in "
                f"feature {j}; variances must be positive"
            )

    @property
    def precisions(self) -> Array:
        return 1.0 / self.values

    @property
    def precision_factors(self) -> Array:
        return 1.0 / np.sqrt(self.values)

    def log_det(self) -> Array:
        return self.spread(np.log(self.values).sum(axis=1))

    def variances(self) -> Array:
        return self.spread(self.values)

    def to_dense(self) -> Array:
        dense = np.zeros((self.n_components, self.n_features, self.n_features))
        i = np.arange(self.n_features)
        dense[:, i, i] = self.values
        return dense

    def whiten(self, k: int, centred: Array) -> Array:
        return centred / np.sqrt(self.at(self.values, k))

    def unwhiten(self, k: int, rows: Array) -> Array:
        return rows * np.sqrt(self.at(self.values, k))

    def left_out(self, k: int, centred: Array, removal: Removal) -> tuple[Array, Array]:
        variances, squares = self.at(self.values, k), centred**2
        scatters = removal.pool * variances - removal.scatter[:, None] * squares
        kept = np.maximum(scatters, LEAST_LEFT * removal.pool * variances) / removal.left[:, None]
        return removal.pull**2 * (squares / kept).sum(axis=1), np.log(kept).sum(axis=1)

    def precision_times(self, vectors: Array) -> Array:
        return vectors / self.values

    def floored(self, floor: Array) -> tuple[Self, AnyArray]:
        below = ~(self.values >= floor)
        if not np.count_nonzero(below):
            return self, np.zeros(len(below), dtype=bool)
        return self._with(np.where(below, floor, self.values)), np.asarray(below.any(axis=1))

    def marginal(self, columns: AnyArray) -> Self:
        return type(self)(self.values[:, columns], self.n_components, len(columns), self.shared)

    def conditional(self, kept: AnyArray, given: AnyArray) -> tuple[Array, Covariances]:
        # Features are independent within a component: nothing is learned from the others.
        return np.zeros((self.n_components, len(kept), len(given))), self.marginal(kept)
