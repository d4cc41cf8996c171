"""Fits in compiled loops are the fits that are made step by step."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from gaussmix import GaussianMixture, fit_many, inference
from gaussmix.components.families import get_family, list_families
from gaussmix.components.parameters import picked
from gaussmix.components.statistics import SufficientStatistics
from gaussmix.em import replicates
from gaussmix.em.climb import Climb, Ended
from gaussmix.em.compiled import climb_loops
from gaussmix.em.compiled.fits import CompiledFits
from gaussmix.em.model import Model
from gaussmix.em.options import Options
from gaussmix.em.result import Status
from gaussmix.em.trace import Written
from gaussmix.estep.expectation import expectation
from gaussmix.estep.many import ManyRows
from gaussmix.fitting.fit import moment_of_data, summarise
from gaussmix.rows import MemorySource
from gaussmix.starts.many import kmeans_of_many

DIRECT = [family for family in list_families() if family.direct]


def clouds(count, n, d, k, seed=0, apart=2.5):
    """Data sets of clusters, some of which lie across each other."""
    rng = np.random.default_rng(seed)
    centres = apart * rng.standard_normal((count, k, d))
    labels = rng.integers(k, size=(count, n))
    noise = rng.standard_normal((count, n, d)) * rng.uniform(0.5, 2.0, (count, 1, d))
    return noise + centres[np.arange(count)[:, None], labels]


def fits_to(family, rows, k, weights=None, *, n_jobs=1, equal_weights=False, **options):
    """Fits to data sets, before they are made."""
    model = Model(k, get_family(family), equal_weights=equal_weights)
    summary = summarise(
        MemorySource(rows.reshape(-1, rows.shape[2])), moment_of_data([model.family])
    )
    objective = model.objective(summary.held_as(model.family.held.moment).total)
    data = ManyRows(rows, weights, n_jobs=n_jobs)
    count = len(rows if weights is None else weights)
    each = np.broadcast_to(rows, (count, *rows.shape[1:]))
    random = np.random.default_rng(1).random((count, k, 3))
    labels = kmeans_of_many(each, np.ones(each.shape[:2]), k, random)
    divided = ManyRows(each, weights).divided(labels, k, model.family)
    starts = objective.update(divided)[0]
    climb = Climb(model, objective, Options(**options))
    return CompiledFits(climb, starts, data, np.arange(count), Written())


def in_steps(fits):
    """The same fits, step by step."""
    every = np.arange(len(fits.places))
    return list(replicates._fit_left(fits._replace(trace=Written()), every))


def results(ends):
    return {number: result for ended in ends for number, result in ended.results()}


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("family", DIRECT, ids=lambda own: own.name)
def test_they_take_the_same_steps(family, d, weighted):
    if family.univariate and d > 1:
        pytest.skip("for one feature")
    rows, weights = clouds(40, 120, d, 3), None
    if weighted:
        rows = rows[:1]
        weights = np.random.default_rng(2).exponential(size=(40, 120))
        weights[:, ::7] = 0.0
    fits = fits_to(family, rows, 3, weights)
    found, expected = results(fits.ended()), results(in_steps(fits))
    assert len(found) >= 25  # others have a component at the floor, or without rows
    same = 0
    for number, own in found.items():
        other = expected[number]
        assert own.status is other.status is Status.CONVERGED
        if own.n_iter != other.n_iter:  # a leap that rounding has made another
            continue
        same += 1
        assert own.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-9)
        np.testing.assert_allclose(own.history.log_likelihood, other.history.log_likelihood, 1e-7)
        assert own.history.rejected == other.history.rejected
        np.testing.assert_allclose(own.mixture.weights, other.mixture.weights, atol=1e-5)
        np.testing.assert_allclose(own.mixture.means, other.mixture.means, atol=1e-4)
        values = own.mixture.scales.values, other.mixture.scales.values
        np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(own.statistics.counts, other.statistics.counts, rtol=1e-4)
        np.testing.assert_allclose(own.statistics.scatters, other.statistics.scatters, 1e-3, 1e-2)
        assert own.n == pytest.approx(other.n)
        assert own.statistics.n_rows == other.statistics.n_rows == 120
    assert same >= 0.8 * len(found)


@pytest.mark.parametrize("family", DIRECT, ids=lambda own: own.name)
def test_what_is_climbed_never_falls(family):
    d = 1 if family.univariate else 2
    for scale in (1e-120, 1.0, 1e120):
        fits = fits_to(family, scale * clouds(30, 60, d, 2, seed=3, apart=1.0), 2)
        found = results(fits.ended())
        assert found
        for own in found.values():
            values = np.array(own.history.log_likelihood)
            assert (np.diff(values) >= -1e-9 * np.abs(values[1:])).all()


@pytest.mark.parametrize("family", DIRECT, ids=lambda own: own.name)
def test_direct_families_divide(family):
    rng = np.random.default_rng(0)
    d = 1 if family.univariate else 3
    rows = rng.standard_normal((4, 20, d))
    moment, counts = family.held.moment, rng.uniform(5.0, 9.0, 4)
    scatters = np.array([moment.of_rows(own.copy(), np.ones(20)) for own in rows])
    found = SufficientStatistics(counts, np.zeros((4, d)), scatters, moment)
    gathered = family.gathered(found)
    shares = gathered.scatters / moment.expand(
        np.array([counts.sum()]) if family.shared else counts
    )
    expected = family.held.of_scatters(shares, d).values
    np.testing.assert_allclose(family.estimate(gathered).values, expected, rtol=1e-12)
    np.testing.assert_array_equal(moment.unpack(moment.pack(scatters), d), scatters)


def test_there_are_loops_where_there_is_numba():
    from gaussmix.em.compiled.fits import _loops

    assert _loops() is climb_loops


def test_results_do_not_depend_on_threads():
    rows = clouds(150, 80, 2, 3)
    one, two = (results(fits_to("VVV", rows, 3, n_jobs=n).ended()) for n in (1, 2))
    assert list(one) == list(two)
    for own, other in zip(one.values(), two.values(), strict=True):
        assert own.history.log_likelihood == other.history.log_likelihood
        np.testing.assert_array_equal(
            own.mixture.covariances.values, other.mixture.covariances.values
        )


@pytest.mark.parametrize("max_iter", [0, 1, 4])
def test_no_more_iterations_than_wanted(max_iter):
    fits = fits_to("VVV", clouds(10, 90, 2, 3), 3, max_iter=max_iter, tol=0.0)
    found, expected = results(fits.ended()), results(in_steps(fits))
    assert len(found) == 10
    for number, own in found.items():
        assert own.status is expected[number].status is Status.MAX_ITERATIONS
        assert len(own.history.log_likelihood) == max_iter + 1
        assert own.log_likelihood == pytest.approx(expected[number].log_likelihood, rel=1e-12)


def test_plain_steps_and_equal_weights():
    rows = clouds(12, 90, 2, 2)
    for options in ({"accelerate": False}, {"equal_weights": True}):
        fits = fits_to("VVV", rows, 2, **options)
        found, expected = results(fits.ended()), results(in_steps(fits))
        assert found
        for number, own in found.items():
            other = expected[number]
            np.testing.assert_allclose(
                own.history.log_likelihood, other.history.log_likelihood, 1e-10
            )
            if "equal_weights" in options:
                np.testing.assert_array_equal(own.mixture.weights, 0.5)


def test_those_that_collapse_are_left_to_others(monkeypatch):
    """Every fit is made once, by the loops or step by step, and has one trace with all others."""
    rows = clouds(30, 40, 1, 2, apart=0.0)
    rows[::5, :12] = 3.0  # ties: a covariance at the floor
    fits = fits_to("VVV", rows, 2)
    left = set(range(30)) - set(results(fits.ended()))
    assert left
    monkeypatch.setattr(CompiledFits, "suit", lambda self: True)
    ends = list(replicates.fit_each(*fits[:4]))
    found, expected = results(ends), results(in_steps(fits))
    assert sorted(found) == list(range(30))
    for number in left:
        own, other = found[number].history, expected[number].history
        # Later, leaps make rounding larger.
        np.testing.assert_allclose(own.log_likelihood[:9], other.log_likelihood[:9], rtol=1e-9)
        assert own.log_likelihood[-1] == found[number].log_likelihood
        assert len(own.collapsed) == len(own.log_likelihood)
    assert any(found[number].collapsed for number in left)
    joined = Ended.joined(ends)
    for i, number in enumerate(joined.numbers.tolist()):
        own = joined.result(i)
        assert own.log_likelihood == found[number].log_likelihood
        assert own.history.log_likelihood == found[number].history.log_likelihood


@pytest.mark.parametrize("family", ["VVV", "VVI", "VII"])
@pytest.mark.parametrize("d", [1, 3])
def test_a_narrow_component_loses_no_digits(family, d):
    """An E-step of all at once is that of each alone, about the narrow component's own mean."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3, 200, d))
    rows[:, :50] = rows[:, :1] + 1e-6 * rows[:, :50]
    labels = np.repeat([[1] * 50 + [0] * 150], 3, axis=0)
    own = get_family(family)
    data = ManyRows(rows, count=10**6)
    objective = Model(2, own).objective(
        summarise(MemorySource(rows[0]), moment_of_data([own])).held_as(own.held.moment).total
    )
    stack = objective.update(data.divided(labels, 2, own))[0]
    found = data.statistics(np.arange(3), stack, own)
    monkeyed = {"calls": 0}
    alone = data._alone
    data._alone = lambda *given: (monkeyed.update(calls=monkeyed["calls"] + 1), alone(*given))[1]
    assert data.statistics(np.arange(3), stack, own).counts.tolist() == found.counts.tolist()
    assert monkeyed["calls"] == 0
    for g in range(3):
        source = MemorySource(rows[g], n_jobs=1)
        summary = summarise(source, moment_of_data([own])).held_as(own.held.moment)
        mixture = picked([stack], np.array([g]))
        expected = expectation(source, summary, mixture, own, None)
        places = slice(2 * g, 2 * g + 2)
        np.testing.assert_allclose(found.counts[places], expected.counts, rtol=1e-9)
        np.testing.assert_allclose(found.means[places], expected.means, rtol=1e-9)
        np.testing.assert_allclose(found.scatters[places], expected.scatters, rtol=1e-6, atol=1e-20)
        assert found.log_likelihood[g] == pytest.approx(expected.log_likelihood[0], rel=1e-10)


