"""How second moments are held: products, squares or the squared norm.

The second-order part of the feature vector, phi(x) = [1, x, second(x)], decides
three things that must agree: what the E-step computes from a row, what shape a
scatter has, and which coefficients a precision contributes to the natural
parameters.  Each `Moment` is the one place for its three answers.

Per-component arrays have the component axis first; ``shape(d)`` is what follows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..numerics.matrices import factors_or_nan

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["MOMENTS", "NORM", "NOTHING", "PRODUCTS", "SQUARES", "Moment"]


class Moment(ABC):
    """A second-order feature of a row, and the scatter it adds up to."""

    #: Used in files.
    name: ClassVar[str]

    @abstractmethod
    def n_terms(self, n_features: int) -> int:
        """Number of features a row of `n_features` values gives."""

    @abstractmethod
    def write(self, x: Array, out: Array) -> None:
        """Write the features of ``x`` (d, rows) into ``out`` (n_terms, rows)."""

    @abstractmethod
    def pairs(self, n_features: int) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return of which products the features are sums: first factors, second ones, and terms.

        Ascending by term.
        """

    @abstractmethod
    def unpack(self, flat: Array, n_features: int) -> Array:
        """Turn summed features (K, n_terms) into scatters ``(K, *shape)``."""

    @abstractmethod
    def pack(self, scatters: Array) -> Array:
        """Turn what is shaped as scatters into numbers (K, n_terms): see `unpack`."""

    @abstractmethod
    def outer(self, vectors: Array) -> Array:
        """Return the moment of each of ``vectors`` (K, d), shape ``(K, *shape)``.

        Law: ``outer`` of one vector equals ``of_rows`` of that row with weight 1.
        """

    @abstractmethod
    def of_rows(self, rows: Array, weights: Array) -> Array:
        """Return sum_i weights_i * second(rows_i) for rows (n, d); may overwrite ``rows``."""

    @abstractmethod
    def of_diagonals(self, variances: Array) -> Array:
        """Return diag(v) for each row v of ``variances`` (K, d), as scatters ``(K, *shape)``."""

    @abstractmethod
    def of_matrices(self, matrices: Array) -> Array:
        """Return what is held of matrices (K, d, d), as scatters ``(K, *shape)``."""

    def narrowed(self, covariances: Array, most: Array) -> Array:
        """Return covariances (G, *shape) with variances of at most `most` (d,), as correlated."""
        variances = self.diagonal(covariances, len(most))
        with np.errstate(divide="ignore", invalid="ignore"):
            wide = variances > most
        share = np.sqrt(np.divide(most, variances, where=wide, out=np.ones_like(variances)))
        if (share == 1.0).all():
            return covariances
        return covariances * (self.outer(share) / self.outer(np.ones_like(share)))

    def of_diagonal(self, variances: Array) -> Array:
        """Return diag(variances), variances (d,), as a scatter of this moment."""
        return self.of_diagonals(variances[None])[0]

    @abstractmethod
    def coefficients(self, precisions: Array) -> Array:
        """Return the coefficients (K, n_terms) of -x' P x / 2 in these features."""

    @abstractmethod
    def coordinates(self, covariances: Array) -> Array:
        """Return unconstrained numbers (K, n) for covariances ``(K, *shape)``.

        Their differences do not depend on the units of the features.  Those of a covariance
        that is not positive definite are not all finite.
        """

    @abstractmethod
    def from_coordinates(self, coordinates: Array, n_features: int) -> Array:
        """Return the covariances ``(K, *shape)`` of coordinates (K, n)."""

    def expand(self, per_component: AnyArray) -> AnyArray:
        """Append axes to a (K,) array so that it multiplies a ``(K, *shape)`` scatter."""
        return per_component.reshape(per_component.shape + (1,) * self.n_axes)

    #: Number of axes a scatter has after the component axis.
    n_axes: int

    def shape(self, n_features: int) -> tuple[int, ...]:
        """Return the shape of one scatter."""
        return (n_features,) * self.n_axes

    def rows_to_span(self, n_features: int) -> int:
        """Fewest rows in general position whose scatter is not singular."""
        return 2

    @abstractmethod
    def diagonal(self, scatters: Array, n_features: int) -> Array:
        """Return each feature's own part (K, d) of scatters ``(K, *shape)``."""

    def __reduce__(self) -> str:
        # Moments are compared by identity: a copy made by another process must be the same one.
        return type(self).__name__.upper()


