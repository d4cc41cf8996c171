"""Rows with missing values: every form is what the formulas are, row by row."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from gaussmix.components.moments import NORM, PRODUCTS, SQUARES
from gaussmix.components.noise import Noise
from gaussmix.components.parameters import Parameters
from gaussmix.estep import Expectation, Posterior
from gaussmix.estep.expectation import FormChoice, Seen
from gaussmix.estep.incomplete import choose_incomplete_form
from gaussmix.estep.incomplete.axes import AxesForm
from gaussmix.estep.incomplete.compiled import CompiledRowsForm
from gaussmix.estep.incomplete.exact import PatternForm
from gaussmix.estep.incomplete.full import FullPatternForm
from gaussmix.estep.incomplete.precision import PrecisionForm, _Way
from gaussmix.estep.observations import MISSING
from gaussmix.estep.observations.missing import INCOMPLETE
from gaussmix.rows import MemorySource
from gaussmix.rows.folds import Workspace
from gaussmix.rows.patterns import Patterns

from .oracles import incomplete_statistics
from .variants import STRUCTURES, random_covariances

K, D, N = 3, 4, 100
MOMENTS = {"full": [PRODUCTS], "diagonal": [SQUARES, PRODUCTS], "spherical": [NORM, SQUARES]}
FORMS = {
    "full": [PatternForm, FullPatternForm, PrecisionForm, CompiledRowsForm],
    "diagonal": [PatternForm, AxesForm],
    "spherical": [PatternForm, AxesForm],
}
EVERY = [
    (structure, form, moment, shared)
    for structure in STRUCTURES
    for form in FORMS[structure.name]
    for moment in MOMENTS[structure.name]
    for shared in (False, True)
]


def parameters_of(structure, *, shared=False, seed=0, noise=None, d=D, scale=1.0, offset=0.0):
    rng = np.random.default_rng(seed)
    held = random_covariances(structure, K, d, seed, shared=shared)
    held = structure(held.values * scale**2, K, d, shared)
    weights, means = rng.dirichlet(np.ones(K)), 1.5 * rng.standard_normal((K, d))
    if noise is not None:
        weights = weights * (1.0 - noise.weight)
    return Parameters.of_one(weights, scale * means + offset, held, noise)


def rows_of(parameters, n=N, seed=1, share=0.3):
    rng = np.random.default_rng(seed)
    d, labels = parameters.n_features, rng.integers(K, size=n)
    factors = np.linalg.cholesky(parameters.each.to_dense())[labels]
    rows = parameters.means[labels] + np.einsum("nij,nj->ni", factors, rng.standard_normal((n, d)))
    rows[rng.uniform(size=rows.shape) < share] = np.nan
    rows[5] = np.nan  # nothing is seen
    return rows


def by_the_oracle(rows, parameters, moment, sample_weight=None, labels=None):
    unit = np.ones(len(rows)) if sample_weight is None else sample_weight
    box = parameters.background(0)
    given = None if box is None else (box.weight, box.lower, box.upper)
    dense = parameters.each.to_dense()
    found = incomplete_statistics(
        rows, unit, labels, parameters.weights, parameters.means, dense, given
    )
    return found[0], found[1], moment.of_matrices(found[2]), *found[3:]


def expectation_of(rows, parameters, moment, form=None, sample_weight=None, labels=None, **how):
    center = np.nanmean(rows, axis=0)
    choice = FormChoice(moment, False, center, np.full(D, 50.0), np.float64, len(rows))
    seen = Seen(MISSING, parameters, choice)
    fold = Expectation(choice(parameters), Posterior.of([parameters]), labels, seen)
    if form is not None:
        fold._forms[INCOMPLETE.key] = form(parameters, moment), Posterior.of([parameters])
    source = MemorySource(rows, sample_weight, **how)
    return fold.statistics(source.reduce(fold))


def assert_same(found, expected, rtol=1e-10):
    counts, means, scatters, value, noise, *_ = expected
    np.testing.assert_allclose(found.counts, counts, rtol=rtol)
    np.testing.assert_allclose(found.means, means, rtol=rtol, atol=rtol * np.abs(means).max())
    atol = rtol * np.abs(scatters).max()
    np.testing.assert_allclose(found.scatters, scatters, rtol=rtol, atol=atol)
    np.testing.assert_allclose(found.log_likelihood, value, rtol=rtol)
    np.testing.assert_allclose(found.noise, noise, rtol=rtol)


@pytest.mark.parametrize(("structure", "form", "moment", "shared"), EVERY)
def test_expected_statistics_are_those_row_by_row(structure, form, moment, shared):
    parameters = parameters_of(structure, shared=shared)
    rows = rows_of(parameters)
    found = expectation_of(rows, parameters, moment, form, block_rows=64)
    assert_same(found, by_the_oracle(rows, parameters, moment))
    assert found.n_rows == N - np.isnan(rows).all(axis=1).sum() < N


@pytest.mark.parametrize(("structure", "form", "moment", "shared"), EVERY)
def test_with_weights_labels_and_a_background(structure, form, moment, shared):
    noise = Noise(0.2, np.full(D, -6.0), np.array([6.0, 7.0, 8.0, 9.0]), np.eye(D))
    parameters = parameters_of(structure, shared=shared, noise=noise)
    rows, rng = rows_of(parameters), np.random.default_rng(3)
    weights, labels = rng.uniform(0.5, 2.0, N), rng.integers(-1, K, N)
    found = expectation_of(rows, parameters, moment, form, weights, labels, block_rows=64)
    assert_same(found, by_the_oracle(rows, parameters, moment, weights, labels))


@pytest.mark.parametrize("form", [PrecisionForm, CompiledRowsForm])
@pytest.mark.parametrize(("scale", "offset"), [(1e-6, 0.0), (1e6, -1e7), (1.0, 1e8)])
def test_scales_and_offsets(form, scale, offset):
    structure = STRUCTURES[0]
    assert structure.name == "full"
    parameters = parameters_of(structure, scale=scale, offset=offset)
    rows = rows_of(parameters)
    found = expectation_of(rows, parameters, PRODUCTS, form)
    # An offset leaves values themselves so many digits less.
    assert_same(found, by_the_oracle(rows, parameters, PRODUCTS), rtol=max(1e-10, 1e-17 * offset))


@pytest.mark.parametrize("form", [PatternForm, FullPatternForm, PrecisionForm, CompiledRowsForm])
def test_flat_components_keep_their_digits(form):
    parameters = parameters_of(STRUCTURES[0])
    values = parameters.covariances.values.copy()
    direction = np.array([1.0, -1.0, 1.0, -1.0]) / 2
    projector = np.eye(D) - (1 - 1e-5) * np.outer(direction, direction)
    values[1] = projector @ values[1] @ projector.T
    held = STRUCTURES[0](values, K, D)
    parameters = Parameters.of_one(parameters.weights, parameters.means, held)
    rows = rows_of(parameters, share=0.5)
    made = form(parameters, PRODUCTS)
    if form in (PrecisionForm, CompiledRowsForm):
        assert made.flat.tolist() == [False, True, False]
    found = expectation_of(rows, parameters, PRODUCTS, form)
    assert_same(found, by_the_oracle(rows, parameters, PRODUCTS), rtol=2e-6)
    exact = expectation_of(rows, parameters, PRODUCTS, PatternForm)
    np.testing.assert_allclose(found.log_likelihood, exact.log_likelihood, rtol=1e-10)


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("form", [PatternForm, FullPatternForm, PrecisionForm, CompiledRowsForm])
def test_far_rows_are_completed_to_all_digits_by_flat_components(form):
    """Of covariance v 11' + I, what is seen r away in all o features is so vor / (vo + 1)."""
    v, r = 2.0**30, 2.0**13
    held = STRUCTURES[0]((v * np.ones((D, D)) + np.eye(D))[None], 1, D)
    parameters = Parameters.of_one(np.ones(1), np.zeros((1, D)), held)
    for n_seen in (1, 2, 3):
        row = np.where(np.arange(D) < n_seen, r, np.nan)
        found = expectation_of(row[None], parameters, PRODUCTS, form).means[0, n_seen:]
        expected = r * v * n_seen / (v * n_seen + 1.0)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", [PatternForm, FullPatternForm, PrecisionForm, CompiledRowsForm])
