"""Criteria for choosing a model; smaller is better, as in scikit-learn.

``n`` is the sum of the sample weights.  mclust reports the same numbers with the
opposite sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..components.families import Family

__all__ = ["aic", "bic", "icl", "n_parameters"]


def n_parameters(
    family: Family,
    n_components: int,
    n_features: int,
    *,
    equal_weights: bool = False,
    noise: bool = False,
) -> int:
    """Return the number of free parameters: weights, means and covariances.

    A uniform background adds two, its weight and its volume, as in mclust.
    """
    weights = 0 if equal_weights else n_components - 1
    covariances = family.n_parameters(n_components, n_features)
    return weights + n_components * n_features + covariances + 2 * noise


def bic(log_likelihood: float, n_free: int, n: float) -> float:
    """Return the Bayesian information criterion (Schwarz 1978)."""
    return -2.0 * log_likelihood + n_free * float(np.log(n))


def aic(log_likelihood: float, n_free: int) -> float:
    """Return Akaike's information criterion (Akaike 1974)."""
    return -2.0 * log_likelihood + 2.0 * n_free


def icl(log_likelihood: float, n_free: int, n: float, certainty: float) -> float:
    """Return the integrated completed likelihood (Biernacki, Celeux & Govaert 2000).

    `certainty` is the sum over rows of the log of the largest responsibility.
    """
    return bic(log_likelihood, n_free, n) - 2.0 * certainty
