"""Student's t of rows of which only some features are seen."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import kstest, multivariate_t
from scipy.stats import t as t_law

from gaussmix import GaussianMixture, Mixture, Noise, StudentMixture, StudentT
from gaussmix.estep import Expectation
from gaussmix.estep.expectation import FormChoice, Seen
from gaussmix.estep.observations import MISSING
from gaussmix.estep.posterior import Posterior
from gaussmix.rows import MemorySource
from tests.variants import STRUCTURES, random_mixture

K, D = 2, 4
DOFS = [2.5, 40.0]


@lru_cache
def rows(n=90, seed=0):
    """Rows with NaN, some whole, some far out."""
    mixture, rng = a_mixture(STRUCTURES[0]), np.random.default_rng(seed)
    X = mixture.sample(n, random_state=seed)[0]
    X[rng.uniform(size=X.shape) < 0.3] = np.nan
    X[np.isnan(X).all(axis=1), 0] = 1.0
    X[:3] += 60.0
    return X


def a_mixture(structure):
    normal = random_mixture(structure, K, D, 3)
    return Mixture(
        normal.weights, normal.means, scales=normal.covariances, density=StudentT(DOFS, "free")
    )


def row_by_row(X, sample_weight, labels, mixture, box=None):
    """What is expected of the rows, by one row and component after the other."""
    weights, means, scales = mixture.weights, mixture.means, mixture.scales.to_dense()
    dofs = mixture.density.numbers(K)[:, 0]
    counts, masses, excess = np.zeros(K), np.zeros(K), np.zeros(K)
    sums, squares, value = np.zeros((K, D)), np.zeros((K, D, D)), 0.0
    for i, row in enumerate(X):
        o, m = np.flatnonzero(~np.isnan(row)), np.flatnonzero(np.isnan(row))
        own = [scales[k][np.ix_(o, o)] for k in range(K)]
        laws = [multivariate_t(means[k][o], own[k], dofs[k]) for k in range(K)]
        joint = np.array(
            [np.log(w) + law.logpdf(row[o]) for w, law in zip(weights, laws, strict=True)]
        )
        behind = -np.inf if box is None else np.log(box[0]) - np.log(box[2] - box[1])[o].sum()
        if labels is not None and labels[i] >= 0:
            joint[np.arange(K) != labels[i]] = behind = -np.inf
        total = np.logaddexp(np.logaddexp.reduce(joint), behind)
        value += sample_weight[i] * total
        for k, share in enumerate(sample_weight[i] * np.exp(joint - total)):
            offset, half = row[o] - means[k][o], 0.5 * (dofs[k] + len(o))
            u = 2.0 * half / (dofs[k] + offset @ np.linalg.solve(own[k], offset))
            slope = scales[k][np.ix_(m, o)] @ np.linalg.inv(own[k])
            moved, rest = np.zeros(D), np.zeros((D, D))
            moved[o], moved[m] = offset, slope @ offset
            rest[np.ix_(m, m)] = scales[k][np.ix_(m, m)] - slope @ scales[k][np.ix_(o, m)]
            counts[k] += share
            masses[k] += share * u
            sums[k] += share * u * moved
            squares[k] += share * (u * np.outer(moved, moved) + rest)
            excess[k] += share * (u - 1 - (np.log(u) - np.log(half) + digamma(half)))
    shifts = sums / masses[:, None]
    scatters = squares - masses[:, None, None] * shifts[:, :, None] * shifts[:, None]
    return counts, masses, means + shifts, scatters, excess, value


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
@pytest.mark.parametrize("how", ["plain", "weighted", "labelled", "background"])
def test_statistics_are_those_row_by_row(structure, how):
    X, mixture, rng = rows(), a_mixture(structure), np.random.default_rng(1)
    weights = rng.integers(0, 3, len(X)).astype(float) if how == "weighted" else None
    labels = rng.integers(-1, K, len(X)) if how == "labelled" else None
    box = None
    if how == "background":
        box = 0.1, np.full(D, -70.0), np.full(D, 70.0)
        mixture = mixture.with_noise(Noise(*box, np.eye(D)))
        box = mixture.noise.weight, *box[1:]
    parameters = mixture.parameters
    choice = FormChoice(
        mixture.scales.moment, False, np.zeros(D), np.full(D, 80.0), np.float64, len(X)
    )
    fold = Expectation(
        choice(parameters), Posterior.of([parameters]), labels, Seen(MISSING, parameters, choice)
    )
    found = fold.statistics(MemorySource(X, weights, block_rows=32).reduce(fold))
    unit = np.ones(len(X)) if weights is None else weights
    counts, masses, means, scatters, excess, value = row_by_row(X, unit, labels, mixture, box)
    np.testing.assert_allclose(found.counts, counts, rtol=1e-10)
    np.testing.assert_allclose(found.mass, masses, rtol=1e-10)
    np.testing.assert_allclose(found.means, means, rtol=1e-9, atol=1e-10)
    moment = mixture.scales.moment
    np.testing.assert_allclose(found.scatters, moment.of_matrices(scatters), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.tally[:, 0], excess, rtol=1e-9)
    np.testing.assert_allclose(found.log_likelihood, value, rtol=1e-12)


def test_answers_are_those_of_the_marginals():
    X, mixture = rows(), a_mixture(STRUCTURES[0])
    density, weights = mixture.logpdf(X), mixture.outlier_weights(X)
    shares, filled = mixture.responsibilities(X), mixture.impute(X)
    for i, row in enumerate(X[:30]):
        seen = np.flatnonzero(~np.isnan(row))
        marginal = mixture.marginal(seen)
        assert density[i] == pytest.approx(marginal.logpdf(row[None, seen])[0], rel=1e-12)
        assert weights[i] == pytest.approx(marginal.outlier_weights(row[None, seen])[0], rel=1e-9)
        np.testing.assert_allclose(shares[i], marginal.responsibilities(row[None, seen])[0], 1e-9)
        if len(seen) < D:
            given = mixture.conditional(seen, row[seen])
            missing = np.isnan(row)
            np.testing.assert_allclose(filled[i, missing], given.weights @ given.means, rtol=1e-9)
        np.testing.assert_array_equal(filled[i, seen], row[seen])


def test_draws_have_the_tails_that_are_left_given_what_is_seen():
    mixture = a_mixture(STRUCTURES[0])
    row = np.array([1.0, np.nan, -2.0, 3.0])
    drawn = mixture.impute(np.tile(row, (4000, 1)), draws=1, random_state=0)[0, :, 1]
    given = mixture.conditional([0, 2, 3], row[[0, 2, 3]])
    laws = [
        t_law(dof, mean, width)
        for dof, mean, width in zip(
            given.density.dofs,
            given.means[:, 0],
            np.sqrt(given.scales.variances()[:, 0]),
            strict=True,
        )
    ]
    assert (
        kstest(
            drawn, lambda x: sum(w * o.cdf(x) for w, o in zip(given.weights, laws, strict=True))
        ).pvalue
        > 0.01
    )


@pytest.mark.parametrize("family", ["VVV", "EEE", "VVI", "EII", "VEE"])
@pytest.mark.parametrize("dof", ["free", "equal", 3.0])
def test_the_likelihood_never_falls_and_is_that_of_what_is_seen(family, dof):
    X, start = rows()[3:], a_mixture(STRUCTURES[0])
    given = {"init_params": start, "missing": "em", "tol": 1e-4}
    model = StudentMixture(K, covariance_type=family, dof=dof, **given).fit(X)
    steps = np.diff(model.lower_bounds_)
    assert (steps >= -1e-10 * np.abs(model.lower_bounds_[:-1])).all()
    assert model.mixture_.logpdf(X).sum() == pytest.approx(model.result_.log_likelihood, rel=1e-11)


def test_no_tails_are_the_gaussian_fit_and_far_rows_move_nothing():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(c, 1.0, (80, 3)) for c in (0.0, 8.0)])
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    given = Mixture([0.5, 0.5], [[0.0] * 3, [8.0] * 3], [np.eye(3)] * 2)
    options = {"init_params": given, "missing": "em", "tol": 1e-9}
    normal = GaussianMixture(2, **options).fit(X)
    nearly = StudentMixture(2, dof=1e8, **options).fit(X)
    np.testing.assert_allclose(nearly.means_, normal.means_, atol=1e-5)
    np.testing.assert_allclose(nearly.scales_, normal.covariances_, atol=1e-5)
    far = np.full((6, 3), np.nan)
    far[:, 1] = 1e6
    moved = StudentMixture(2, dof=3.0, **options).fit(np.vstack([X, far]))
    np.testing.assert_allclose(moved.means_, normal.means_, atol=0.3)
    assert (moved.outlier_weights(far) < 1e-6).all()
