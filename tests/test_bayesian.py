"""`BayesianGaussianMixture`: scikit-learn's numbers, and what is right where those are not."""

from __future__ import annotations

import json
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import BayesianGaussianMixture as Peer
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_limits

import gaussmix
from gaussmix import BayesianGaussianMixture, Checkpoint, DataError, Mixture, ParameterError
from tests.variants import FAMILIES, blobs, mclust

FOUR = ["full", "tied", "diag", "spherical"]
TYPES = ["dirichlet_process", "dirichlet_distribution"]
every_family = pytest.mark.parametrize("covariance_type", FOUR)
every_type = pytest.mark.parametrize("prior_type", TYPES)
PRIORS = ("weight_concentration", "mean_precision", "degrees_of_freedom")


@lru_cache(maxsize=1)
def figures():
    """scikit-learn's, from given responsibilities (1.9.1)."""
    return json.loads((Path(__file__).parent / "data" / "bayesian.json").read_text())["fits"]


def label(figure):
    custom = "-priors" if figure["custom_priors"] else ""
    parts = (figure["set"], figure["K"], figure["covariance_type"], figure["prior_type"])
    return "-".join(map(str, parts)) + custom + ("-reg" if figure["reg_covar"] else "")


def fitted(X, k, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return BayesianGaussianMixture(k, **options).fit(X)


def apart(n, k=3, seed=0):
    """Rows from k components that hardly overlap, of unequal sizes, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(k, size=n, p=np.arange(k, 0, -1) / (k * (k + 1) / 2))
    means = 9.0 * np.column_stack([np.cos(np.arange(k)), np.sin(np.arange(k))])
    return means[labels] + rng.standard_normal((n, 2)) * [1.0, 0.7], labels


def assert_parameters(model, expected, rtol, atol=0.0):
    for name in ("weights", "means", "covariances", *PRIORS):
        if name in expected:
            own = np.asarray(getattr(model, f"{name}_"))
            wanted = np.array(expected[name])
            scale = np.abs(wanted).max()
            np.testing.assert_allclose(own, wanted, rtol=0, atol=rtol * scale + atol, err_msg=name)


# -- scikit-learn's numbers ---------------------------------------------------------------------


@pytest.mark.parametrize("figure", figures(), ids=label)
def test_scikit_learns_figures_are_reproduced(figure):
    data = mclust()[figure["set"]]
    X = np.array(data["rows"], dtype=float).reshape(len(data["rows"]), -1)
    start = np.array(data["starts"][str(figure["K"])]) - 1
    options = {
        "covariance_type": figure["covariance_type"],
        "weight_concentration_prior_type": figure["prior_type"],
        "reg_covar": figure["reg_covar"],
        "init_params": start,
        **figure["custom_priors"],
    }
    for steps in (1, 2, 5):
        plain = {"max_iter": steps, "tol": 0, "accelerate": False}
        model = fitted(X, figure["K"], **options, **plain)
        assert_parameters(model, figure[f"after_{steps}"], 1e-9)
    final, expected = fitted(X, figure["K"], **options, tol=1e-12), figure["converged"]
    assert_parameters(final, expected, 2e-5)  # as far as it had converged
    rows = X[np.array(expected["rows"]) - 1]
    for name in ("score_samples", "predict_proba"):
        np.testing.assert_allclose(getattr(final, name)(rows), expected[name], atol=3e-5)
    if "elbo" in expected:
        assert final.lower_bound_ == pytest.approx(expected["elbo"], abs=1e-5)
    if "predictive_logpdf" in expected:
        found = final.log_predictive(rows)
        np.testing.assert_allclose(found, expected["predictive_logpdf"], atol=3e-5)


@every_family
@every_type
def test_scikit_learns_optimum_is_reached_from_its_own_start(covariance_type, prior_type):
    X, _labels = blobs(n=120, d=3, k=3, separation=2.0, seed=2)
    options = {"covariance_type": covariance_type, "weight_concentration_prior_type": prior_type}
    peer, seen = Peer(n_components=4, **options, reg_covar=0, random_state=0), []
    peer._initialize = lambda X, resp: seen.append(resp) or Peer._initialize(peer, X, resp)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.set_params(tol=0, max_iter=80).fit(X)
    options |= {"init_params": seen[0], "tol": 0}
    model = fitted(X, 4, **options, max_iter=80, accelerate=False)
    leaping = fitted(X, 4, **options | {"tol": 1e-10})
    assert leaping.lower_bound_ >= model.lower_bound_ - 1e-6
    names = ("weights", "means", "covariances", *PRIORS)
    assert_parameters(model, {name: getattr(peer, f"{name}_") for name in names}, 1e-8)
    np.testing.assert_allclose(model.score_samples(X), peer.score_samples(X), atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-7)
    assert (model.predict(X) == peer.predict(X)).all()
    for name in ("precisions_", "precisions_cholesky_", "covariance_prior_", "mean_prior_"):
        own, theirs = (np.asarray(getattr(one, name)) for one in (model, peer))
        assert own.shape == theirs.shape
        np.testing.assert_allclose(own, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_check_estimator(covariance_type):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(BayesianGaussianMixture(covariance_type=covariance_type))


def test_its_parameters_are_scikit_learns_and_more():
    own, theirs = BayesianGaussianMixture().get_params(), Peer().get_params()
    assert set(theirs) <= set(own)
    for name in [name for name in theirs if "prior" in name]:
        assert own[name] == theirs[name]


@every_type
def test_a_drop_in_finds_what_scikit_learn_finds(prior_type):
    X, labels = apart(400)
    options = {"weight_concentration_prior_type": prior_type, "random_state": 0}
    model = BayesianGaussianMixture(n_components=3, **options).fit(X)
    assert adjusted_rand_score(labels, model.predict(X)) > 0.95
    assert model.predict(X).tolist() == model.predict_proba(X).argmax(axis=1).tolist()
    assert (
        model.fit_predict(X).tolist()
        == clone(model).set_params(init_params="kmeans").fit_predict(X).tolist()
    )
    rows, components = model.sample(50)
    assert rows.shape == (50, 2) and set(components) <= {0, 1, 2}


@every_type
def test_far_from_the_origin_all_is_the_same(prior_type):
    X, _labels = blobs(n=200, d=2, k=3, seed=1)
    options = {"weight_concentration_prior_type": prior_type, "random_state": 0}
    near, far = (BayesianGaussianMixture(6, **options).fit(X + shift) for shift in (0.0, 1e6))
    np.testing.assert_allclose(far.means_ - 1e6, near.means_, atol=1e-5)
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-5, atol=1e-6)
    assert far.lower_bound_ == pytest.approx(near.lower_bound_, abs=1e-4)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
@every_family
def test_units_do_not_matter(covariance_type, scale):
    X, _labels = blobs(n=200, d=2, k=3, seed=1)
    options = {"covariance_type": covariance_type, "random_state": 0}
    one, other = (BayesianGaussianMixture(5, **options).fit(X * own) for own in (1.0, scale))
    np.testing.assert_allclose(other.means_, one.means_ * scale, rtol=1e-5, atol=1e-5 * scale)
    expected = one.lower_bound_ - 2 * len(X) * np.log(scale)
    assert other.lower_bound_ == pytest.approx(expected, abs=1e-3)


# -- priors and what is wrong with them ---------------------------------------------------------


def test_priors_are_shown_as_they_were_used():
    X, _labels = blobs(n=50, d=2, k=2)
    given = {
        "weight_concentration_prior": 0.2,
        "mean_precision_prior": 3.0,
        "mean_prior": [1.0, 2.0],
        "degrees_of_freedom_prior": 1.5,
        "covariance_prior": np.array([[2.0, 0.3], [0.3, 1.0]]),
    }
    model = fitted(X, 3, **given)
    for name, value in given.items():
        np.testing.assert_array_equal(getattr(model, f"{name}_"), value)
    usual = fitted(X, 4)
    assert (usual.weight_concentration_prior_, usual.mean_precision_prior_) == (0.25, 1.0)
    assert usual.degrees_of_freedom_prior_ == 2
    np.testing.assert_allclose(usual.covariance_prior_, np.cov(X.T))
    assert isinstance(fitted(X, 2, covariance_type="spherical").covariance_prior_, float)


def test_a_background_is_refused():
    X, _labels = blobs(n=100, d=2, k=2)
    start = gaussmix.GaussianMixture(2, noise=0.05, random_state=0).fit(X).mixture_
    with pytest.raises(ParameterError, match=r"init_params: .*background.*without_noise\(\)"):
        BayesianGaussianMixture(2, init_params=start).fit(X)
    BayesianGaussianMixture(2, init_params=start.without_noise()).fit(X)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"weight_concentration_prior": 0}, "weight_concentration_prior: .* above 0, got 0"),
        ({"weight_concentration_prior": "a"}, "weight_concentration_prior: .* got 'a'"),
        ({"weight_concentration_prior_type": "pitman"}, "unknown .*'dirichlet_process', an infin"),
        ({"mean_precision_prior": -1}, "mean_precision_prior: .* got -1"),
        ({"mean_prior": [1.0]}, r"mean_prior: expected shape \(2,\), got \(1,\)"),
        ({"mean_prior": [1.0, np.nan]}, "mean_prior: contains NaN"),
        ({"degrees_of_freedom_prior": 1.0}, "should be greater than 1, but got 1.000"),
        ({"covariance_prior": [1.0, 1.0]}, r"covariance_prior: expected shape \(2, 2\)"),
        ({"covariance_prior": [[1, 2], [2, 1]]}, "covariance_prior: .* not positive definite"),
        ({"covariance_prior": [[1, 0.5], [0, 1]]}, "covariance_prior: .* not symmetric"),
        ({"covariance_type": "diag", "covariance_prior": 1.0}, r"got a number"),
        ({"covariance_type": "spherical", "covariance_prior": [1.0]}, "expected a number"),
        ({"covariance_type": "spherical", "covariance_prior": -1.0}, "covariance_prior"),
        ({"n_components": 0}, "n_components"),
        ({"init_params": np.zeros(50, int)}, "component 1 is given no rows"),
        ({"verbose_interval": 0}, "verbose_interval"),
    ],
)
def test_wrong_priors_are_refused_by_name(given, told):
    X, _labels = blobs(n=50, d=2, k=2)
    with pytest.raises(ParameterError, match=told):
        BayesianGaussianMixture(**{"n_components": 2, **given}).fit(X)


def test_before_a_fit_there_is_nothing():
    model = BayesianGaussianMixture(2)
    for use in (model.predict, model.score, model.score_samples, model.log_predictive):
        with pytest.raises(NotFittedError):
            use(np.zeros((3, 2)))
    for name in ("active_", "predictive_", "lower_bound_", "weight_concentration_"):
        assert not hasattr(model, name)
    with pytest.raises(AttributeError, match="not fitted"):
        model.prune()


def test_criteria_of_likelihood_say_what_takes_their_place():
    X, _labels = blobs(n=50, d=2, k=2)
    model = fitted(X, 2)
    for name in ("bic", "aic", "icl"):
        with pytest.raises(ParameterError, match=f"{name}: .*compare lower_bound_"):
            getattr(model, name)(X)


# -- the predictive density ---------------------------------------------------------------------


@every_family
@every_type
def test_the_predictive_density_integrates_to_one(covariance_type, prior_type):
    options = {"covariance_type": covariance_type, "weight_concentration_prior_type": prior_type}
    line = np.random.default_rng(0).standard_normal((20, 1))
    model = fitted(line, 3, **options, random_state=0)
    nodes, weights = np.polynomial.legendre.leggauss(500)
    angles = nodes * np.pi / 2
    heights = model.predictive_.pdf(np.tan(angles)[:, None]) / np.cos(angles) ** 2
    assert heights @ weights * np.pi / 2 == pytest.approx(1.0, abs=1e-6)
    # scikit-learn's figure is no density: it falls short by what is not known of parameters.
    short = np.exp(model.score_samples(12.0 * nodes[:, None])) @ weights * 12.0
    assert 0.5 < short < 0.97

    X, _labels = blobs(n=60, d=2, k=2, seed=3)
    plane = fitted(X, 3, **options, degrees_of_freedom_prior=12.0, random_state=0)
    nodes, weights = np.polynomial.legendre.leggauss(150)
    u, v = np.meshgrid(nodes * np.pi / 2, nodes * np.pi / 2)
    points = np.column_stack([5 * np.tan(u).ravel(), 5 * np.tan(v).ravel()])
    factors = np.outer(weights, weights).ravel() * (5 * np.pi / 2) ** 2
    factors = factors / np.cos(u).ravel() ** 2 / np.cos(v).ravel() ** 2
    assert (plane.predictive_.pdf(points) * factors).sum() == pytest.approx(1.0, abs=1e-5)


def test_of_one_component_it_is_the_ratio_of_evidences():
    """p(x | X) = p(X, x) / p(X), by the bounds, which are the evidences there."""
    X, _labels = blobs(n=30, d=2, k=1, seed=1)
    rows = np.random.default_rng(0).standard_normal((5, 2))
    given = {
        "mean_prior": X.mean(axis=0),
        "covariance_prior": np.cov(X.T),
        "weight_concentration_prior_type": "dirichlet_distribution",
    }
    model = fitted(X, 1, **given)
    more = [fitted(np.vstack([X, row]), 1, **given).lower_bound_ for row in rows]
    np.testing.assert_allclose(
        model.log_predictive(rows), np.array(more) - model.lower_bound_, atol=1e-9
    )


@every_type
def test_it_is_what_scipy_makes_of_the_attributes_and_its_samples_are_its_own(prior_type):
    X, _labels = blobs(n=80, d=2, k=2, seed=2)
    model = fitted(
        X,
        3,
        weight_concentration_prior_type=prior_type,
        degrees_of_freedom_prior=8.0,
        random_state=0,
    )
    density = model.predictive_
    assert density.n_components == 3 + (prior_type == "dirichlet_process")
    assert density.weights.sum() == pytest.approx(1.0, abs=1e-12)
    expected = sum(
        w * stats.multivariate_t(m, s, dof).pdf(X)
        for w, m, s, dof in zip(
            density.weights,
            density.means,
            density.scales.to_dense(),
            density.density.dofs,
            strict=True,
        )
    )
    np.testing.assert_allclose(density.pdf(X), expected, rtol=1e-9)
    np.testing.assert_allclose(model.log_predictive(X), np.log(expected), rtol=1e-9)
    kappa, nu = model.mean_precision_, model.degrees_of_freedom_
    factors = nu * (1 + 1 / kappa) / (nu - 1)
    np.testing.assert_allclose(
        density.scales.to_dense()[:3], model.covariances_ * factors[:, None, None]
    )
    rows, labels = density.sample(200_000, random_state=0)
    assert (np.bincount(labels, minlength=3)[:3] / 2e5).tolist() == pytest.approx(
        density.weights[:3].tolist(), abs=5e-3
    )
    own = rows[labels == 0]
    np.testing.assert_allclose(own.mean(axis=0), density.means[0], atol=0.03)
    dof = density.density.dofs[0]
    np.testing.assert_allclose(
        np.cov(own.T), density.scales.to_dense()[0] * dof / (dof - 2), rtol=0.05, atol=0.05
    )


def test_a_row_of_no_component_is_foretold_by_the_prior():
    """The last component of a process is one that no row was of."""
    X, _labels = blobs(n=500, d=2, k=2, seed=2)
    model = fitted(X, 2, random_state=0)
    density, far = model.predictive_, np.array([[1e4, 1e4]])
    last = density.weights[-1] * stats.multivariate_t(
        density.means[-1], density.scales.to_dense()[-1], density.density.dofs[-1]
    ).pdf(far)
    assert model.log_predictive(far)[0] == pytest.approx(np.log(last), rel=1e-2)
    a, b = model.weight_concentration_
    assert density.weights[-1] == pytest.approx(np.prod(b / (a + b)), rel=1e-6)
    np.testing.assert_allclose(density.means[-1], X.mean(axis=0))


# -- components in use --------------------------------------------------------------------------


@every_type
def test_components_without_rows_are_told_and_pruned(prior_type):
    X, labels = apart(600)
    model = fitted(X, 10, weight_concentration_prior_type=prior_type, random_state=0)
    assert model.n_effective_ == 3 and model.active_.tolist() == [0, 1, 2]
    assert len(model.weights_) == 10
    pruned = model.prune()
    assert pruned.n_components == len(pruned.weights_) == 3
    assert pruned.n_effective_ == 3 and model.n_components == 10
    assert (pruned.predict(X) == model.predict(X)).all()
    np.testing.assert_array_equal(pruned.means_, model.means_[:3])
    np.testing.assert_allclose(pruned.score_samples(X), model.score_samples(X), atol=0.05)
    assert adjusted_rand_score(labels, pruned.predict(X)) > 0.99
    assert pruned.set_params(warm_start=True).fit(X).n_effective_ == 3
    assert isinstance(pruned.mixture_, Mixture)


@every_type
@every_family
def test_starts_hardly_matter_since_components_are_merged_and_left_out(covariance_type, prior_type):
    X, _labels = blobs(n=200, d=2, k=3, separation=2.0, seed=5)
    bounds = []
    for seed in range(2):
        for start in ("race", "kmeans", "random"):
            model = fitted(
                X,
                6,
                covariance_type=covariance_type,
                weight_concentration_prior_type=prior_type,
                init_params=start,
                random_state=seed,
            )
            assert (model.weight_concentration_prior_, len(model.weights_)) == (1 / 6, 6)
            bounds.append(model.lower_bound_)
    close = np.array(bounds) > max(bounds) - 0.5
    assert close[::3].all()  # the race
    assert close.mean() > 0.6


def test_names_of_columns_are_kept_where_components_are_merged():
    X, _labels = apart(300)
    frame = pd.DataFrame(X, columns=["length", "width"])
    model = fitted(frame, 8, random_state=0)
    assert model.n_effective_ == 3
    for mixture in (model.mixture_, model.predictive_, model.prune().mixture_):
        assert mixture.feature_names == ("length", "width")


@every_type
@pytest.mark.parametrize("concentration", [1e-90, 1e50])
def test_intervals_of_weights_where_priors_say_all_or_nothing(prior_type, concentration):
    X, _labels = apart(100)
    options = {"weight_concentration_prior_type": prior_type, "random_state": 0}
    model = fitted(X, 4, **options, weight_concentration_prior=concentration)
    lower, upper = model.credible_intervals(0.95).weights.T
    assert (lower >= 0).all() and (lower <= upper).all() and (upper <= 1).all()
    if concentration > 1 and prior_type == "dirichlet_distribution":
        np.testing.assert_allclose([lower, upper], 0.25)


def test_the_bound_says_which_prior_rows_speak_for():
    """Many narrow clusters: the default prior makes them dear, and a narrower one is better."""
    rng = np.random.default_rng(0)
    X, cells = rng.normal(size=(640, 2)), rng.integers(4, size=(640, 2))
    X, labels = X + 8.0 * cells, cells @ [4, 1]
    usual, narrow = (
        fitted(X, 20, covariance_prior=np.cov(X.T) / share, random_state=0) for share in (1, 64)
    )
    assert narrow.lower_bound_ > usual.lower_bound_ + 100
    assert narrow.n_effective_ == 16 and adjusted_rand_score(labels, narrow.predict(X)) > 0.99
    # Under the default prior the truth has a lower bound than what is found.
    truth = np.eye(20)[labels] * 0.99 + 0.01 / 20
    assert fitted(X, 20, init_params=truth).lower_bound_ < usual.lower_bound_


def test_a_start_that_is_given_is_only_climbed_from():
    X, labels = blobs(n=300, d=2, k=2, separation=4.0, seed=6)
    halves = labels * 2 + np.arange(len(X)) % 2  # each cluster twice
    given = fitted(X, 4, init_params=halves, max_iter=1, tol=0)
    assert given.n_effective_ == 4
    free = fitted(X, 4, random_state=0)
    assert free.n_effective_ == 2 and free.lower_bound_ > given.lower_bound_


@every_type
def test_components_come_by_size_unless_the_start_was_given(prior_type):
    X, labels = blobs(n=400, d=2, k=3, separation=6.0, seed=0)
    options = {"weight_concentration_prior_type": prior_type, "random_state": 0}
    model = fitted(X, 6, **options)
    assert (np.diff(model.weights_) <= 1e-12).all()
    order = np.argsort(np.bincount(labels))
    small_first = np.argsort(order)[labels]
    given = fitted(X, 3, init_params=small_first, **options)
    assert (np.diff(given.weights_) > 0).all()


# -- intervals ----------------------------------------------------------------------------------


@every_type
def test_intervals_hold_what_they_say(prior_type):
    """Of draws from the posterior that the attributes describe."""
    X, _labels = blobs(n=60, d=2, k=2, seed=2)
    model = fitted(X, 3, weight_concentration_prior_type=prior_type, random_state=0)
    rng, n = np.random.default_rng(0), 200_000
    if prior_type == "dirichlet_process":
        a, b = model.weight_concentration_
        shares = rng.beta(a, b, (n, 3))
        rest = np.cumprod(1 - shares, axis=1)
        draws = shares * np.column_stack([np.ones(n), rest[:, :-1]])
    else:
        draws = rng.dirichlet(model.weight_concentration_, n)
    found = model.credible_intervals(0.9)
    for k in model.active_:
        low, high = found.weights[k]
        assert ((draws[:, k] > low) & (draws[:, k] < high)).mean() == pytest.approx(0.9, abs=0.01)
        nu, kappa = model.degrees_of_freedom_[k], model.mean_precision_[k]
        precisions = stats.wishart(nu, np.linalg.inv(model.covariances_[k]) / nu).rvs(
            20_000, random_state=k
        )
        matrices = np.linalg.inv(precisions) / kappa
        means = model.means_[k] + np.einsum(
            "nij,nj->ni", np.linalg.cholesky(matrices), rng.standard_normal((20_000, 2))
        )
        for j, (low, high) in enumerate(found.means[k]):
            assert ((means[:, j] > low) & (means[:, j] < high)).mean() == pytest.approx(
                0.9, abs=0.01
            )
    with pytest.raises(ParameterError, match="mass"):
        model.credible_intervals(1.5)


def test_intervals_cover_the_truth():
    """Of well separated components, about as often as they say."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        labels = rng.random(200) < 0.3
        X = (rng.standard_normal(200) + 12.0 * labels)[:, None]
        model = fitted(X, 2, init_params=labels.astype(int), mean_precision_prior=1e-6)
        found = model.credible_intervals(0.8)
        held += int(found.means[1, 0, 0] < 12.0 < found.means[1, 0, 1])
        held += int(found.weights[1, 0] < 0.3 < found.weights[1, 1])
    assert 80 <= held <= 112


# -- what goes through the loop comes for free --------------------------------------------------


@every_family
@every_type
def test_weights_are_repeated_rows(covariance_type, prior_type):
    X, _labels = blobs(n=120, d=2, k=3, seed=7)
    times = np.random.default_rng(0).integers(1, 4, len(X))
    start = np.random.default_rng(1).integers(4, size=len(X))
    options = {
        "covariance_type": covariance_type,
        "weight_concentration_prior_type": prior_type,
        "max_iter": 20,
        "tol": 0,
    }
    repeated = np.repeat(np.arange(len(X)), times)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = BayesianGaussianMixture(4, init_params=start, **options).fit(X, sample_weight=times)
        other = BayesianGaussianMixture(4, init_params=start[repeated], **options).fit(X[repeated])
    np.testing.assert_allclose(model.means_, other.means_, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(model.lower_bound_, other.lower_bound_, rtol=1e-10)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_every_family_fits(family):
    X, labels = blobs(n=300, d=3, k=3, separation=4.0, seed=8)
    model = fitted(X, 6, covariance_type=family, random_state=0)
    assert adjusted_rand_score(labels, model.predict(X)) > 0.9
    assert np.isfinite(model.log_predictive(X)).all()
    again = fitted(X, 6, covariance_type=family, random_state=0, n_jobs=2)
    np.testing.assert_allclose(again.lower_bound_, model.lower_bound_, rtol=1e-9)


def test_files_frames_threads_and_float32(tmp_path):
    X, _labels = blobs(n=3000, d=3, k=3, separation=3.0, seed=9)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.to_parquet(tmp_path / "rows.parquet")
    model = BayesianGaussianMixture(6, random_state=0)
    in_memory = clone(model).fit(frame)
    scanned = clone(model).fit(gaussmix.scan(tmp_path / "rows.parquet"))
    np.testing.assert_allclose(scanned.lower_bound_, in_memory.lower_bound_, rtol=1e-9)
    assert in_memory.feature_names_in_.tolist() == ["a", "b", "c"]
    assert in_memory.predictive_.feature_names == ("a", "b", "c")
    found = scanned.log_predictive(gaussmix.scan(tmp_path / "rows.parquet"))
    np.testing.assert_allclose(found, in_memory.log_predictive(frame), rtol=1e-6)
    single = clone(model).set_params(dtype="float32").fit(frame)
    assert single.lower_bound_ == pytest.approx(in_memory.lower_bound_, rel=1e-4)
    rows = clone(model).fit(X.astype(np.float32))
    assert rows.means_.dtype == rows.score_samples(X.astype(np.float32)).dtype == np.float32


def test_many_rows_start_from_some():
    X, labels = apart(30_000)
    model = BayesianGaussianMixture(8, random_state=0).fit(X)
    assert model.n_effective_ == 3
    assert model.weight_concentration_[0].sum() == pytest.approx(8 + len(X))
    assert adjusted_rand_score(labels, model.predict(X)) > 0.95


@every_type
def test_two_fits_of_one_step_are_one_of_two(prior_type):
    X, _labels = blobs(n=200, d=2, k=3, separation=1.0, seed=11)
    options = {"weight_concentration_prior_type": prior_type, "tol": 0, "accelerate": False}
    start = np.random.default_rng(0).integers(4, size=len(X))
    once = fitted(X, 4, init_params=start, max_iter=6, **options)
    model = BayesianGaussianMixture(4, init_params=start, max_iter=3, warm_start=True, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X).fit(X)
    np.testing.assert_allclose(model.means_, once.means_, rtol=1e-10)
    assert model.lower_bound_ == pytest.approx(once.lower_bound_, abs=1e-9)


def test_a_fit_that_was_cut_off_goes_on(tmp_path):
    X, _labels = blobs(n=300, d=2, k=4, separation=1.0, seed=12)
    options = {"random_state": 0, "init_params": "random", "tol": 1e-9}
    whole = BayesianGaussianMixture(6, **options).fit(X)

    def stop(iteration):
        if iteration.number == 2:
            raise RuntimeError("cut off")

    path = tmp_path / "fit.ckpt"
    kept = Checkpoint(path, seconds=0, resume=True)
    cut = BayesianGaussianMixture(6, **options, callback=stop, checkpoint=kept)
    with pytest.raises(RuntimeError, match="cut off"):
        cut.fit(X)
    resumed = BayesianGaussianMixture(6, **options, checkpoint=kept).fit(X)
    np.testing.assert_allclose(resumed.means_, whole.means_, rtol=1e-12)
    assert resumed.lower_bound_ == whole.lower_bound_
    other = BayesianGaussianMixture(6, **options, mean_precision_prior=2.0, checkpoint=kept)
    with pytest.raises(gaussmix.CheckpointError, match="beliefs"):
        other.fit(X)


@every_type
def test_a_stream_is_followed(prior_type):
    X, labels = apart(8000)
    model = BayesianGaussianMixture(6, weight_concentration_prior_type=prior_type, random_state=0)
    for first in range(0, 8000, 1000):
        model.partial_fit(X[first : first + 1000])
    assert model.n_samples_seen_ == 8000
    assert model.n_effective_ == 3
    assert adjusted_rand_score(labels, model.predict(X)) > 0.98
    after = BayesianGaussianMixture(6, random_state=0).fit(X[:4000]).partial_fit(X[4000:])
    assert after.n_effective_ == 3


def test_errors_of_estimates_are_for_estimates():
    X, _labels = blobs(n=60, d=2, k=2)
    with pytest.raises(ParameterError, match=r"credible_intervals\(\)"):
        gaussmix.inference.information(fitted(X, 2), X)


def test_what_is_said_of_a_fit():
    X, _labels = blobs(n=200, d=2, k=3, seed=14)
    model = fitted(X, 6, random_state=0)
    assert gaussmix.plot.trace(model).get_ylabel() == "evidence lower bound"
    assert repr(model.predictive_).startswith(
        "Mixture(n_components=7, n_features=2, covariances=full, dens"
    )
    told = str(model.result_.summary())
    assert "lower bound" in told and "BIC" not in told and "sliver" not in told
    assert model.lower_bounds_ == sorted(model.lower_bounds_)
    assert model.lower_bound_ == model.lower_bounds_[-1]
    assert isinstance(model.lower_bound_, float)


def test_rows_with_missing_values_are_left_out_where_that_is_asked_for():
    X, _labels = blobs(n=100, d=2, k=2)
    holes = X.copy()
    holes[:10, 0] = np.nan
    with pytest.raises(DataError, match="missing='drop'"):
        BayesianGaussianMixture(4, random_state=0).fit(holes)
    model = BayesianGaussianMixture(4, missing="drop", random_state=0).fit(holes)
    whole = BayesianGaussianMixture(4, random_state=0).fit(X[10:])
    assert model.lower_bound_ == pytest.approx(whole.lower_bound_, abs=1e-7)
    assert model.result_.n_dropped == 10
    for found in (model.score_samples(holes), model.log_predictive(holes)):
        assert np.isnan(found[:10]).all() and np.isfinite(found[10:]).all()


def test_awkward_data():
    rng = np.random.default_rng(0)
    few = BayesianGaussianMixture(3, random_state=0).fit(rng.standard_normal((3, 5)))
    assert np.isfinite(few.lower_bound_)
    tied = np.repeat(rng.standard_normal((4, 2)), 25, axis=0)
    model = fitted(tied, 4, random_state=0)
    assert np.isfinite(model.lower_bound_) and model.n_effective_ <= 4
    small = fitted(rng.standard_normal((50, 2)), 4, weight_concentration_prior=1e-90)
    assert np.isfinite(small.lower_bound_) and np.isfinite(small.weights_).all()
    finite = {"weight_concentration_prior_type": "dirichlet_distribution"}
    large = fitted(rng.standard_normal((50, 2)), 4, weight_concentration_prior=1e9, **finite)
    assert large.weights_.tolist() == pytest.approx([0.25] * 4, abs=1e-6)
    with pytest.raises(DataError, match="NaN"):
        fitted([[0.0, 1.0], [np.nan, 1.0]], 1)
    with pytest.raises(DataError, match="constant"):
        fitted(np.column_stack([rng.standard_normal(20), np.ones(20)]), 2)
    outlier = np.vstack([rng.standard_normal((200, 2)), [[1e4, -1e4]]])
    assert np.isfinite(fitted(outlier, 4, random_state=0).lower_bound_)
    with pytest.raises(ParameterError, match="sample weights sum to"):
        BayesianGaussianMixture(2).fit(
            rng.standard_normal((20, 2)), sample_weight=np.full(20, 1e-3)
        )
