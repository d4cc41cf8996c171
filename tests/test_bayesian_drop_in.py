"""What scikit-learn asks of its own `BayesianGaussianMixture`; fits that go on."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import BayesianGaussianMixture as Peer

from gaussmix import BayesianGaussianMixture, GaussianMixture
from tests.variants import blobs

FOUR = ["full", "tied", "diag", "spherical"]
TYPES = ["dirichlet_process", "dirichlet_distribution"]
every_family = pytest.mark.parametrize("covariance_type", FOUR)
every_type = pytest.mark.parametrize("prior_type", TYPES)


def rows(scale=20.0, n=50, seed=0):
    """Two clusters of two features, as wide as they like."""
    rng = np.random.default_rng(seed)
    middles, factors = rng.random((2, 2)) * scale, rng.random((2, 2, 2))
    return np.vstack(
        [m + rng.normal(size=(n, 2)) @ f for m, f in zip(middles, factors, strict=True)]
    )


def step_by_step(model, X, most=600):
    """Fit again and again, one iteration at a time; return the lower bounds."""
    bounds = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(most):
            bounds.append(model.fit(X).lower_bound_)
            if model.converged_:
                break
    return np.array(bounds)


@every_type
@every_family
def test_fits_of_one_iteration_each_climb_and_come_to_an_end(covariance_type, prior_type):
    X = rows()
    options = {
        "covariance_type": covariance_type,
        "weight_concentration_prior_type": prior_type,
        "warm_start": True,
        "max_iter": 1,
        "tol": 1e-3,
    }
    begun = np.arange(len(X)) * 4 // len(X)  # two components a cluster
    for start, least in (("kmeans", 1), (begun, 3)):
        model = BayesianGaussianMixture(4, init_params=start, random_state=0, **options)
        bounds = step_by_step(model, X)
        assert model.converged_ and len(bounds) >= least
        assert (np.diff(bounds) >= -2e-15 * np.abs(bounds[-1])).all()


@every_family
@every_type
def test_fewer_rows_than_columns_are_fitted_in_the_columns_that_priors_are_of(
    covariance_type, prior_type
):
    rng = np.random.default_rng(0)
    labels = np.arange(18) % 3
    X = rng.normal(size=(18, 40)) + 4.0 * labels[:, None]
    variances = X.var(axis=0, ddof=1)
    prior = np.diag(variances) if covariance_type in ("full", "tied") else variances
    prior = variances.mean() if covariance_type == "spherical" else prior
    options = {
        "covariance_type": covariance_type,
        "weight_concentration_prior_type": prior_type,
        "mean_prior": X.mean(axis=0) + 1.0,
        "covariance_prior": prior,
        "reg_covar": 0.0,
        "max_iter": 4,
        "tol": 0.0,
    }
    peer = Peer(n_components=3, **options)
    peer._initialize_parameters = lambda rows, *_, **__: peer._initialize(rows, np.eye(3)[labels])
    ours = BayesianGaussianMixture(3, init_params=labels, accelerate=False, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(X)
        ours.fit(X)
    for name in ("weights_", "means_", "covariances_", "degrees_of_freedom_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(peer, name), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-7)


@every_family
def test_a_fit_that_goes_on_stops_where_one_fit_does(covariance_type):
    X = rows(scale=4.0)
    options = {"covariance_type": covariance_type, "accelerate": False, "tol": 1e-5}
    start = (X[:, 0] > np.quantile(X[:, 0], 0.7)).astype(int)
    whole = GaussianMixture(2, init_params=start, **options).fit(X)
    steps = GaussianMixture(2, init_params=start, warm_start=True, max_iter=1, **options)
    bounds = step_by_step(steps, X)
    assert len(bounds) == whole.n_iter_ > 5
    np.testing.assert_allclose(bounds, whole.lower_bounds_[1:], rtol=1e-12)
    again = steps.fit(X)
    assert again.converged_ and again.n_iter_ <= 1
    # Other rows are another fit: what was gained before tells nothing of it.
    other = steps.set_params(max_iter=100).fit(
        X + [[0.0, 1.0]] * (np.arange(len(X)) % 3 == 0)[:, None]
    )
    assert other.n_iter_ > 1


@every_type
@every_family
def test_moving_all_rows_moves_means_alone(covariance_type, prior_type):
    X = rows()
    options = {
        "covariance_type": covariance_type,
        "weight_concentration_prior_type": prior_type,
        "random_state": 0,
        "tol": 1e-6,
    }
    here = BayesianGaussianMixture(4, **options).fit(X)
    there = BayesianGaussianMixture(4, **options).fit(X + 100.0)
    np.testing.assert_allclose(there.means_ - 100.0, here.means_, atol=1e-6)
    np.testing.assert_allclose(there.weights_, here.weights_, atol=1e-8)
    np.testing.assert_allclose(there.covariances_, here.covariances_, rtol=1e-6, atol=1e-8)


@every_type
@pytest.mark.parametrize("n_init", [1, 3])
def test_labels_are_those_of_the_fit(prior_type, n_init):
    X, _ = blobs(n=200)
    model = BayesianGaussianMixture(
        5, weight_concentration_prior_type=prior_type, random_state=0, n_init=n_init
    )
    with pytest.raises(NotFittedError, match="fit"):
        model.predict(X)
    labels = model.fit_predict(X)
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_array_equal(labels, model.predict_proba(X).argmax(axis=1))


@every_type
@every_family
def test_attributes_have_scikit_learns_names_types_and_shapes(covariance_type, prior_type):
    X = rows()
    options = {"covariance_type": covariance_type, "weight_concentration_prior_type": prior_type}
    ours, theirs = (
        kind(n_components=3, random_state=0, **options).fit(X)
        for kind in (BayesianGaussianMixture, Peer)
    )
    for name, value in vars(theirs).items():
        if not name.endswith("_"):
            continue
        found = getattr(ours, name)
        if isinstance(value, tuple):
            assert isinstance(found, tuple)
            assert [np.shape(own) for own in found] == [np.shape(own) for own in value], name
        elif name != "lower_bounds_":  # as many as there are iterations
            # The tied bound of scikit-learn's is an array of one number; ours is a number.
            assert np.shape(found) == (() if name == "lower_bound_" else np.shape(value)), name
    each = {"full": np.matmul, "tied": np.matmul, "diag": np.multiply, "spherical": np.multiply}
    product = each[covariance_type](ours.covariances_, ours.precisions_)
    unit = np.eye(2) if product.ndim >= 2 and each[covariance_type] is np.matmul else 1.0
    np.testing.assert_allclose(product, np.broadcast_to(unit, product.shape), atol=1e-10)
    assert set(theirs.get_params()) <= set(ours.get_params())
    assert {type(ours.n_iter_), type(ours.lower_bound_), type(ours.converged_)} == {
        int,
        float,
        bool,
    }
    assert len(ours.lower_bounds_) >= ours.n_iter_ > 0
    drawn, labels = ours.sample(20)
    assert drawn.shape == (20, 2) and labels.shape == (20,)
