"""E-steps of several mixtures at once are those of each, in compiled loops and without."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.special import logsumexp

from gaussmix import StudentMixture
from gaussmix.components.moments import NORM, PRODUCTS, SQUARES
from gaussmix.components.parameters import join_parameters, one_of
from gaussmix.em.steps import EStep
from gaussmix.estep import Expectation, NaturalForm, Posterior, compiled
from gaussmix.families import get_family
from gaussmix.fitting.fit import summarise
from gaussmix.numerics.groups import Groups
from gaussmix.rows import MemorySource
from gaussmix.rows.threads import Pool
from gaussmix.starts.contest import DivisionFold

MOMENTS = pytest.mark.parametrize("moment", [PRODUCTS, SQUARES, NORM], ids=lambda m: m.name)
# So many rows that loops are used, or so few that they are not.
SIZES = pytest.mark.parametrize("n_rows", [10**6, 10], ids=["loops", "products"])


def slow(rows, weights, moment, theta):
    """One mixture after the other, by the formula."""
    d = rows.shape[1]
    features = np.ones((1 + d + moment.n_terms(d), len(rows)))
    features[1 : d + 1] = rows.T
    moment.write(features[1 : d + 1], features[d + 1 :])
    for one in theta:
        joint = one @ features
        density = logsumexp(joint, axis=0)
        yield (np.exp(joint - density) * weights) @ features.T, density @ weights


@MOMENTS
@SIZES
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_it_is_the_e_step_of_each_mixture(moment, n_rows, weighted, n_threads):
    if n_rows > 10:
        pytest.importorskip("numba")
        assert compiled.goes_in_tiles(4, 10, n_rows)
        assert compiled.compiled_loops() is not None
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2500, 3))
    weights = rng.uniform(0.5, 2.0, 2500) if weighted else np.ones(2500)
    theta = rng.normal(size=(5, 4, 1 + 3 + moment.n_terms(3)))
    theta[:, -1, 1:] = 0.0  # a background
    source = MemorySource(rows, weights if weighted else None, n_jobs=n_threads, block_rows=512)
    groups, kind = Groups.of((3,) * 5), compiled.natural_form(4, n_rows)
    form = kind(theta[:, :3].reshape(15, -1), groups, moment, np.zeros(3))
    fold = Expectation(form, Posterior(groups, theta[:, 3, 0]))
    (part,) = source.reduce(fold).parts.values()
    for r, (expected, value) in enumerate(slow(rows, weights, moment, theta)):
        found = part.sums.moments[3 * r : 3 * r + 3]
        np.testing.assert_allclose(found, expected[:3], rtol=1e-9, atol=1e-9 * len(rows))
        np.testing.assert_allclose(part.tally.noise[r], expected[3, 0], rtol=1e-9)
        np.testing.assert_allclose(part.tally.log_likelihood[r], value, rtol=1e-11)


@MOMENTS
@SIZES
@pytest.mark.parametrize("weighted", [False, True])
def test_mixtures_may_be_of_different_sizes(moment, n_rows, weighted):
    if n_rows > 10:
        pytest.importorskip("numba")
    rng, sizes = np.random.default_rng(0), (3, 1, 3, 2)
    rows = rng.normal(size=(2500, 3))
    weights = rng.uniform(0.5, 2.0, 2500) if weighted else np.ones(2500)
    theta = [rng.normal(size=(size + 1, 4 + moment.n_terms(3))) for size in sizes]
    for own in theta:
        own[-1, 1:] = 0.0  # a background
    source = MemorySource(rows, weights if weighted else None, n_jobs=1, block_rows=512)
    groups, kind = Groups.of(sizes), compiled.natural_form(4, n_rows)
    form = kind(np.concatenate([own[:-1] for own in theta]), groups, moment, np.zeros(3))
    posterior = Posterior(groups, np.array([own[-1, 0] for own in theta]))
    (part,) = source.reduce(Expectation(form, posterior)).parts.values()
    assert part.tally.n_rows == 2500
    for g, (expected, value) in enumerate(slow(rows, weights, moment, theta)):
        found = groups.part(part.sums.moments, g)
        np.testing.assert_allclose(found, expected[:-1], rtol=1e-9, atol=1e-9 * len(rows))
        np.testing.assert_allclose(part.tally.noise[g], expected[-1, 0], rtol=1e-9)
        np.testing.assert_allclose(part.tally.log_likelihood[g], value, rtol=1e-11)


@pytest.mark.parametrize("dof", ["free", 5.0])
def test_densities_that_weigh_may_be_of_different_sizes(dof):
    """Student's t of 1, 2 and 3 components in loops, beside each by itself without them."""
    pytest.importorskip("numba")
    X = np.random.default_rng(2).standard_t(4, size=(700, 2))
    source = MemorySource(X, n_jobs=1)
    models = [StudentMixture(k, dof=dof, random_state=0, tol=1.0).fit(X) for k in (1, 2, 3)]
    each = [model.mixture_.parameters for model in models]
    stack, family = join_parameters([(own, 0) for own in each]), get_family("VVV")
    summary = summarise(source, PRODUCTS)
    (found,) = EStep(source, summary, n_begun=10**6)([(stack, family)])
    for g, own in enumerate(each):
        (expected,) = EStep(source, summary)([(own, family)])
        part = one_of((found, g))
        for name in ("counts", "means", "scatters", "masses", "tally", "log_likelihood"):
            np.testing.assert_allclose(
                getattr(part, name), getattr(expected, name), rtol=1e-9, atol=1e-9
            )