@pytest.mark.parametrize("d", [1, 2, 14])
def test_any_number_of_features(form, d):
    parameters = parameters_of(STRUCTURES[0], d=d)
    rows = rows_of(parameters, n=120)
    made, workspace = form(parameters, PRODUCTS), Workspace()
    joint = np.empty((K, len(rows)))
    made.joint(rows, joint, workspace)
    dense = parameters.covariances.values
    given = parameters.weights, parameters.means, dense
    *_, shares, _ = incomplete_statistics(rows, np.ones(len(rows)), None, *given)
    found = np.exp(joint - np.logaddexp.reduce(joint, axis=0))
    np.testing.assert_allclose(found.T, shares, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[:, 5], parameters.weights, rtol=1e-14)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_expected_rows_and_what_is_uncertain(structure):
    parameters = parameters_of(structure)
    rows = rows_of(parameters, n=60)
    made, _ = choose_incomplete_form(parameters, parameters.covariances.moment)
    plain = PatternForm(parameters, PRODUCTS)
    dense = parameters.each.to_dense()
    for k in range(K):
        np.testing.assert_allclose(made.expected(k, rows), plain.expected(k, rows), rtol=1e-12)
        for row in rows[:10]:
            seen = ~np.isnan(row)
            precision = np.linalg.inv(dense[k])[np.ix_(~seen, ~seen)]
            left = made.uncertain(k, seen)
            np.testing.assert_allclose(left[np.ix_(~seen, ~seen)], np.linalg.inv(precision))
            assert not left[seen].any()
            assert not left[:, seen].any()


