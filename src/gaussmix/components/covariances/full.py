"""Full covariance matrices, one a component or one shared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ...exceptions import ParameterError
from ...numerics.matrices import factors, inverse_factors, squared, without_factor
from ..moments import PRODUCTS, Moment
from .base import LEAST_LEFT, Covariances, Removal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._typing import AnyArray, Array

__all__ = ["NARROWEST", "FullCovariances"]

#: A direction of less than this share of the widest one's variance is lost to rounding.
NARROWEST = 1e-12


@dataclass(frozen=True, eq=False)
class FullCovariances(Covariances):
    """Symmetric positive-definite matrices; ``values`` is (K, d, d) or (1, d, d).

    Examples
    --------
    >>> from gaussmix import Mixture
    >>> mixture = Mixture([1.0], [[0, 0]], [[[1.0, 0.5], [0.5, 1.0]]])
    >>> type(mixture.covariances).__name__
    'FullCovariances'
    """

    name: ClassVar[str] = "full"
    moment: ClassVar[Moment] = PRODUCTS

    @classmethod
    def value_shape(cls, n_features: int) -> tuple[int, ...]:
        return (n_features, n_features)

    @classmethod
    def values_of(cls, other: Covariances) -> Array:
        return other.to_dense()

    def require_positive_definite(self, argument: str) -> None:
        for k, matrix in enumerate(self.values):
            # An inverse computed of a nearly singular matrix is symmetric to a few digits only.
            if not np.allclose(matrix, matrix.T, rtol=1e-5, atol=1e-8 * np.abs(matrix).max()):
                raise ParameterError(f"{argument}: {self._label(k)} is not symmetric")
            try:
                np.linalg.cholesky(matrix)
            except np.linalg.LinAlgError:
                smallest = np.linalg.eigvalsh(matrix)[0]
                raise ParameterError(
                    f"{argument}: {self._label(k)} is not positive definite "
                    f"(smallest eigenvalue {smallest:.3g}); give a matrix with positive eigenvalues"
                ) from None

    @cached_property
    def factors(self) -> Array:
        """Lower Cholesky factors."""
        return factors(self.values)

    @cached_property
    def inverse_factors(self) -> Array:
        """Inverses of the lower Cholesky factors: they whiten."""
        return inverse_factors(self.factors)

    @cached_property
    def precisions(self) -> Array:
        return squared(self.inverse_factors)

    @property
    def precision_factors(self) -> Array:
        return np.swapaxes(self.inverse_factors, 1, 2)

    def log_det(self) -> Array:
        diagonals = self.factors.diagonal(0, 1, 2)
        return self.spread(2.0 * np.log(diagonals).sum(axis=1))

    def variances(self) -> Array:
        return self.spread(np.diagonal(self.values, axis1=1, axis2=2))

    def to_dense(self) -> Array:
        return np.array(self.spread(self.values))

    def whiten(self, k: int, centred: Array) -> Array:
        return centred @ self.at(self.inverse_factors, k).T

    def unwhiten(self, k: int, rows: Array) -> Array:
        return rows @ self.at(self.factors, k).T

    def left_out(self, k: int, centred: Array, removal: Removal) -> tuple[Array, Array]:
        # The scatter loses a matrix of rank one: determinant and inverse follow.
        shares = self.mahalanobis(k, centred) / removal.pool
        rest = np.maximum(1.0 - removal.scatter * shares, LEAST_LEFT)
        distances = removal.pull**2 * removal.left * shares / rest
        log_det = float(self.log_det()[k]) + self.n_directions * np.log(removal.pool / removal.left)
        return distances, log_det + np.log(rest)

    def precision_times(self, vectors: Array) -> Array:
        return np.matmul(self.precisions, vectors[:, :, None])[:, :, 0]

    def floored(self, floor: Array) -> tuple[Self, AnyArray]:
        flagged = self._possibly_below(floor)
        changed = np.zeros(len(self.values), dtype=bool)
        if not np.count_nonzero(flagged):
            return self, changed
        scale = np.sqrt(floor)
        values = self.values.copy()
        for k in np.flatnonzero(flagged):
            eigenvalues, vectors = np.linalg.eigh(values[k] / np.outer(scale, scale))
            least = max(1.0, NARROWEST * eigenvalues[-1])
            if eigenvalues[0] >= least:
                continue
            changed[k] = True
            vectors *= scale[:, None]
            values[k] = (vectors * np.maximum(eigenvalues, least)) @ vectors.T
            values[k] = 0.5 * (values[k] + values[k].T)
        return (self._with(values) if changed.any() else self), changed

    def _possibly_below(self, floor: Array) -> AnyArray:
        # trace(S^-1 diag(floor)) >= 1 / smallest eigenvalue of the scaled matrix, and the
        # inverse factors are needed by the next E-step anyway: the common case costs two sums.
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is looked into
            try:
                traces = np.square(self.inverse_factors).sum(axis=1) @ floor
            except np.linalg.LinAlgError:
                return self._possibly_below_one_by_one(floor)
            widest = self.values.diagonal(0, 1, 2) @ (1.0 / floor)
            return np.asarray(~((traces <= 1.0) & (traces * widest <= 1.0 / NARROWEST)))

    def _possibly_below_one_by_one(self, floor: Array) -> AnyArray:
        """Say the same where some have no factor: those are, and the others are looked at."""
        found = without_factor(self.values)
        others = np.flatnonzero(~found)
        if len(others):
            values = self.values[others]
            found[others] = type(self)(values, len(values), self.n_features)._possibly_below(floor)
        return found

    @classmethod
    def are_wide(cls, several: Sequence[Self], floor: Array) -> list[bool]:
        values = np.concatenate([own.values for own in several])
        try:
            found_factors = factors(values)
        except np.linalg.LinAlgError:
            return super().are_wide(several, floor)
        wide = _are_wide(values, found_factors, floor)
        found, first = [], 0
        for own in several:
            last = first + len(own.values)
            own.__dict__["factors"] = found_factors[first:last]
            found.append(bool(wide[first:last].all()))
            first = last
        return found

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        found = super().joined(several)
        for name in ("factors", "inverse_factors"):
            if all(name in own.__dict__ for own in several):  # known already
                parts = [own.spread(getattr(own, name)) for own in several]
                found.__dict__[name] = np.concatenate(parts)
        return found

    def marginal(self, columns: AnyArray) -> Self:
        values = self.values[:, columns[:, None], columns[None, :]]
        return type(self)(values, self.n_components, len(columns), self.shared)

    def conditional(self, kept: AnyArray, given: AnyArray) -> tuple[Array, Covariances]:
        # The factor of the given features first: what is left of the others is its last block,
        # and a square whatever is lost to rounding.
        order, g = np.concatenate([given, kept]), len(given)
        turned = self.values[:, order[:, None], order[None, :]]
        factors = np.asarray(np.linalg.cholesky(turned), dtype=np.float64)
        known, cross, rest = factors[:, :g, :g], factors[:, g:, :g], factors[:, g:, g:]
        solved = np.linalg.solve(np.swapaxes(known, 1, 2), np.swapaxes(cross, 1, 2))
        gains = np.swapaxes(solved, 1, 2)
        values = rest @ np.swapaxes(rest, 1, 2)
        held = type(self)(values, self.n_components, len(kept), self.shared)
        held.__dict__["factors"] = rest
        return self.spread(gains), held


def _are_wide(values: Array, factors: Array, floor: Array) -> AnyArray:
    """Say which matrices are surely above diag(floor), and none of them too flat.

    The smallest eigenvalue of the scaled matrix is its determinant over the product of the
    others, whose geometric mean is at most their mean, and their sum at most the trace.
    """
    others = len(floor) - 1
    traces = np.diagonal(values, axis1=1, axis2=2) @ (1.0 / floor)
    log_roots = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    log_product = others * np.log(traces / max(1, others))
    log_least = 2.0 * log_roots - np.log(floor).sum() - log_product
    wide = (log_least >= 0.0) & (np.log(traces) - log_least <= -np.log(NARROWEST))
    return np.asarray(wide)