class Products(Moment):
    """All products x_i x_j: scatters are (K, d, d) matrices."""

    name, n_axes = "products", 2

    def rows_to_span(self, n_features: int) -> int:
        return n_features + 1

    def n_terms(self, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def write(self, x: Array, out: Array) -> None:
        # One contiguous multiply per feature: x_i times x_i, ..., x_d.
        first = 0
        for i in range(len(x)):
            last = first + len(x) - i
            np.multiply(x[i:], x[i], out=out[first:last])
            first = last

    def pairs(self, n_features: int) -> tuple[AnyArray, AnyArray, AnyArray]:
        i, j = _triangle(n_features)
        return i, j, np.arange(len(i))

    def unpack(self, flat: Array, n_features: int) -> Array:
        square = flat.take(_places_in_triangle(n_features), axis=1)
        return square.reshape(len(flat), n_features, n_features)

    def pack(self, scatters: Array) -> Array:
        d = scatters.shape[-1]
        return scatters.reshape(len(scatters), d * d).take(_places_in_square(d), axis=1)

    def outer(self, vectors: Array) -> Array:
        return vectors[:, :, None] * vectors[:, None, :]

    def of_rows(self, rows: Array, weights: Array) -> Array:
        rows *= np.sqrt(weights)[:, None]
        return rows.T @ rows  # NumPy sees a' a and calls the symmetric product

    def of_diagonals(self, variances: Array) -> Array:
        return variances[:, :, None] * np.eye(variances.shape[1])

    def of_matrices(self, matrices: Array) -> Array:
        return matrices

    def coefficients(self, precisions: Array) -> Array:
        d = precisions.shape[-1]
        return self.pack(precisions) * _off_diagonal_twice(d)

    def diagonal(self, scatters: Array, n_features: int) -> Array:
        return np.diagonal(scatters, axis1=1, axis2=2)

    def coordinates(self, covariances: Array) -> Array:
        """Logs of the Cholesky factor's diagonal, and what is below it in units of it."""
        d, factors = covariances.shape[1], factors_or_nan(covariances)
        diagonal = factors.diagonal(0, 1, 2)
        i, j = _below_diagonal(d)
        below = factors.reshape(len(factors), d * d).take(i * d + j, axis=1)
        below /= diagonal.take(i, axis=1)
        return np.concatenate([np.log(diagonal), below], axis=1)

    def from_coordinates(self, coordinates: Array, n_features: int) -> Array:
        factors = np.zeros((len(coordinates), n_features, n_features))
        diagonal = np.exp(coordinates[:, :n_features])
        i, j = _below_diagonal(n_features)
        factors[:, i, j] = coordinates[:, n_features:] * diagonal[:, i]
        every = np.arange(n_features)
        factors[:, every, every] = diagonal
        return factors @ np.swapaxes(factors, 1, 2)


class Squares(Moment):
    """Each feature squared: scatters are (K, d)."""

    name, n_axes = "squares", 1

    def n_terms(self, n_features: int) -> int:
        return n_features

    def write(self, x: Array, out: Array) -> None:
        np.multiply(x, x, out=out)

    def pairs(self, n_features: int) -> tuple[AnyArray, AnyArray, AnyArray]:
        every = np.arange(n_features)
        return every, every, every

    def unpack(self, flat: Array, n_features: int) -> Array:
        return flat

    def pack(self, scatters: Array) -> Array:
        return scatters

    def outer(self, vectors: Array) -> Array:
        return vectors**2

    def of_rows(self, rows: Array, weights: Array) -> Array:
        rows *= rows
        return weights @ rows

    def of_diagonals(self, variances: Array) -> Array:
        return variances

    def of_matrices(self, matrices: Array) -> Array:
        return np.diagonal(matrices, axis1=1, axis2=2)

    def coefficients(self, precisions: Array) -> Array:
        return -0.5 * precisions

    def diagonal(self, scatters: Array, n_features: int) -> Array:
        return scatters

    def coordinates(self, covariances: Array) -> Array:
        return _logs(covariances)

    def from_coordinates(self, coordinates: Array, n_features: int) -> Array:
        return np.exp(coordinates)


class Norm(Moment):
    """The squared Euclidean norm: scatters are (K,), the traces."""

    name, n_axes = "norm", 0

    def n_terms(self, n_features: int) -> int:
        return 1

    def write(self, x: Array, out: Array) -> None:
        np.einsum("ij,ij->j", x, x, out=out[0])

    def pairs(self, n_features: int) -> tuple[AnyArray, AnyArray, AnyArray]:
        every = np.arange(n_features)
        return every, every, np.zeros_like(every)

    def unpack(self, flat: Array, n_features: int) -> Array:
        return flat[:, 0]

    def pack(self, scatters: Array) -> Array:
        return scatters[:, None]

    def outer(self, vectors: Array) -> Array:
        return np.einsum("ki,ki->k", vectors, vectors)

    def of_rows(self, rows: Array, weights: Array) -> Array:
        return weights @ np.einsum("ij,ij->i", rows, rows)

    def of_diagonals(self, variances: Array) -> Array:
        return np.asarray(variances.sum(axis=1))

    def of_matrices(self, matrices: Array) -> Array:
        return np.asarray(np.trace(matrices, axis1=1, axis2=2))

    def coefficients(self, precisions: Array) -> Array:
        return -0.5 * precisions[:, None]

    def diagonal(self, scatters: Array, n_features: int) -> Array:
        return np.repeat(scatters[:, None] / n_features, n_features, axis=1)

    def coordinates(self, covariances: Array) -> Array:
        return _logs(covariances[:, None])

    def from_coordinates(self, coordinates: Array, n_features: int) -> Array:
        return np.exp(coordinates[:, 0])


class Nothing(Moment):
    """No second-order feature: scatters are (K, 0), for sums of first moments alone."""

    name, n_axes = "nothing", 1

    def shape(self, n_features: int) -> tuple[int, ...]:
        return (0,)

    def n_terms(self, n_features: int) -> int:
        return 0

    def write(self, x: Array, out: Array) -> None:
        """Write nothing."""

    def pairs(self, n_features: int) -> tuple[AnyArray, AnyArray, AnyArray]:
        none = np.empty(0, dtype=np.intp)
        return none, none, none

    def unpack(self, flat: Array, n_features: int) -> Array:
        return flat

    def pack(self, scatters: Array) -> Array:
        return scatters

    def outer(self, vectors: Array) -> Array:
        return np.empty((len(vectors), 0))

    def of_rows(self, rows: Array, weights: Array) -> Array:
        return np.empty(0)

    def of_diagonals(self, variances: Array) -> Array:
        return np.empty((len(variances), 0))

    def of_matrices(self, matrices: Array) -> Array:
        return np.empty((len(matrices), 0))

    def coefficients(self, precisions: Array) -> Array:
        return np.empty((len(precisions), 0))

    def diagonal(self, scatters: Array, n_features: int) -> Array:
        return np.zeros((len(scatters), n_features))

    def coordinates(self, covariances: Array) -> Array:
        return covariances

    def from_coordinates(self, coordinates: Array, n_features: int) -> Array:
        return coordinates


@lru_cache(maxsize=64)
def _triangle(n_features: int) -> tuple[AnyArray, AnyArray]:
    return np.triu_indices(n_features)


@lru_cache(maxsize=64)
def _places_in_square(n_features: int) -> AnyArray:
    """Return where in a flat matrix (d * d,) the entries of its upper triangle are."""
    i, j = _triangle(n_features)
    return i * n_features + j


@lru_cache(maxsize=64)
def _places_in_triangle(n_features: int) -> AnyArray:
    """Return the place in the triangle of each entry of a flat matrix (d * d,), or its mirror."""
    places = np.empty((n_features, n_features), dtype=np.intp)
    i, j = _triangle(n_features)
    places[i, j] = places[j, i] = np.arange(len(i))
    return places.reshape(-1)


@lru_cache(maxsize=64)
def _below_diagonal(n_features: int) -> tuple[AnyArray, AnyArray]:
    return np.tril_indices(n_features, -1)


def _logs(variances: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(variances)


@lru_cache(maxsize=64)
def _off_diagonal_twice(n_features: int) -> Array:
    i, j = _triangle(n_features)
    return np.where(i == j, -0.5, -1.0)


PRODUCTS = Products()
SQUARES = Squares()
NORM = Norm()
NOTHING = Nothing()
#: All that scatters are held as, by name.
MOMENTS: dict[str, Moment] = {moment.name: moment for moment in (PRODUCTS, SQUARES, NORM)}
