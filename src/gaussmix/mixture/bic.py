"""Criteria for choosing a model; smaller is better, as in scikit-learn.

``n`` is the sum of the sample weights.  mclust reports the same numbers with the
opposite sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..components.families import Family

__all__ = ["aic", "awe", "bic", "caic", "clc", "icl", "kic", "n_parameters", "sabic"]


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


def sabic(log_likelihood: float, n_free: int, n: float) -> float:
    """Return the BIC of a sample size adjusted as by Sclove (1987)."""
    return -2.0 * log_likelihood + n_free * float(np.log((n + 2.0) / 24.0))


def caic(log_likelihood: float, n_free: int, n: float) -> float:
    """Return the consistent AIC (Bozdogan 1987)."""
    return -2.0 * log_likelihood + n_free * (float(np.log(n)) + 1.0)


def kic(log_likelihood: float, n_free: int) -> float:
    """Return Kullback's information criterion (Cavanaugh 1999)."""
    return -2.0 * log_likelihood + 3.0 * (n_free + 1.0)


def clc(log_likelihood: float, entropy: float) -> float:
    """Return the classification likelihood criterion (Biernacki & Govaert 1997).

    `entropy` is the sum over rows of that of their responsibilities.
    """
    return -2.0 * log_likelihood + 2.0 * entropy


def awe(log_likelihood: float, n_free: int, n: float, entropy: float) -> float:
    """Return the approximate weight of evidence (Banfield & Raftery 1993)."""
    return clc(log_likelihood, entropy) + 2.0 * n_free * (1.5 + float(np.log(n)))
