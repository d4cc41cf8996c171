"""Measurement errors with holes, weights, labels, priors and every family, by a plain formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gaussmix import GaussianMixture
from tests.variants import FAMILIES

# What a fit is given besides: whether errors are matrices, the share of holes, and more.
COMBINATIONS = {
    "variances": (False, 0.0, {}),
    "matrices, holes": (True, 0.2, {}),
    "variances, holes, equal weights": (False, 0.3, {"equal_weights": True}),
}


def measured(seed, matrices, holes, n=70, d=3):
    """Rows of two clusters with errors, and the (co)variances of these; NaN in some places."""
    rng = np.random.default_rng(seed)
    true = np.where(rng.integers(2, size=n)[:, None] == 0, -2.5, 2.5) + rng.normal(size=(n, d))
    errors = rng.uniform(0.1, 1.5, (n, d))
    X = true + rng.normal(size=(n, d)) * np.sqrt(errors)
    if matrices:
        turned = 0.3 * rng.normal(size=(n, d, d))
        errors = errors[:, :, None] * np.eye(d) + turned @ turned.transpose(0, 2, 1)
    hidden = rng.uniform(size=X.shape) < holes
    hidden[hidden.all(axis=1), 0] = False
    X[hidden] = np.nan
    return X, errors


def log_density(mixture, X, errors):
    """Of each row, as SciPy has it: what is seen of it, its errors added to each covariance."""
    found = []
    covariances = mixture.covariances.to_dense()
    for row, error in zip(X, errors, strict=True):
        seen = ~np.isnan(row)
        own = (np.diag(error) if error.ndim == 1 else error)[np.ix_(seen, seen)]
        terms = [
            np.log(weight)
            + multivariate_normal.logpdf(row[seen], mean[seen], held[np.ix_(seen, seen)] + own)
            for weight, mean, held in zip(mixture.weights, mixture.means, covariances, strict=True)
        ]
        found.append(np.logaddexp.reduce(terms))
    return np.array(found)


@pytest.mark.filterwarnings("ignore:not converged")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_likelihood_is_that_of_a_plain_formula_and_never_falls(family, name):
    matrices, holes, options = COMBINATIONS[name]
    seed = list(COMBINATIONS).index(name)
    X, errors = measured(seed, matrices, holes)
    weights = np.random.default_rng(seed).integers(0, 3, len(X)).astype(float)
    known = np.where(np.arange(len(X)) < 6, np.arange(len(X)) % 2, -1)
    model = GaussianMixture(
        2, covariance_type=family, missing="em", random_state=0, max_iter=25, tol=0, **options
    )
    model.set_params(accelerate=False).fit(X, Xerr=errors, sample_weight=weights, known=known)
    density = log_density(model.mixture_, X, errors)
    np.testing.assert_allclose(model.score_samples(X, errors), density, rtol=1e-9, atol=1e-9)
    plain = model.set_params(init_params=model.mixture_).fit(X, Xerr=errors, sample_weight=weights)
    trace = np.array(plain.history_.log_likelihood)
    assert (np.diff(trace) >= -1e-10 * np.abs(trace[1:])).all()
    density = log_density(plain.mixture_, X, errors)
    assert trace[-1] == pytest.approx(weights @ density, rel=1e-10)
