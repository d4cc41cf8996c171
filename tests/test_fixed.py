"""Parameters that are held as the start has them: weights, means, covariances by component."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from gaussmix import GaussianMixture, Mixture
from gaussmix.exceptions import ParameterError

from .test_measurement_errors import fitted

START = Mixture(
    [0.3, 0.3, 0.4],
    [[-2.0, 0.0], [0.0, 1.0], [3.0, 0.0]],
    np.array([1.0, 2.0, 1.5])[:, None, None] * np.eye(2),
)


def rows(n=500):
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=n)
    return np.array([[-3, 0], [0, 3], [3, 0]])[labels] + rng.standard_normal((n, 2))


def test_fixed_means_are_those_of_the_extreme_deconvolution_library():
    model, *_, found = fitted("f_fixmean", fixed={"means": True}, tol=1e-13, max_iter=9999)
    assert model.means_.tolist() == found["start"]["means"]
    assert model.lower_bound_ == pytest.approx(found["avg_loglik"], abs=1e-9)
    np.testing.assert_allclose(model.covariances_, found["covariances"], rtol=1e-3)
    one, *_ = fitted("f_fixmean", fixed={"means": [True, True]}, max_iter=1, accelerate=False)
    np.testing.assert_allclose(one.covariances_, found["after_1"]["covariances"], rtol=1e-7)
    np.testing.assert_allclose(one.weights_, found["after_1"]["weights"], rtol=1e-8)


@pytest.mark.parametrize("part", ["weights", "means", "covariances"])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_what_is_fixed_stays_and_the_likelihood_never_falls(part, covariance_type):
    X, mask = rows(), np.array([True, False, False])
    model = GaussianMixture(
        3, covariance_type=covariance_type, init_params=START, fixed={part: mask}, accelerate=False
    ).fit(X)
    assert np.diff(model.history_.log_likelihood).min() > -1e-9 * len(X)
    before, after = (
        getattr(one, f"{part}_")
        for one in (
            GaussianMixture(3, covariance_type=covariance_type, init_params=START, max_iter=0).fit(
                X
            ),
            model,
        )
    )
    assert (after[mask] == before[mask]).all()
    assert not np.isclose(after[~mask], before[~mask]).any()
    assert model.weights_.sum() == pytest.approx(1.0, abs=1e-12)
    free = GaussianMixture(3, covariance_type=covariance_type, init_params=START).fit(X)
    lost = {"weights": 1, "means": 2, "covariances": {"full": 3, "diag": 2, "spherical": 1}}
    lost = lost[part] if part != "covariances" else lost[part][covariance_type]
    assert free.result_.n_parameters - model.result_.n_parameters == lost
    assert free.lower_bound_ >= model.lower_bound_


def test_the_maximum_is_that_of_a_general_optimiser():
    """Two of three weights and one mean and variance are known, in one dimension."""
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(-2, 1, 300), rng.normal(1, 0.5, 200), rng.normal(4, 2, 100)])
    start = Mixture([0.5, 0.3, 0.2], [-2.0, 1.0, 3.0], [1.0, 0.5, 2.0])
    fixed = {"weights": [True, False, False], "means": [False, True, False]}
    fixed["covariances"] = [False, False, True]
    model = GaussianMixture(3, init_params=start, fixed=fixed, tol=1e-12, max_iter=5000)
    model.fit(X[:, None])

    def loss(p):
        share = 0.5 / (1 + np.exp(-p[0]))
        weights = [0.5, share, 0.5 - share]
        means, scales = [p[1], 1.0, p[2]], [np.exp(p[3]), np.exp(p[4]), np.sqrt(2.0)]
        parts = [w * norm(m, s).pdf(X) for w, m, s in zip(weights, means, scales, strict=True)]
        return -np.log(sum(parts)).mean()

    best = minimize(loss, [0.0, -2.0, 3.0, 0.0, -0.5], method="BFGS", options={"gtol": 1e-9})
    assert model.lower_bound_ == pytest.approx(-best.fun, abs=1e-9)


def test_all_covariances_of_a_tied_family_may_be_fixed():
    X = rows()
    model = GaussianMixture(
        3,
        covariance_type="tied",
        means_init=START.means,
        precisions_init=np.eye(2),
        fixed={"covariances": True},
    ).fit(X)
    assert model.covariances_.tolist() == np.eye(2).tolist()
    assert model.result_.n_parameters == 2 + 6


def test_with_noise_what_weights_leave_is_shared():
    X = np.vstack([rows(), np.random.default_rng(2).uniform(-20, 20, size=(200, 2))])
    model = GaussianMixture(
        3, init_params=START, noise=0.2, fixed={"weights": [True, False, False]}, accelerate=False
    ).fit(X)
    mixture = model.mixture_
    assert mixture.weights[0] == pytest.approx(0.3 * 0.8)
    assert mixture.weights.sum() + mixture.noise.weight == pytest.approx(1.0)
    assert np.diff(model.history_.log_likelihood).min() > -1e-9 * len(X)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fixed": {"means": True}}, "means_init"),
        ({"fixed": ["means"], "init_params": START}, "expected a dict"),
        ({"fixed": {"mean": True}, "init_params": START}, "expected a dict"),
        ({"fixed": {"means": [True]}, "init_params": START}, "booleans"),
        ({"fixed": {"means": [1, 0, 0]}, "init_params": START}, "booleans"),
        (
            {
                "fixed": {"covariances": [True, False, False]},
                "init_params": START,
                "covariance_type": "VEE",
            },
            "tied",
        ),
        ({"fixed": {"means": True}, "init_params": START, "prior": "conjugate"}, "prior"),
        (
            {"fixed": {"weights": True}, "init_params": START, "equal_weights": True},
            "equal_weights",
        ),
    ],
)
def test_what_cannot_be_fixed_is_told(settings, told):
    with pytest.raises(ParameterError, match=told):
        GaussianMixture(3, **settings).fit(rows())