@MOMENTS
def test_moments_of_divisions_are_sums_over_their_rows(moment):
    rng = np.random.default_rng(1)
    rows, weights = rng.normal(size=(1500, 2)), rng.uniform(0.5, 2.0, 1500)
    labels = rng.integers(0, 3, (4, 1500))
    groups, n_terms = Groups.of((3,) * 4), 3 + moment.n_terms(2)
    form = NaturalForm(np.zeros((12, n_terms)), groups, moment, np.zeros(2))
    fold = DivisionFold(form, labels)
    found = MemorySource(rows, weights, n_jobs=2, block_rows=512).reduce(fold).moments
    for r, own in enumerate(labels):
        for k in range(3):
            chosen = own == k
            np.testing.assert_allclose(found[3 * r + k, 0], weights[chosen].sum())
            np.testing.assert_allclose(found[3 * r + k, 1:3], weights[chosen] @ rows[chosen])


@pytest.mark.parametrize(("moment", "d"), [(PRODUCTS, 30), (SQUARES, 200)])
@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
def test_statistics_of_divisions_of_wide_rows_are_those_of_their_rows(moment, d, scale):
    rng = np.random.default_rng(2)
    rows = scale * (rng.normal(size=(900, d)) + 5.0)
    weights, labels = rng.integers(0, 3, 900).astype(float), rng.integers(0, 3, (2, 900))
    labels[1, labels[1] == 2] = 0  # a component without rows
    center, groups = rows.mean(axis=0), Groups.of((3,) * 2)
    theta = np.zeros((6, 1 + d + moment.n_terms(d)))
    fold = DivisionFold(NaturalForm(theta, groups, moment, center), labels)
    sums = MemorySource(rows, weights, n_jobs=1, block_rows=256).reduce(fold)
    none = np.zeros(2)
    found = fold.form.close(sums, groups=groups, log_likelihood=none, noise=none)
    for r, own in enumerate(labels):
        for k in range(3):
            chosen, place = own == k, 3 * r + k
            mass, some = weights[chosen], rows[chosen]
            np.testing.assert_allclose(found.counts[place], mass.sum())
            if not mass.any():
                continue
            covariance = np.cov(some.T, aweights=mass, ddof=0) * mass.sum()
            expected = covariance if moment is PRODUCTS else np.diagonal(covariance)
            np.testing.assert_allclose(found.means[place], mass @ some / mass.sum())
            np.testing.assert_allclose(
                found.scatters[place], expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max()
            )


def test_threads_are_started_anew_where_they_are_not():
    pool = Pool(2)
    assert list(pool.map(abs, [-1, 2])) == [1, 2]
    copy = pickle.loads(pickle.dumps(pool))
    assert list(copy.map(abs, [-3])) == [3]
    with pool:
        assert list(pool.map(abs, [-4])) == [4]
    assert list(pool.map(abs, [-5])) == [5]
