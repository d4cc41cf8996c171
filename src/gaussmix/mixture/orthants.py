"""The distribution function of a mixture in several dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, owens_t

if TYPE_CHECKING:
    from .._typing import Array
    from .mixture import Mixture

__all__ = ["orthants"]


def orthants(mixture: Mixture, X: Array) -> Array:
    """Return P(every feature <= that of the row), shape (n,)."""
    weights, noise = mixture.weights, mixture.noise
    matrices = mixture.scales.to_dense()
    found = np.zeros(len(X))
    for k, (mean, matrix) in enumerate(zip(mixture.means, matrices, strict=True)):
        if weights[k] > 0:
            widths = np.sqrt(np.diagonal(matrix))
            correlations, Z = matrix / widths / widths[:, None], (X - mean) / widths
            for factor, share in zip(*mixture.density.mixing(k), strict=True):
                found += weights[k] * share * _of_normal(factor * Z, correlations)
    if noise is not None:
        low, high = noise.along_features()
        found += noise.weight * np.clip((X - low) / (high - low), 0.0, 1.0).prod(axis=1)
    whole = weights.sum() + (0.0 if noise is None else noise.weight)
    return np.clip(found / whole, 0.0, 1.0)


def _of_normal(Z: Array, correlations: Array) -> Array:
    """Return the probabilities (n,) below rows of standard normals with such correlations."""
    d = len(correlations)
    if np.array_equal(correlations - np.diag(np.diagonal(correlations)), np.zeros((d, d))):
        return np.asarray(ndtr(Z).prod(axis=1))
    return (
        _of_two(Z[:, 0], Z[:, 1], float(correlations[0, 1]))
        if d == 2
        else _of_many(Z, correlations)
    )


def _of_two(h: Array, k: Array, rho: float) -> Array:
    """Return the probabilities of pairs, by Owen's T (Owen 1956, equation 2.1)."""
    h, k = (np.where(z == 0, 1e-300, np.clip(z, -1e150, 1e150)) for z in (h, k))
    across = np.sqrt((1.0 - rho) * (1.0 + rho))
    with np.errstate(over="ignore"):
        first = owens_t(h, (k / h - rho) / across)
        second = owens_t(k, (h / k - rho) / across)
    opposite = np.where((h < 0) != (k < 0), 0.5, 0.0)
    return np.maximum(0.5 * (ndtr(h) + ndtr(k)) - first - second - opposite, 0.0)


def _of_many(Z: Array, correlations: Array) -> Array:
    from scipy.stats import multivariate_normal

    def below(row: Array) -> float:  # the same draws for each row, whichever others there are
        normal = multivariate_normal(np.zeros(len(row)), correlations, seed=0, allow_singular=True)
        return float(normal.cdf(row))

    return np.array([below(row) for row in np.clip(Z, -40.0, 40.0)])
