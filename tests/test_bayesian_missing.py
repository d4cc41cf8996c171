"""`BayesianGaussianMixture` where values are missing: the textbook's bound of what is seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from sklearn.exceptions import ConvergenceWarning

from gaussmix import BayesianGaussianMixture
from tests.variants import FAMILIES, blobs

TYPES = ["dirichlet_process", "dirichlet_distribution"]


def holes(X, share=0.3, seed=0):
    rng = np.random.default_rng(seed)
    gone = rng.random(X.shape) < share
    gone[np.arange(len(X)), rng.integers(X.shape[1], size=len(X))] = False
    return np.where(gone, np.nan, X)


def expected_log_weights(model):
    """By SciPy, of what scikit-learn's attributes say; the order of sticks is the array's."""
    found = model.weight_concentration_
    if not isinstance(found, tuple):
        return special.psi(found) - special.psi(found.sum())
    a, b = found
    left = special.psi(b) - special.psi(a + b)
    order = np.argsort(-a, kind="stable")
    passed = np.zeros(len(a))
    passed[order] = np.concatenate([[0.0], np.cumsum(left[order])[:-1]])
    return special.psi(a) - special.psi(a + b) + passed


def log_joint(model, X):
    """Log of the expected joint densities (n, K), what is missing integrated out."""
    d, K = X.shape[1], len(model.means_)
    nu = np.broadcast_to(model.degrees_of_freedom_, K)
    halves = 0.5 * (nu[:, None] - np.arange(d))
    excess = special.psi(halves).sum(axis=1) + d * np.log(2.0 / nu)
    excess = 0.5 * (excess - d / model.mean_precision_)
    dense = model.mixture_.covariances.to_dense()
    found = np.tile(expected_log_weights(model) + excess, (len(X), 1))
    for row, own in zip(X, found, strict=True):
        o = np.flatnonzero(~np.isnan(row))
        own += [
            stats.multivariate_normal(model.means_[k][o], dense[k][np.ix_(o, o)]).logpdf(row[o])
            for k in range(K)
        ]
    return found


@pytest.mark.parametrize("covariance_type", FAMILIES)
def test_the_bound_climbs_for_every_family(covariance_type):
    X = holes(blobs(n=60, d=3, k=2, separation=4.0, seed=1)[0])
    model = BayesianGaussianMixture(
        4,
        covariance_type=covariance_type,
        missing="em",
        init_params=np.arange(60) % 4,
        max_iter=25,
        tol=0,
    )
    with pytest.warns(ConvergenceWarning, match="not converged"):
        model.fit(X)
    rises = np.diff(model.lower_bounds_)
    assert rises[0] > 0 and rises.min() > -1e-9 * abs(model.lower_bound_)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("prior_type", TYPES)
def test_responsibilities_are_the_textbooks_row_by_row(covariance_type, prior_type):
    X = holes(blobs(n=80, d=3, k=2, separation=4.0, seed=1)[0])
    model = BayesianGaussianMixture(
        3,
        covariance_type=covariance_type,
        weight_concentration_prior_type=prior_type,
        missing="em",
        random_state=0,
    ).fit(X)
    logs = log_joint(model, X)
    totals = special.logsumexp(logs, axis=1)
    np.testing.assert_allclose(model.score_samples(X), totals, atol=1e-8)
    np.testing.assert_allclose(model.predict_proba(X), np.exp(logs - totals[:, None]), atol=1e-8)


def test_the_predictive_density_is_that_of_what_is_seen():
    X = holes(blobs(n=60, d=3, k=2, separation=4.0, seed=1)[0])
    model = BayesianGaussianMixture(3, missing="em", random_state=0).fit(X)
    density = model.predictive_
    parts = zip(
        density.weights, density.means, density.scales.to_dense(), density.density.dofs, strict=True
    )
    parts, expected = list(parts), []
    for row in X:
        o = np.flatnonzero(~np.isnan(row))
        own = [
            w * stats.multivariate_t(m[o], s[np.ix_(o, o)], nu).pdf(row[o]) for w, m, s, nu in parts
        ]
        expected.append(np.log(sum(own)))
    np.testing.assert_allclose(model.log_predictive(X), expected, atol=1e-10)


def test_the_bound_is_below_the_evidence_of_what_is_seen():
    """The evidence of one component by importance sampling from the posterior."""
    X = holes(blobs(n=12, d=2, k=1, seed=2)[0], 0.25)
    kappa, nu, mean, scale = 1.0, 4.0, np.zeros(2), np.eye(2) * 2.0
    model = BayesianGaussianMixture(
        1,
        missing="em",
        weight_concentration_prior_type="dirichlet_distribution",
        mean_precision_prior=kappa,
        mean_prior=mean,
        degrees_of_freedom_prior=nu,
        covariance_prior=scale,
        tol=1e-10,
    ).fit(X)
    assert np.isnan(X).any()

    def wishart(nu, scale):
        return stats.wishart(nu, np.linalg.inv(scale))

    def log_normal(x, m, precision):
        own = np.einsum("ij,ijk,ik->i", x - m, precision, x - m)
        return 0.5 * (np.linalg.slogdet(precision)[1] - own) - np.log(2 * np.pi)

    rng = np.random.default_rng(0)
    own_nu, own_kappa = model.degrees_of_freedom_[0], model.mean_precision_[0]
    own_scale = model.covariances_[0] * own_nu
    # Wider than the posterior, which leaves out what is not known of missing values.
    wide_nu, wide_scale, wide_kappa = own_nu - 4.0, own_scale * (own_nu - 4.0) / own_nu, 6.0
    assert own_kappa > wide_kappa
    precisions = wishart(wide_nu, wide_scale).rvs(6_000, random_state=rng)
    factors = np.linalg.cholesky(np.linalg.inv(precisions) / wide_kappa)
    means = model.means_[0] + np.einsum("ijk,ik->ij", factors, rng.standard_normal((6_000, 2)))
    logs = wishart(nu, scale * 1.0).logpdf(precisions.transpose(1, 2, 0))
    logs = logs + log_normal(means, mean, kappa * precisions)
    logs -= wishart(wide_nu, wide_scale).logpdf(precisions.transpose(1, 2, 0))
    logs -= log_normal(means, model.means_[0], wide_kappa * precisions)
    covariances = np.linalg.inv(precisions)
    for row in X:
        o = np.flatnonzero(~np.isnan(row))
        seen = np.linalg.inv(covariances[:, o][:, :, o])
        own = np.einsum("ij,ijk,ik->i", row[o] - means[:, o], seen, row[o] - means[:, o])
        logs += 0.5 * (np.linalg.slogdet(seen)[1] - own - len(o) * np.log(2 * np.pi))
    weights = np.exp(logs - logs.max())
    evidence = logs.max() + np.log(weights.mean())
    error = weights.std() / weights.mean() / np.sqrt(len(weights))
    assert error < 0.05
    assert evidence - 2.0 < model.lower_bound_ < evidence + 3 * error


def test_rows_of_which_nothing_is_seen_are_no_rows_and_whole_ones_change_nothing():
    X = blobs(n=100, d=2, k=2, separation=5.0, seed=3)[0]
    usual, open_to = (
        BayesianGaussianMixture(4, missing=word, random_state=0).fit(X) for word in ("error", "em")
    )
    np.testing.assert_array_equal(usual.covariances_, open_to.covariances_)
    Y = holes(X)
    one = BayesianGaussianMixture(4, missing="em", init_params="kmeans", random_state=0).fit(Y)
    more = BayesianGaussianMixture(4, missing="em", init_params=one._climbed.mixture, tol=1e-9).fit(
        np.vstack([Y, np.full((20, 2), np.nan)])
    )
    again = BayesianGaussianMixture(
        4, missing="em", init_params=one._climbed.mixture, tol=1e-9
    ).fit(Y)
    assert more.lower_bound_ == pytest.approx(again.lower_bound_, abs=1e-7)
    np.testing.assert_allclose(more.means_, again.means_, atol=1e-6)
    assert more.mean_precision_.sum() == pytest.approx(100 + 4)


def test_two_clusters_are_found_where_a_third_is_missing():
    X, labels = blobs(n=600, d=4, k=2, separation=6.0, seed=4)
    model = BayesianGaussianMixture(6, missing="em", random_state=0).fit(holes(X))
    assert model.n_effective_ == 2
    found = model.predict(holes(X))
    assert max((found == labels).mean(), (found != labels).mean()) > 0.97
