"""Leaps are faster, never lower, and end where EM ends."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix import GaussianMixture
from gaussmix.components.moments import NORM, PRODUCTS, SQUARES
from gaussmix.em.coordinates import from_vectors, lengths, metric, to_vectors
from gaussmix.em.leaps import _differences, _extrapolate
from tests.variants import FAMILIES, blobs, run

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)

MCLUST = json.loads((Path(__file__).parent / "data" / "mclust.json").read_text())
IRIS_FITS = [
    pytest.param(name, fit, id=f"{name}-{fit['model']}-{fit['G']}")
    for name in ("iris", "iris_sepal")
    for fit in MCLUST[name]["fits"]
]


@every_family
@given(seed=st.integers(0, 1000))
def test_leaps_never_lower_the_log_likelihood(family, seed):
    X, labels = blobs(n=120, d=2, seed=seed, separation=0.8)
    result = run(X, labels, family, tol=1e-8, max_iter=300, accelerate=True)
    trace = np.array(result.history.log_likelihood)
    # Next to a singular covariance the rounding of plain steps is that large too.
    assert np.diff(trace).min() >= -1e-7 * abs(trace[-1])


@every_family
def test_leaps_need_fewer_passes_for_the_same_height(family):
    X, labels = blobs(n=400, d=2, seed=3, separation=0.7)
    plain = run(X, labels, family, tol=1e-7, max_iter=20_000)
    fast = run(X, labels, family, tol=1e-7, max_iter=20_000, accelerate=True)
    passes = fast.n_iter + fast.history.rejected
    assert plain.n_iter < 60 or passes < 0.7 * plain.n_iter
    assert fast.log_likelihood >= plain.log_likelihood - 1e-5 * len(X)


def test_most_slow_fits_are_several_times_shorter():
    passes = np.array(
        [
            (run(X, labels, f, tol=1e-7, max_iter=20_000, accelerate=a).n_iter)
            for f in FAMILIES
            for X, labels in [blobs(n=400, d=2, seed=3, separation=0.7)]
            for a in (False, True)
        ]
    ).reshape(-1, 2)
    slow = passes[:, 0] > 150
    assert slow.sum() >= 3
    assert np.median(passes[slow, 1] / passes[slow, 0]) < 0.5


@pytest.mark.parametrize(("name", "fit"), IRIS_FITS)
def test_iris_from_given_labels_has_the_same_optimum_with_and_without(name, fit):
    X = np.array(MCLUST[name]["rows"])
    labels = np.array(MCLUST[name]["starts"][str(fit["G"])]) - 1
    both = [
        GaussianMixture(
            fit["G"],
            covariance_type=fit["model"],
            init_params=labels,
            tol=1e-9,
            max_iter=20_000,
            accelerate=accelerate,
        ).fit(X)
        for accelerate in (False, True)
    ]
    plain, fast = (model.result_ for model in both)
    if plain.collapsed or fast.collapsed:
        pytest.skip("collapsed: its log-likelihood says nothing")
    assert fast.log_likelihood >= plain.log_likelihood - 1e-5


def test_acceleration_can_be_switched_off_and_is_with_reg_covar():
    X, _ = blobs(n=300, d=2, seed=1, separation=0.7)
    slow, fast, held = (
        GaussianMixture(3, random_state=0, tol=0, max_iter=40, **options).fit(X)
        for options in ({"accelerate": False}, {}, {"reg_covar": 1e-9})
    )
    assert len(slow.lower_bounds_) == 41
    assert fast.lower_bound_ > slow.lower_bound_
    np.testing.assert_allclose(held.means_, slow.means_, atol=1e-5)


@pytest.mark.parametrize("moment", [PRODUCTS, SQUARES, NORM], ids=["products", "squares", "norm"])
def test_coordinates_of_covariances_are_unconstrained_and_exact(moment):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4, 30, 3)) * [1.0, 100.0, 1e-3]
    covariances = np.stack([moment.of_rows(r.copy(), np.ones(30)) for r in rows])
    points = moment.coordinates(covariances)
    np.testing.assert_allclose(moment.from_coordinates(points, 3), covariances, rtol=1e-12)
    anywhere = moment.from_coordinates(rng.normal(size=points.shape), 3)
    assert np.linalg.eigvalsh(anywhere).min() > 0 if moment is PRODUCTS else (anywhere > 0).all()
    some = covariances * np.reshape([1, 0, 1, 1], (4,) + (1,) * moment.n_axes)
    finite = np.isfinite(moment.coordinates(some)).all(axis=1)
    np.testing.assert_array_equal(finite, [True, False, True, True])


def steps_of_a_linear_map(rates, start, n_steps):
    """Steps (n_steps, 2, p) of x -> rates * x in turned coordinates, and the turn."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(len(rates), len(rates))))[0]
    points = [turn @ (rates**i * start) for i in range(n_steps + 1)]
    return np.array(list(itertools.pairwise(points))), turn


