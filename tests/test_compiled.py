"""The natural form in compiled loops against the one in NumPy's calls."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from gaussmix import GaussianMixture, StudentT
from gaussmix.components.moments import NOTHING
from gaussmix.components.noise import Noise
from gaussmix.estep import NaturalForm, Posterior, choose_form, compiled
from gaussmix.estep.compiled import CompiledForm, natural_form
from gaussmix.rows import MemorySource
from tests.engine import natural, of_mixture
from tests.variants import STRUCTURES, random_mixture

loops = pytest.importorskip("gaussmix.estep.compiled_loops")

CASES = [(s, shared) for s in STRUCTURES for shared in (False, True)]
# One component, an odd and an even number; the last two have too many terms for tiles.
SIZES = [(1, 3), (3, 2), (4, 9), (12, 30), (9, 32)]


def both(mixture, rows, dtype=np.float64, background=None):
    center = rows.mean(axis=0).astype(float)
    parameters, held = of_mixture(mixture, background), mixture.covariances
    moment = NOTHING if held.shared else held.moment
    return [natural(parameters, moment, center, dtype, k) for k in (CompiledForm, NaturalForm)]


def assert_same(found, expected, digits=1e-11):
    np.testing.assert_allclose(found.counts, expected.counts, rtol=digits)
    np.testing.assert_allclose(found.means, expected.means, rtol=digits, atol=digits)
    if expected.moment is not NOTHING:
        scale = np.abs(expected.scatters).max()
        np.testing.assert_allclose(found.scatters, expected.scatters, atol=digits * scale)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=digits)
    assert found.noise == pytest.approx(expected.noise, rel=digits)
    assert found.n_rows == expected.n_rows


@pytest.mark.parametrize(("structure", "shared"), CASES)
@pytest.mark.parametrize(("k", "d"), SIZES)
@pytest.mark.parametrize("weighted", [False, True])
def test_statistics_are_those_of_numpy(structure, shared, k, d, weighted):
    mixture = random_mixture(structure, k=k, d=d, shared=shared)
    rows = mixture.sample(1000, 0)[0]
    weights = np.random.default_rng(0).uniform(0, 2, len(rows)) if weighted else None
    # Blocks of one row more than two tiles, and a last one of less than a tile.
    source = MemorySource(rows, weights, block_rows=2 * loops.TILE + 1)
    assert_same(*(form.over(source) for form in both(mixture, rows)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_background_and_known_components_count_as_in_numpy(dtype):
    mixture = random_mixture(STRUCTURES[0])
    rows = mixture.sample(700, 0)[0]
    known = np.random.default_rng(1).integers(-1, mixture.n_components, len(rows))
    for labels in (None, known):
        forms = both(mixture, rows, dtype, background=-6.0)
        for form in forms:
            form.known = labels
        found, expected = (form.over(MemorySource(rows)) for form in forms)
        assert expected.noise > 1.0
        assert_same(found, expected, 1e-11 if dtype == np.float64 else 1e-4)


@pytest.mark.parametrize("rows_dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_may_lie_in_memory_as_they_like(rows_dtype, order):
    mixture = random_mixture(STRUCTURES[0], d=4)
    rows = (3.0 * mixture.sample(600, 0)[0]).astype(rows_dtype).copy(order)
    rows.flags.writeable = False
    forms = both(mixture, rows)
    assert_same(*(form.over(MemorySource(rows)) for form in forms))
    joints = [form.log_joint(rows) for form in forms]
    np.testing.assert_allclose(*joints, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize(("k", "d"), SIZES)
def test_float32_is_as_accurate_as_numpys(k, d):
    mixture = random_mixture(STRUCTURES[0], k=k, d=d)
    rows = mixture.sample(2000, 0)[0]
    exact = both(mixture, rows)[1].over(MemorySource(rows))
    found, theirs = (f.over(MemorySource(rows)) for f in both(mixture, rows, np.float32))
    error, limit = (abs(s.log_likelihood / exact.log_likelihood - 1) for s in (found, theirs))
    assert error <= max(2 * limit, 1e-6)
    assert_same(found, exact, 2e-4)


def test_exponentials_are_accurate_over_their_whole_range():
    # One feature and theta's slope make densities 0, -x, -2 x: every exponential is in `total`.
    slopes = np.array([0.0, -1.0, -2.0])
    mixture = random_mixture(STRUCTURES[0], d=1)
    form, _ = both(mixture, np.zeros((1, 1)))
    form.form.theta[...] = 0.0
    form.form.theta[:, 1] = slopes
    rows = np.concatenate([np.linspace(0, 1, 500), np.geomspace(1, 1e6, 500)])[:, None]
    found = form.over(MemorySource(rows))
    expected = logsumexp(slopes[:, None] * rows.T, axis=0)
    responsibilities = np.exp(slopes[:, None] * rows.T - expected)
    assert found.log_likelihood == pytest.approx(expected.sum(), rel=1e-14)
    np.testing.assert_allclose(found.counts, responsibilities.sum(axis=1), rtol=1e-13)


def test_it_is_for_passes_that_pay(monkeypatch):
    assert natural_form(3, 1_000) is NaturalForm
    assert natural_form(3, 1_000_000) is CompiledForm
    assert natural_form(3, None) is CompiledForm
    monkeypatch.setattr(compiled, "_is_installed", lambda: False)
    assert natural_form(3, None) is NaturalForm


def test_a_machine_without_numba_gives_the_same(monkeypatch):
    mixture = random_mixture(STRUCTURES[0])
    rows = mixture.sample(500, 0)[0]
    form, numpys = both(mixture, rows)
    sent = pickle.loads(pickle.dumps(form))
    monkeypatch.setattr(compiled, "compiled_loops", lambda: None)
    assert_same(sent.over(MemorySource(rows)), numpys.over(MemorySource(rows)), 1e-14)
    np.testing.assert_array_equal(sent.log_joint(rows), numpys.log_joint(rows))


@pytest.mark.filterwarnings("ignore:not converged")
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_a_fit_and_its_predictions_are_those_without_numba(covariance_type, monkeypatch):
    mixture = random_mixture(STRUCTURES[0], k=3, d=2)
    rows = replace(mixture, means=3 * mixture.means).sample(70_000, 0)[0]
    box = (mixture.covariances.moment, False, rows.mean(axis=0), np.ptp(rows, axis=0))
    assert isinstance(choose_form(of_mixture(mixture), *box, n_rows=len(rows)), CompiledForm)

    def fitted():
        model = GaussianMixture(
            3, covariance_type=covariance_type, random_state=0, max_iter=20, tol=0
        ).fit(rows)
        return model, model.predict(rows), model.predict_proba(rows), model.score_samples(rows)

    model, labels, shares, densities = fitted()
    monkeypatch.setattr(compiled, "_is_installed", lambda: False)
    other, *expected = fitted()
    assert model.lower_bound_ == pytest.approx(other.lower_bound_, rel=1e-9)
    np.testing.assert_allclose(model.means_, other.means_, atol=1e-6)
    assert (labels == expected[0]).mean() > 0.9999
    np.testing.assert_allclose(shares, expected[1], atol=1e-6)
    np.testing.assert_allclose(densities, expected[2], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("facts", ["nothing", "all"])
def test_blocks_of_students_t_count_as_in_numpy(dtype, facts):
    mixture, rng, n = random_mixture(STRUCTURES[0], k=5, d=3), np.random.default_rng(0), 700
    box = Noise(0.2, np.full(3, -8.0), np.full(3, 8.0), np.eye(3)) if facts == "all" else None
    dofs = StudentT([0.4, 1.0, 5.0, 800.0, np.inf], "free")
    parameters = replace(of_mixture(mixture), density=dofs)
    parameters = parameters if box is None else parameters.with_noise(box)
    weights, labels = rng.uniform(0, 2, n).astype(dtype), rng.integers(-1, 5, n)
    given = (weights, labels) if facts == "all" else (None, None)
    distances = rng.chisquare(3, (5, n)) * rng.choice([1e-12, 1.0, 1e3, 1e9], n)
    found = []
    for n_rows in (None, 0):  # with loops, and without
        posterior, joint = Posterior.of([parameters], n_rows), -0.5 * distances.astype(dtype)
        tally = posterior.open()
        found.append((posterior(joint, *given, tally), tally))
    digits = 1e-12 if dtype is np.float64 else 2e-4
    (masses, tally), (expected, own) = found
    np.testing.assert_allclose(masses, expected, rtol=digits, atol=digits)
    np.testing.assert_allclose(tally.own, own.own, rtol=10 * digits, atol=10 * digits)
    np.testing.assert_allclose(tally.noise, own.noise, rtol=digits)
    np.testing.assert_allclose(tally.log_likelihood, own.log_likelihood, rtol=digits)


def test_distances_beyond_numbers_are_left_to_numpy():
    parameters = replace(of_mixture(random_mixture(STRUCTURES[0], k=2)), density=StudentT(3.0))
    joint = np.array([[-1.0, -1e300], [-np.inf, -2.0]])
    found, expected = joint.copy(), joint.copy()
    Posterior.of([parameters], None).log_joint(found)
    Posterior.of([parameters]).log_joint(expected)
    np.testing.assert_array_equal(found, expected)
