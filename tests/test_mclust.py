"""Fits of R's mclust 6.0.0, reproduced from the same starting labels."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import GaussianMixture, Mixture
from gaussmix.components.families import get_family
from gaussmix.components.statistics import SufficientStatistics
from gaussmix.mixture.bic import n_parameters
from tests.variants import mclust

# Families whose M-step iterates.  mclust stops its inner iterations at 1.5e-8 of a matrix
# norm, early for VEE and EVE; for VVE its first M-step is not a minimum at all.
INNER = {"VEI", "VEE", "VEV", "EVE", "VVE"}
# From these labels the exact first M-step leads to another optimum than mclust's inexact one.
OTHER_OPTIMUM = {("cross", "VVE", 4), ("iris_sepal", "VVE", 3)}
CASES = [
    pytest.param(name, fit, id=f"{name}-{fit['model']}-{fit['G']}")
    for name, data in mclust().items()
    for fit in data["fits"]
]


def rows_and_labels(name, n_components):
    data = mclust()[name]
    return np.array(data["rows"]), np.array(data["starts"][str(n_components)]) - 1


def dense(fit, key="covariances"):
    values = np.array(fit[key], dtype=float)
    return values.reshape(fit["G"], -1, 1) if values.ndim == 1 else values


@pytest.mark.parametrize(("name", "fit"), CASES)
def test_the_fit_from_the_same_labels_is_mclusts(name, fit):
    X, labels = rows_and_labels(name, fit["G"])
    case = (name, fit["model"], fit["G"])
    start = labels
    if case in OTHER_OPTIMUM:
        start = Mixture(np.array(fit["weights"]) / sum(fit["weights"]), fit["means"], dense(fit))
    # mclust's optimum is the one that plain EM reaches from these labels.
    model = GaussianMixture(
        fit["G"],
        covariance_type=fit["model"],
        init_params=start,
        tol=1e-9,
        max_iter=4000,
        accelerate=False,
    ).fit(X)
    log_likelihood = model.result_.log_likelihood
    tolerance = 1e-6 * abs(fit["loglik"])
    assert log_likelihood >= fit["loglik"] - tolerance
    if fit["model"] not in INNER and model.n_iter_ < fit["iterations"]:
        assert log_likelihood == pytest.approx(fit["loglik"], abs=tolerance)
    assert n_parameters(model.result_.family, fit["G"], X.shape[1]) == fit["df"]
    if abs(log_likelihood - fit["loglik"]) < 1e-8:
        scale = np.abs(dense(fit)).max()
        np.testing.assert_allclose(model.weights_, fit["weights"], atol=1e-4)
        np.testing.assert_allclose(model.means_.reshape(-1), np.ravel(fit["means"]), rtol=1e-4)
        found = model.mixture_.covariances.to_dense()
        np.testing.assert_allclose(found, dense(fit), atol=1e-4 * scale)


@pytest.mark.parametrize(("name", "fit"), CASES)
def test_the_first_m_step_is_mclusts_or_better(name, fit):
    X, labels = rows_and_labels(name, fit["G"])
    family = get_family(fit["model"])
    responsibilities = np.eye(fit["G"])[labels]
    statistics = SufficientStatistics.from_responsibilities(X, responsibilities, family.held.moment)
    covariances = family.estimate(statistics.pool() if family.shared else statistics).to_dense()
    expected = dense(fit, "first_m_step_covariances")
    if fit["model"] not in INNER:
        np.testing.assert_allclose(covariances, expected, rtol=1e-8, atol=1e-9)
        return
    full = SufficientStatistics.from_responsibilities(X, responsibilities)
    assert objective(full, covariances) <= objective(full, expected) + 1e-8 * len(X)
    if fit["model"] != "VVE":
        gap = objective(full, expected) - objective(full, covariances)
        if gap < 1e-6 * len(X):
            scale = np.abs(expected).max()
            np.testing.assert_allclose(covariances, expected, atol=4e-4 * scale)


def objective(statistics, covariances):
    """What an M-step minimises: sum_k n_k log|Sigma_k| + trace(W_k Sigma_k^-1)."""
    terms = zip(statistics.counts, statistics.scatters, covariances, strict=True)
    return sum(
        n * np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, scatter))
        for n, scatter, sigma in terms
    )


def test_iris_sepals_from_mclusts_labels():
    X, labels = rows_and_labels("iris_sepal", 3)
    model = GaussianMixture(3, init_params=labels, tol=1e-12, max_iter=5000).fit(X)
    assert model.result_.log_likelihood == pytest.approx(-220.701377655819, abs=1e-6)


@pytest.mark.parametrize("name", list(mclust()))
def test_bic_and_icl_of_one_component_are_mclusts(name):
    data = mclust()[name]
    X = np.array(data["rows"])
    for model_name, bic, icl in zip(data["models"], data["bic"][0], data["icl"][0], strict=True):
        model = GaussianMixture(1, covariance_type=model_name).fit(X)
        assert model.bic(X) == pytest.approx(-bic, abs=1e-6 * abs(bic))
        assert model.icl(X) == pytest.approx(-icl, abs=1e-6 * abs(icl))


def test_icl_of_old_faithful_is_mclusts():
    X, labels = rows_and_labels("faithful", 3)
    totals = []

    def as_mclust(iteration):
        # mclust stops when the log-likelihood changes by less than 1e-5 of itself.
        totals.append(iteration.log_likelihood * len(X))
        return len(totals) > 1 and totals[-1] - totals[-2] < 1e-5 * (1 + abs(totals[-1]))

    model = GaussianMixture(
        3,
        covariance_type="EEE",
        init_params=labels,
        tol=0,
        callback=as_mclust,
        accelerate=False,
    ).fit(X)
    # Its best model: EEE, 3 components, BIC 2314.316 and ICL 2357.824 in our sign.
    assert model.bic(X) == pytest.approx(2314.31629566578, abs=1e-6)
    assert model.icl(X) == pytest.approx(2357.82424895482, abs=1e-6)
