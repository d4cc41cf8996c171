"""Criteria for choosing a model; smaller is better, as in scikit-learn.

``n`` is the sum of the sample weights.  mclust reports the same numbers with the
opposite sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._typing import Array
    from .families import Family

__all__ = ["aic", "bic", "classification_penalty", "n_parameters"]


def n_parameters(family: Family, n_components: int, n_features: int) -> int:
    """Return the number of free parameters: weights, means and covariances."""
    covariances = family.n_parameters(n_components, n_features)
    return n_components - 1 + n_components * n_features + covariances


def bic(log_likelihood: float, n_free: int, n: float) -> float:
    """Return the Bayesian information criterion (Schwarz 1978)."""
    return -2.0 * log_likelihood + n_free * float(np.log(n))


def aic(log_likelihood: float, n_free: int) -> float:
    """Return Akaike's information criterion (Akaike 1974)."""
    return -2.0 * log_likelihood + 2.0 * n_free


def classification_penalty(responsibilities: Array, weights: Array | None = None) -> float:
    """Return what ICL adds to BIC (Biernacki, Celeux & Govaert 2000): -2 sum_i log max_k r_ik."""
    surest = np.log(responsibilities.max(axis=1))
    return float(-2.0 * (surest.sum() if weights is None else weights @ surest))
