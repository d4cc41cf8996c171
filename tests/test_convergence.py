"""The stopping rule looks ahead."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gaussmix import FitInterrupted, GaussianMixture
from gaussmix.em.climbers import Climbers
from gaussmix.em.convergence import AitkenRule, Close, Recent


class Stateful:
    """A rule that is told of one value after the other."""

    def __init__(self, tol, n):
        self.rule = AitkenRule(tol, np.array([float(n)]))
        self.close = Close.nowhere(1)

    def reached(self, trace, leap=0):
        (done,), self.close = self.rule.reached(Recent.of_trace(trace, leap), self.close)
        return done

    def remaining(self, trace, *more):
        return self.rule.remaining(Recent.of_trace(trace, *more))[0]


def one_by_one(traces, leaps):
    """What the rule says of each trace at each of its values."""
    said = []
    for trace, leap in zip(traces, leaps, strict=True):
        rule = Stateful(1e-3, 1)
        said.append([rule.reached(trace[: i + 1], leap * (i >= leap)) for i in range(len(trace))])
    return np.array(said)


def test_many_traces_together_are_each_by_itself():
    """With leaps at different places, and values that are refused now and then."""
    rng = np.random.default_rng(0)
    n = 60
    traces = [geometric(rate, n=n - 1) for rate in (0.5, 0.8, 0.9, 0.97)]
    traces += [list(1e-5 * rng.standard_normal(n)), list(np.linspace(0.0, 1.0, n))]
    leaps = [0, 7, 20, 0, 0, 9]
    expected = one_by_one(traces, leaps)
    assert expected.any()
    assert not expected.all(axis=1).any()
    rule, recent = AitkenRule(1e-3, np.ones(6)), Recent.of_fits(6)
    close, places = Close.nowhere(6), np.zeros(6, dtype=int)
    while (places < n).any():
        new = (rng.random(6) < 0.7) & (places < n)
        values = np.array([traces[g][min(places[g], n - 1)] for g in range(6)])
        recent.push(values, new)
        recent = Recent(recent.values, recent.counts, np.where(places >= leaps, leaps, 0))
        done, found = rule.reached(recent, close)
        for g in np.flatnonzero(new):
            assert done[g] == expected[g, places[g]]
        close = close.kept(found, new)
        places += new


def geometric(rate, first=1.0, n=200):
    gains = first * rate ** np.arange(n)
    return list(np.concatenate([[0.0], np.cumsum(gains)]))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9, 0.99])
def test_remaining_is_exact_for_a_geometric_series(rate):
    trace = geometric(rate)
    limit = 1.0 / (1.0 - rate)
    rule = Stateful(1e-6, 1)
    assert rule.remaining(trace[:10]) == pytest.approx(limit - trace[9])


def test_slow_convergence_is_not_mistaken_for_convergence():
    # Gains of 1e-4 that shrink by 0.1 % each: a rule on the gain alone would stop at once.
    trace = geometric(0.999, first=1e-4, n=20_000)
    rule = Stateful(1e-3, 1)
    stopped = next(i for i in range(1, len(trace)) if rule.reached(trace[: i + 1]))
    assert trace[-1] - trace[stopped] <= 1.1e-3
    assert stopped > 4000


def test_one_small_step_is_not_enough():
    rule = Stateful(1e-3, 1)
    trace = [0.0, 1.0, 1.00001]
    assert not rule.reached(trace)
    assert not rule.reached([*trace, 2.0])


def test_unknown_and_growing_gains_mean_infinite_remaining():
    rule = Stateful(1e-3, 1)
    assert rule.remaining([1.0, 2.0]) == math.inf
    assert rule.remaining([1.0, 2.0, 4.0]) == math.inf


def test_going_up_and_down_is_rounding_and_stops():
    rng = np.random.default_rng(0)
    trace = list(-100.0 + 1e-3 * rng.standard_normal(100))
    rule = Stateful(1e-6, 1)
    # A net gain over the window by chance delays the stop, not for long.
    assert any(rule.reached(trace[:end]) for end in range(1, 60))
    climbing = [i + 1e-3 * noise for i, noise in enumerate(rng.standard_normal(100))]
    rule = Stateful(1e-6, 1)
    assert not any(rule.reached(climbing[:end]) for end in range(1, 100))


def test_zero_tolerance_never_stops_and_rounding_noise_does():
    noise = [-100.0, -100.0 + 1e-14, -100.0, -100.0]
    never, some = Stateful(0.0, 1), Stateful(1e-9, 1)
    for end in range(3, 5):
        assert not never.reached(noise[:end])
        some.reached(noise[:end])
    assert some.reached(noise)
    falling = [1.0, 0.9, 0.95, 0.8] * 5
    assert not any(Stateful(0.0, 1).reached(falling[:end]) for end in range(1, 20))
    never = Stateful(0.0, 1)
    assert not any(never.reached(falling[:end]) for end in range(1, 20))


@pytest.mark.parametrize("tol", [0.0, 1e-12, 1e-6, 1e-2, 10.0])
def test_what_is_surely_far_is_what_the_prediction_says(tol):
    rng = np.random.default_rng(0)
    gains = rng.standard_normal((2, 4000)) * 10.0 ** rng.uniform(-18, 6, (2, 4000))
    values = np.cumsum(np.vstack([rng.normal(size=4000), np.abs(gains[:1]), gains[1:]]), axis=0)
    rule, slowest = AitkenRule(tol, np.full(1, 150.0)), rng.choice([0.0, 0.9], 4000)
    for g in range(4000):
        recent = Recent.of_trace(values[:, g].tolist())
        near = rule._near(recent, rule.tol * rule.n, slowest[g])
        assert near == (rule.remaining(recent, slowest[g]) < rule.tol * rule.n)


@pytest.mark.parametrize("init_params", ["kmeans", "race"])
def test_interrupted_as_it_ends_a_fit_is_not_lost(monkeypatch, init_params):
    """One fit, or the last of several that climb together."""
    end = Climbers.end

    def interrupted(self, verdicts):
        if end(self, verdicts) is not None and not len(self):
            raise KeyboardInterrupt

    monkeypatch.setattr(Climbers, "end", interrupted)
    X = np.random.default_rng(0).normal(size=(60, 2))
    model = GaussianMixture(2, init_params=init_params, random_state=0)
    with pytest.raises(FitInterrupted):
        model.fit(X)
    assert np.isfinite(model.means_).all()
    assert set(model.predict(X)) <= {0, 1}
