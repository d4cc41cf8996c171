"""Where components are held at the floor: what is climbed never falls, and the best is kept."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest

from gaussmix import GaussianMixture, GaussianMixtureIC
from gaussmix.em.climbers import Climbers
from gaussmix.em.mstep import RELATIVE_FLOOR
from gaussmix.exceptions import GaussmixError
from tests.variants import FAMILIES

# Of what is climbed, what may be lost by rounding.
ROUNDING = 1e-9
K = 4


@cache
def collapsing(seed):
    """Rows on which components collapse, by what is wrong with them; and labels to begin with."""
    rng = np.random.default_rng(seed)
    ties = rng.integers(0, 2, size=(120, 3)).astype(float)
    far = ties.copy()
    far[0, 2] += 1e5
    few = rng.normal(size=(4, 3))[rng.integers(4, size=20)] * 10
    found = {
        "ties and a far row": far,
        "ties": ties,
        "Cauchy": rng.standard_cauchy(size=(12, 4)),
        "few rows": few + rng.normal(size=(20, 3)) * 0.3,
        "repeated rows": np.repeat(rng.normal(size=(5, 3)), 8, axis=0),
        "a column of ties": np.c_[rng.normal(size=(40, 2)), rng.integers(0, 2, size=40)],
    }
    return {name: (X, rng.permutation(np.arange(len(X)) % K)) for name, X in found.items()}


KINDS = list(collapsing(0))
every_family = pytest.mark.parametrize("family", FAMILIES, ids=repr)
every_kind = pytest.mark.parametrize("kind", KINDS)


def quietly(call):
    """Return what a call makes, or None if it refuses the data; no warning of NumPy's is heard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return call()
        except GaussmixError:
            return None


def never_falls(trace):
    trace = np.array(trace)
    size = np.abs(trace).max()
    assert np.diff(trace).min(initial=0.0) >= -ROUNDING * size
    assert trace[-1] >= trace.max() - ROUNDING * size


@every_kind
@every_family
@pytest.mark.parametrize("accelerate", [True, False])
def test_the_likelihood_never_falls_and_the_best_is_returned(family, kind, accelerate):
    for seed in range(1 if kind == "Cauchy" else 2):
        X, labels = collapsing(seed)[kind]
        weights = np.random.default_rng(seed).uniform(0.2, 3.0, len(X))
        known = np.where(np.arange(len(X)) % 5 == 0, labels, -1)
        others = ((None, weights), (known, None)) if accelerate else ()
        for y, sample_weight in ((None, None), *others):
            model = GaussianMixture(
                K,
                covariance_type=family,
                init_params=labels,
                max_iter=60,
                accelerate=accelerate,
            )
            if quietly(lambda m=model, t=(X, y, sample_weight): m.fit(*t)) is not None:
                never_falls(model.lower_bounds_)
                assert model.lower_bound_ == model.lower_bounds_[-1]
                reached = model.score(X, sample_weight=sample_weight)
                assert y is not None or reached == pytest.approx(model.lower_bound_, rel=1e-4)


def climbed_traces(monkeypatch):
    """What every fit from now on climbs, as it ends."""
    traces, ended = [], Climbers.ended

    def watched(team, places, statuses):
        traces.extend(team.trace.climbed(number) for number in team.numbers[places].tolist())
        return ended(team, places, statuses)

    monkeypatch.setattr(Climbers, "ended", watched)
    return traces


@every_kind
@every_family
def test_likelihood_and_prior_never_fall(family, kind, monkeypatch):
    traces = climbed_traces(monkeypatch)
    for seed in range(2):
        X, labels = collapsing(seed)[kind]
        model = GaussianMixture(
            K, covariance_type=family, init_params=labels, max_iter=60, prior="conjugate"
        )
        quietly(lambda m=model, t=X: m.fit(t))
    for trace in traces:
        never_falls(trace)


@every_kind
def test_fits_of_a_search_never_fall(kind, monkeypatch):
    traces = climbed_traces(monkeypatch)
    X, _ = collapsing(0)[kind]
    for init_params in ("kmeans", "mbahc"):
        search = GaussianMixtureIC(range(1, 5), init_params=init_params, random_state=0)
        if quietly(lambda s=search: s.fit(X)) is not None:
            chosen = search.best_estimator_.result_
            at_floor = chosen.mixture.covariances.floored(2.0 * RELATIVE_FLOOR * X.var(axis=0))[1]
            assert not at_floor.any()
            assert not chosen.collapsed
    assert traces
    for trace in traces:
        never_falls(trace)


@pytest.mark.parametrize("name", ["EVI", "VEI", "EVV", "VEV", "EEV", "VVE", "VEE"])
def test_what_is_held_does_not_widen_others_by_more_than_it_must(name):
    rng = np.random.default_rng(0)
    wide, point = rng.normal(size=(300, 3)), np.tile([9.0, 9.0, 9.0], (5, 1))
    X, labels = np.r_[wide, wide + 30.0, point], np.repeat([0, 1, 2], [300, 300, 5])
    model = GaussianMixture(3, covariance_type=name, init_params=labels, max_iter=60)
    quietly(lambda: model.fit(X))
    assert np.isin(2, model.history_.collapsed[-1]) or name == "EEV"  # which has one volume
    alone = GaussianMixture(2, covariance_type=name, init_params=labels[:600]).fit(X[:600])
    if name[0] == "V":  # volumes are free, so the others are as they are without it
        found = np.linalg.slogdet(model.mixture_.covariances.to_dense()[:2])[1]
        expected = np.linalg.slogdet(alone.mixture_.covariances.to_dense())[1]
        np.testing.assert_allclose(found, expected, atol=0.05)