def test_fits_of_thousands_go_through_them(monkeypatch):
    """By size alone; results are those that are made without them."""
    rows = clouds(2000, 450, 1, 2, apart=1.5)
    calls = []
    ended = CompiledFits.ended
    monkeypatch.setattr(CompiledFits, "ended", lambda self: (calls.append(1), ended(self))[1])
    fits = fit_many(rows, 2, random_state=0)
    assert calls
    monkeypatch.setattr(CompiledFits, "suit", lambda self: False)
    others = fit_many(rows, 2, random_state=0)
    gaps = np.abs(fits.log_likelihood - others.log_likelihood)
    assert np.quantile(gaps, 0.97) < 1e-3
    assert np.median(gaps) < 1e-8


def test_a_bootstrap_is_the_same_through_them(monkeypatch):
    X = clouds(1, 200, 2, 2)[0]
    model = GaussianMixture(2, random_state=0).fit(X)
    expected = inference.bootstrap(model, X, n_resamples=30, random_state=0)
    monkeypatch.setattr(CompiledFits, "suit", lambda self: True)
    found = inference.bootstrap(model, X, n_resamples=30, random_state=0)
    for name, own in found.standard_errors.items():
        np.testing.assert_allclose(own, expected.standard_errors[name], rtol=0.02)
