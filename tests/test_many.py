"""Many fits as one batch: each is the fit that it would be alone."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from gaussmix import GaussianMixture, Mixture, datasets
from gaussmix.components.families import list_families
from gaussmix.em.climb import Climb
from gaussmix.em.options import Options
from gaussmix.em.replicates import fit_replicates
from gaussmix.estep import expectation
from gaussmix.estep.many import ManyRows
from gaussmix.fitting.fit import moment_of_data, summarise
from gaussmix.rows import MemorySource
from tests.engine import Parameters

IRIS = datasets.iris().rows
FAMILIES = [family for family in list_families() if not family.univariate]


def fitted(family, k=3, X=IRIS, **options):
    return GaussianMixture(k, covariance_type=family, random_state=0, **options).fit(X)


def alone(source, parameters, family, known=None):
    summary = summarise(source, moment_of_data([family])).held_as(family.held.moment)
    return expectation(source, summary, parameters, family, known)


def assert_same(found, g, expected):
    k = len(expected.counts)
    own = slice(g * k, (g + 1) * k)
    scale = np.abs(expected.scatters).max()
    scatters = found.scatters[g : g + 1] if found.pooled else found.scatters[own]
    np.testing.assert_allclose(found.counts[own], expected.counts, rtol=1e-10)
    np.testing.assert_allclose(found.means[own], expected.means, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scatters, expected.scatters, atol=1e-9 * scale)
    assert found.log_likelihood[g] == pytest.approx(expected.log_likelihood[0], rel=1e-11)
    assert found.noise[g] == pytest.approx(expected.noise[0], rel=1e-9)


def stacked(mixtures):
    first = mixtures[0].parameters
    from gaussmix.components.parameters import join_parameters

    assert isinstance(first, Parameters)
    return join_parameters([(mixture.parameters, 0) for mixture in mixtures])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
@pytest.mark.parametrize("facts", ["weights", "known", "own rows", "own rows in loops", "loops"])
def test_statistics_are_those_of_each_data_set_alone(family, facts):
    model = fitted(family)
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(150), 3) * 150
    weights[1, :20] = 0.0
    known = np.where(np.arange(150) % 7 == 0, np.arange(150) // 50, -1)
    if facts.startswith("own rows"):
        rows, known = IRIS + rng.normal(scale=0.1, size=(3, 150, 4)), None
    else:
        rows, known = IRIS[None], known if facts == "known" else None
    # Of many data sets the work is done by compiled loops.
    data = ManyRows(rows, weights, known, count=10**6 if "loops" in facts else None, n_jobs=2)
    places = np.array([2, 0, 1, 2])
    found = data.statistics(places, stacked([model.mixture_] * 4), model.result_.family)
    for g, place in enumerate(places):
        expected = alone(data.source(place), model.mixture_.parameters, model.result_.family, known)
        assert_same(found, g, expected)


def test_many_fits_by_threads_are_those_by_one():
    noisy = fitted("VVV", noise=0.1)
    rows = IRIS + np.random.default_rng(1).normal(scale=0.1, size=(300, 150, 4))
    given = (np.arange(300), stacked([noisy.mixture_] * 300), noisy.result_.family)
    one, two = (ManyRows(rows, n_jobs=n_jobs).statistics(*given) for n_jobs in (1, 2))
    for name in ("counts", "means", "scatters", "log_likelihood", "noise"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_blocks_and_features_that_are_not_kept_change_nothing(monkeypatch):
    model = fitted("VVV")
    rng = np.random.default_rng(1)
    rows = IRIS + rng.normal(scale=0.1, size=(7, 150, 4))
    many = stacked([model.mixture_] * 7)
    given = (np.arange(7), many, model.result_.family)
    whole = ManyRows(rows).statistics(*given)
    monkeypatch.setattr("gaussmix.estep.many._BLOCK_BYTES", 1)
    monkeypatch.setattr("gaussmix.estep.many._KEPT_BYTES", 1)
    found = ManyRows(rows).statistics(*given)
    np.testing.assert_allclose(found.scatters, whole.scatters, rtol=1e-13)
    np.testing.assert_allclose(found.log_likelihood, whole.log_likelihood, rtol=1e-13)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_a_mixture_that_the_natural_form_would_lose_is_evaluated_alone(offset):
    """One component is a needle, far from where the others are."""
    rng = np.random.default_rng(2)
    needle = rng.normal(size=(60, 2)) * [1e-6, 1.0] + [50.0, 0.0]
    rows = np.vstack([rng.normal(size=(90, 2)), needle]) + offset
    covariances = [np.eye(2), np.diag([1e-12, 1.0])]
    mixture = Mixture([0.6, 0.4], np.array([[0.0, 0.0], [50.0, 0.0]]) + offset, covariances)
    family = fitted("VVV", 2, IRIS[:, :2]).result_.family
    data = ManyRows(rows[None], np.ones((2, 150)))
    found = data.statistics(np.array([0, 1]), stacked([mixture] * 2), family)
    assert_same(found, 1, alone(data.source(1), mixture.parameters, family))


@pytest.mark.parametrize("family", ["VVV", "EEE", "VEI", "EVE", "EII"])
def test_each_fit_is_the_one_that_is_made_alone(family):
    model = fitted(family)
    rng = np.random.default_rng(3)
    weights = rng.multinomial(150, np.full(150, 1 / 150), 6).astype(float)
    result = model.result_
    summary = summarise(MemorySource(IRIS), moment_of_data([result.family]))
    objective = result.model.objective(summary.held_as(result.family.held.moment).total)
    climb, starts = Climb(result.model, objective, Options()), stacked([model.mixture_] * 6)
    results = fit_replicates(climb, starts, ManyRows(IRIS[None], weights), np.arange(6))
    for own, w in zip(results, weights, strict=True):
        expected = GaussianMixture(3, covariance_type=family, init_params=model.mixture_)
        expected.fit(IRIS, sample_weight=w)
        np.testing.assert_allclose(own.mixture.means, expected.means_, rtol=1e-8)
        assert own.log_likelihood == pytest.approx(expected.result_.log_likelihood, rel=1e-11)
        assert own.n == pytest.approx(w.sum())
        again = pickle.loads(pickle.dumps(own.history))
        assert own.history.held == own.collapsed == expected.result_.collapsed
        assert again.log_likelihood == own.history.log_likelihood
        assert len(again) == len(again.seconds) == len(again.collapsed) == own.n_iter + 1


def test_a_fit_that_fails_does_not_take_others_with_it():
    """All rows of one data set are one point: EVE has no volume there."""
    model = fitted("EVE", 2)
    rows = np.array([IRIS, np.ones_like(IRIS), IRIS])
    summary = summarise(MemorySource(IRIS), moment_of_data([model.result_.family]))
    objective = model.result_.model.objective(summary.total)
    climb, starts = Climb(model.result_.model, objective, Options()), stacked([model.mixture_] * 3)
    results = fit_replicates(climb, starts, ManyRows(rows), np.arange(3))
    assert results[0].log_likelihood == pytest.approx(results[2].log_likelihood)
    assert results[1] is None or results[1].collapsed