def test_the_statistics_of_two_parts_merge():
    parameters = parameters_of(STRUCTURES[0])
    rows = rows_of(parameters)
    parts = [expectation_of(part, parameters, PRODUCTS) for part in (rows[:99], rows[99:])]
    assert_same(parts[0].merge(parts[1]), by_the_oracle(rows, parameters, PRODUCTS))


def test_whole_weights_are_repeated_rows():
    parameters = parameters_of(STRUCTURES[0])
    rows, rng = rows_of(parameters), np.random.default_rng(0)
    weights = rng.integers(0, 4, len(rows))
    found = expectation_of(rows, parameters, PRODUCTS, sample_weight=weights.astype(float))
    repeated = expectation_of(np.repeat(rows, weights, axis=0), parameters, PRODUCTS)
    np.testing.assert_allclose(found.scatters, repeated.scatters, rtol=1e-11)
    np.testing.assert_allclose(found.log_likelihood, repeated.log_likelihood, rtol=1e-12)


@pytest.mark.parametrize("form", [PatternForm, FullPatternForm, PrecisionForm, CompiledRowsForm])
def test_threads_change_no_bit(form):
    parameters = parameters_of(STRUCTURES[0])
    rows = rows_of(parameters, n=3000)
    one, two = (
        expectation_of(rows, parameters, PRODUCTS, form, block_rows=256, n_jobs=n) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.scatters, two.scatters)
    np.testing.assert_array_equal(one.log_likelihood, two.log_likelihood)


def test_forms_go_to_other_processes():
    parameters = parameters_of(STRUCTURES[0])
    rows = rows_of(parameters, n=50)
    made, joint, again = (
        CompiledRowsForm(parameters, PRODUCTS),
        np.empty((K, 50)),
        np.empty((K, 50)),
    )
    made.joint(rows, joint, Workspace())
    pickle.loads(pickle.dumps(made)).joint(rows, again, Workspace())
    np.testing.assert_array_equal(joint, again)


@pytest.mark.parametrize("d", [3, 8, 9, 64, 65, 130])
def test_patterns_are_told_apart(d):
    rng = np.random.default_rng(0)
    seen = rng.uniform(size=(20, d)) < 0.5
    seen = seen[rng.integers(20, size=200)]
    found = Patterns.of_seen(seen)
    np.testing.assert_array_equal(found.seen[found.which], seen)
    assert len(found.seen) == len(np.unique(seen, axis=0))
    for number, places in found.rows():
        assert (seen[places] == found.seen[number]).all()


@pytest.mark.parametrize("way", ["FREQUENT", "PADDED", "STRIPS"])
def test_every_way_in_which_a_block_is_done(way, monkeypatch):
    monkeypatch.setattr(PrecisionForm, "_way", lambda self, patterns: _Way[way])
    for shared in (False, True):
        parameters = parameters_of(STRUCTURES[0], shared=shared)
        rows = rows_of(parameters)
        found = expectation_of(rows, parameters, PRODUCTS, PrecisionForm, block_rows=64)
        assert_same(found, by_the_oracle(rows, parameters, PRODUCTS))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [4, 14])
def test_loops_that_do_all_at_once_are_the_three_steps(weighted, d, monkeypatch):
    parameters = parameters_of(STRUCTURES[0], d=d)
    rows = rows_of(parameters, n=1500, share=0.08)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(rows)) if weighted else None
    found = []
    for at_once in (CompiledRowsForm.at_once, lambda *given: False):
        monkeypatch.setattr(CompiledRowsForm, "at_once", at_once)
        form = CompiledRowsForm(parameters, PRODUCTS)
        posterior, workspace = Posterior.of([parameters]), Workspace()
        sums, tally = form.open(), posterior.open()
        done = form.at_once(sums, rows, weights, posterior, tally, workspace)
        if not done:
            joint = np.empty((K, len(rows)))
            form.joint(rows, joint, workspace)
            form.add(sums, rows, posterior(joint, weights, None, tally), workspace)
        found.append((done, form.close(sums, **posterior.counted(tally))))
    (first, one), (second, other) = found
    assert (first, second) == (True, False)
    assert one.n_rows == other.n_rows == len(rows)
    scale = np.abs(other.scatters).max()
    np.testing.assert_allclose(one.scatters, other.scatters, rtol=1e-10, atol=1e-12 * scale)
    np.testing.assert_allclose(one.means, other.means, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(one.log_likelihood, other.log_likelihood, rtol=1e-13)