def extrapolate(several, limits):
    """Leaps from steps (m, 2, p) of fits."""
    length, size = max(map(len, several)), max(steps.shape[2] for steps in several)
    together = np.full((len(several), length, 2, size), np.nan)
    for g, steps in enumerate(several):
        together[g, length - len(steps) :] = 0.0
        together[g, length - len(steps) :, :, : steps.shape[2]] = steps
    return _extrapolate(*_differences(together), limits)


def test_a_leap_goes_where_the_steps_of_a_linear_map_would_end():
    rates = np.array([0.99, 0.9, 0.2])
    steps, _ = steps_of_a_linear_map(rates, np.array([1.0, 2.0, -1.0]), 4)
    ways, lengths, limited = extrapolate([steps], np.array([1e4]))
    np.testing.assert_allclose(steps[-1, 0] + ways[0], 0.0, atol=1e-6)
    assert not limited[0]
    assert 10 < lengths[0] < 100  # between those of the two slow rates


def test_a_leap_goes_away_from_a_saddle_and_no_further_than_its_limit():
    rates = np.array([1.25, 0.5])
    steps, turn = steps_of_a_linear_map(rates, np.array([0.1, 1.0]), 3)
    (free,), _, _ = extrapolate([steps], np.array([100.0]))
    last = turn.T @ steps[-1, 0]
    np.testing.assert_allclose(turn.T @ free, [last[0], -last[1]], atol=1e-9)
    (short,), _, limited = extrapolate([steps], np.array([2.0]))
    np.testing.assert_allclose(turn.T @ short, [2.0 * 0.25 * last[0], -last[1]], atol=1e-9)
    assert limited[0]


def test_leaps_of_several_fits_together_are_those_of_each():
    several = [
        steps_of_a_linear_map(np.array([0.9, 0.5, 0.1]), np.ones(3), 4)[0],
        steps_of_a_linear_map(np.array([0.8, 0.3]), np.ones(2), 3)[0],
    ]
    limits = np.array([50.0, 3.0])
    ways, lengths, limited = extrapolate(several, limits)
    for g, steps in enumerate(several):
        (way,), length, limit = extrapolate([steps], limits[g : g + 1])
        np.testing.assert_allclose(ways[g, : len(way)], way, rtol=1e-9)
        np.testing.assert_allclose(lengths[g], length[0], rtol=1e-9)
        assert limited[g] == limit[0]


@every_family
def test_coordinates_of_statistics_are_exact_and_keep_the_total(family):
    X, labels = blobs(n=90, d=2, seed=2)
    statistics = run(X, labels, family, max_iter=3).statistics
    vectors, finite = to_vectors(statistics)
    scales = metric(statistics)
    assert finite.all()
    assert scales.shape == vectors.shape == (1, *lengths(statistics))
    found, same = from_vectors(vectors, statistics)
    np.testing.assert_allclose(same, vectors, atol=1e-12)
    np.testing.assert_allclose(found.scatters, statistics.scatters, rtol=1e-10)
    moved, there = from_vectors(vectors + 0.5 * scales, statistics)
    assert moved.counts.sum() == pytest.approx(len(X))
    np.testing.assert_allclose(to_vectors(moved)[0], there, atol=1e-9)
