"""Both forms of the E-step against SciPy, and the choice between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from gaussmix import Mixture
from gaussmix.components.moments import NOTHING, PRODUCTS, SQUARES
from gaussmix.estep import NaturalForm, Posterior, WhitenedForm, choose_form, most_probable
from gaussmix.estep.softmax import normalise
from gaussmix.numerics.groups import Groups
from gaussmix.rows import MemorySource
from gaussmix.rows.folds import Workspace
from tests.engine import natural, of_mixture, whitened
from tests.oracles import textbook_log_joint
from tests.variants import STRUCTURES, random_mixture

CASES = [(s, shared) for s in STRUCTURES for shared in (False, True)]


def forms(mixture, center):
    parameters, held = of_mixture(mixture), mixture.covariances
    yield natural(parameters, NOTHING if held.shared else held.moment, center)
    yield whitened(parameters, held.moment)


@pytest.mark.parametrize(("structure", "shared"), CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_joint_equals_scipy(structure, shared, dtype):
    mixture = random_mixture(structure, shared=shared)
    rows = mixture.sample(50, 0)[0].astype(dtype)
    expected = textbook_log_joint(
        rows.astype(float), mixture.weights, mixture.means, mixture.covariances.to_dense()
    )
    for kernel in forms(mixture, rows.mean(axis=0).astype(float)):
        found = kernel.log_joint(rows) + kernel.form.row_terms(rows)
        np.testing.assert_allclose(found.T, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("structure", "shared"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_both_forms_give_the_same_statistics(structure, shared, weighted):
    mixture = random_mixture(structure, shared=shared)
    rows = mixture.sample(500, 0)[0]
    weights = np.random.default_rng(0).uniform(size=500) if weighted else None
    source = MemorySource(rows, weights, block_rows=64)
    ours, theirs = (kernel.over(source) for kernel in forms(mixture, rows.mean(axis=0)))
    np.testing.assert_allclose(ours.counts, theirs.counts, rtol=1e-11)
    np.testing.assert_allclose(ours.means, theirs.means, rtol=1e-10)
    if ours.moment is not NOTHING:
        np.testing.assert_allclose(ours.scatters, theirs.scatters, rtol=1e-10, atol=1e-10)
        assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-12)


HOPELESS = np.array([[0.0, -1e4, -1e300], [-5.0, -2e4, -1e301], [1.0, -1e4, -1e302]])


def test_normalise_is_softmax_even_for_hopeless_rows():
    work = HOPELESS.copy()
    np.testing.assert_allclose(normalise(work), logsumexp(HOPELESS, axis=0))
    np.testing.assert_allclose(work.sum(axis=0), 1.0)
    assert (work >= 0).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spread", [0.3, 2.0, 9.0])
def test_wide_features_in_strips_gathered_or_not_give_the_same_statistics(spread, weighted):
    # 27 features give 406 terms; spreads 0.3, 2 and 9: dense, some, and hard responsibilities.
    mixture = random_mixture(STRUCTURES[0], k=5, d=27)
    mixture = replace(mixture, means=mixture.means * spread)
    rows = mixture.sample(4000, 0)[0]
    weights = np.random.default_rng(0).uniform(size=4000) if weighted else None
    source = MemorySource(rows, weights, block_rows=3000)
    ours, theirs = (kernel.over(source) for kernel in forms(mixture, rows.mean(axis=0)))
    np.testing.assert_allclose(ours.counts, theirs.counts, rtol=1e-10)
    np.testing.assert_allclose(ours.means, theirs.means, rtol=1e-9, atol=1e-10)
    scale = np.abs(theirs.scatters).max()
    np.testing.assert_allclose(ours.scatters, theirs.scatters, atol=1e-11 * scale)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-12)
    assert ours.n_rows == theirs.n_rows == 4000


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (3, 1), (3, 1001), (3, 2011), (16, 2000)])
@pytest.mark.parametrize("spread", [1.0, 300.0])
def test_weigh_is_softmax_times_weights_where_it_counts(weighted, shape, spread):
    # (16, 2000) takes the sparse path when components are separated (300).
    rng = np.random.default_rng(0)
    joint = HOPELESS[:, : shape[1]] if shape[1] <= 3 else spread * rng.standard_normal(shape)
    weights = rng.uniform(0, 2, shape[1]) if weighted else None
    work, exact = joint.copy(), joint.copy()
    total = weigh(work, weights)
    log_density = normalise(exact)
    np.testing.assert_allclose(log_density, logsumexp(joint, axis=0), rtol=1e-13)
    unit = np.ones(shape[1]) if weights is None else weights
    assert total == pytest.approx(unit @ log_density, rel=1e-12)
    np.testing.assert_allclose(work, exact * unit, atol=1e-20, rtol=1e-13)


def weigh(joint, weights=None):
    """The posterior of one mixture; returns the total log-density."""
    posterior = Posterior(Groups.of((len(joint),)))
    tally = posterior.open()
    posterior(joint, weights, None, tally)
    return tally.log_likelihood[0]


def test_the_natural_form_is_left_where_it_would_lose_digits():
    mixture = random_mixture(STRUCTURES[0])
    parameters = of_mixture(mixture)
    moment = mixture.covariances.moment
    near = choose_form(parameters, moment, False, np.zeros(3), np.full(3, 10.0))
    far = choose_form(parameters, moment, False, np.zeros(3), np.full(3, 1e5))
    assert isinstance(near, NaturalForm)
    assert isinstance(far, WhitenedForm)


def test_variances_of_many_features_are_no_reason_to_whiten():
    """Squares are as many as features; products, that many more, cost more than whitening."""
    rng, d = np.random.default_rng(0), 100
    rows = 5.0 * rng.standard_normal((50, d))
    means, variances = rows[:4], rng.uniform(0.5, 2.0, (4, d))
    weights = rng.dirichlet(np.full(4, 5.0))
    parameters = of_mixture(Mixture(weights, means, variances))
    form = choose_form(parameters, SQUARES, False, np.zeros(d), np.abs(rows).max(axis=0))
    assert isinstance(form, NaturalForm)
    dense = of_mixture(Mixture(weights, means, variances[:, :, None] * np.eye(d)))
    whole = choose_form(dense, PRODUCTS, False, np.zeros(d), np.abs(rows).max(axis=0))
    assert not isinstance(whole, NaturalForm)
    joint = np.empty((4, 50))
    form.joint(rows, joint, Workspace())
    expected = textbook_log_joint(rows, weights, means, variances[:, :, None] * np.eye(d))
    np.testing.assert_allclose(joint, expected.T, rtol=1e-11)


def test_far_rows_are_as_exact_as_near_ones():
    mixture = random_mixture(STRUCTURES[0])
    far = np.array([[1e7, 0.0, 0.0], [0.0, -1e6, 1e6]])
    expected = logsumexp(
        textbook_log_joint(far, mixture.weights, mixture.means, mixture.covariances.to_dense()),
        axis=1,
    )
    np.testing.assert_allclose(mixture.logpdf(far), expected, rtol=1e-12)


# -- float32 within blocks ----------------------------------------------------------------


@pytest.mark.parametrize(("structure", "shared"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("background", [None, -9.0])
def test_float32_within_blocks_gives_the_statistics_to_five_digits(
    structure, shared, weighted, background
):
    if shared and background is not None:
        pytest.skip("shared covariances leave out the term that a background lacks")
    mixture = random_mixture(structure, k=4, shared=shared)
    rows = mixture.sample(20_000, 0)[0]
    weights = np.random.default_rng(0).uniform(0, 2, size=len(rows)) if weighted else None
    source = MemorySource(rows, weights)
    parameters, held = of_mixture(mixture, background), mixture.covariances
    moment = NOTHING if shared else held.moment
    double, single = (
        natural(parameters, moment, rows.mean(axis=0), dtype).over(source)
        for dtype in (np.float64, np.float32)
    )
    assert single.counts.dtype == np.float64
    assert np.abs(single.counts - double.counts).max() > 0  # it was float32
    np.testing.assert_allclose(single.counts, double.counts, rtol=1e-5)
    np.testing.assert_allclose(single.means, double.means, rtol=0, atol=1e-5)
    if double.moment is not NOTHING:
        scale = np.abs(double.scatters).max()
        np.testing.assert_allclose(single.scatters, double.scatters, rtol=0, atol=1e-5 * scale)
    assert single.log_likelihood == pytest.approx(double.log_likelihood, rel=1e-6)


def test_float64_takes_over_where_float32_would_lose_too_much():
    mixture = random_mixture(STRUCTURES[0])
    kinds = {
        extent: choose_form(
            of_mixture(mixture),
            mixture.covariances.moment,
            False,
            np.zeros(3),
            np.full(3, extent),
            dtype=np.float32,
        ).dtype
        for extent in (5.0, 1000.0)
    }
    assert kinds == {5.0: np.float32, 1000.0: np.float64}


def test_most_probable_is_argmax_and_the_first_of_equal_ones():
    rng = np.random.default_rng(0)
    joint = rng.integers(0, 4, (5, 1000)).astype(float)
    np.testing.assert_array_equal(most_probable(joint), joint.argmax(axis=0))
