"""Fits of R's mclust 6.0.0, reproduced from the same starting labels."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import GaussianMixture
from gaussmix.criteria import n_parameters
from gaussmix.families import get_family
from tests.variants import mclust

# In one dimension mclust calls an equal variance E and varying ones V.
OURS = {"E": "EEE", "V": "VVV"}
CASES = [
    pytest.param(name, fit, id=f"{name}-{fit['model']}-{fit['G']}")
    for name, data in mclust().items()
    for fit in data["fits"]
]


@pytest.mark.parametrize(("name", "fit"), CASES)
def test_the_fit_from_the_same_labels_is_mclusts(name, fit):
    data = mclust()[name]
    X = np.array(data["rows"])
    labels = np.array(data["starts"][str(fit["G"])]) - 1
    family = OURS.get(fit["model"], fit["model"])
    model = GaussianMixture(
        fit["G"], covariance_type=family, init_params=labels, tol=1e-11, max_iter=20_000
    ).fit(X)
    log_likelihood = model.result_.log_likelihood
    assert log_likelihood == pytest.approx(fit["loglik"], abs=1e-6 * abs(fit["loglik"]))
    assert n_parameters(get_family(family), fit["G"], X.shape[1]) == fit["df"]
    if abs(log_likelihood - fit["loglik"]) < 1e-8:
        scale = np.abs(fit["covariances"]).max()
        np.testing.assert_allclose(model.weights_, fit["weights"], atol=1e-4)
        np.testing.assert_allclose(model.means_, fit["means"], rtol=1e-4)
        np.testing.assert_allclose(
            model.mixture_.covariances.to_dense(), _dense(fit), atol=1e-4 * scale
        )


@pytest.mark.parametrize(("name", "fit"), CASES)
def test_the_first_m_step_is_mclusts(name, fit):
    from gaussmix.statistics import SufficientStatistics

    data = mclust()[name]
    X = np.array(data["rows"])
    labels = np.array(data["starts"][str(fit["G"])]) - 1
    family = get_family(OURS.get(fit["model"], fit["model"]))
    statistics = SufficientStatistics.from_responsibilities(
        X, np.eye(fit["G"])[labels], family.held.moment
    )
    covariances = family.estimate(statistics.pool() if family.shared else statistics)
    expected = _dense(fit, "first_m_step_covariances")
    np.testing.assert_allclose(covariances.to_dense(), expected, rtol=1e-8, atol=1e-9)


def _dense(fit, key="covariances"):
    values = np.array(fit[key], dtype=float)
    return values.reshape(fit["G"], -1, 1) if values.ndim == 1 else values


def test_iris_sepals_from_mclusts_labels():
    data = mclust()["iris_sepal"]
    labels = np.array(data["starts"]["3"]) - 1
    model = GaussianMixture(3, init_params=labels, tol=1e-12, max_iter=5000)
    model.fit(np.array(data["rows"]))
    assert model.result_.log_likelihood == pytest.approx(-220.701377655819, abs=1e-6)


@pytest.mark.parametrize("name", list(mclust()))
def test_bic_and_icl_of_one_component_are_mclusts(name):
    data = mclust()[name]
    X = np.array(data["rows"])
    for model_name, (bic, icl) in data["single"].items():
        model = GaussianMixture(1, covariance_type=OURS.get(model_name, model_name)).fit(X)
        assert model.bic(X) == pytest.approx(-bic, abs=1e-6 * abs(bic))
        assert model.icl(X) == pytest.approx(-icl, abs=1e-6 * abs(icl))


def test_icl_of_old_faithful_is_mclusts():
    data = mclust()["faithful"]
    X = np.array(data["rows"])
    labels = np.array(data["starts"]["3"]) - 1
    totals = []

    def as_mclust(iteration):
        # mclust stops when the log-likelihood changes by less than 1e-5 of itself.
        totals.append(iteration.log_likelihood * len(X))
        return len(totals) > 1 and totals[-1] - totals[-2] < 1e-5 * (1 + abs(totals[-1]))

    model = GaussianMixture(
        3, covariance_type="EEE", init_params=labels, tol=0, callback=as_mclust
    ).fit(X)
    # Its best model: EEE, 3 components, BIC 2314.316 and ICL 2357.824 in our sign.
    assert model.bic(X) == pytest.approx(2314.31629566578, abs=1e-6)
    assert model.icl(X) == pytest.approx(2357.82424895482, abs=1e-6)
