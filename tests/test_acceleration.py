"""Leaps are faster, never lower, and end where EM ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix import GaussianMixture
from gaussmix.moments import NORM, PRODUCTS, SQUARES
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
    with pytest.raises(np.linalg.LinAlgError):
        moment.coordinates(0 * covariances)
