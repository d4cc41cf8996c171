"""Rows that float64 can hardly tell apart beside others: a fit, or a clear error."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import numpy as np
import pytest

from gaussmix import DataError, GaussianMixture, GaussianMixtureIC
from gaussmix.starts import list_starts
from gaussmix.starts.centers import distinct_rows, nearest, plus_plus


def cases():
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(30, 2))
    return {
        "0 to 9, and 1e20": np.r_[np.arange(10.0), 1e20][:, None],
        "0 to 9, and a filler": np.r_[np.arange(10.0), 9.96921e36][:, None],
        "steps of 1e-30, and 1": np.r_[1e-30 * np.arange(5), 1.0][:, None],
        "1e-9 beside 1e9": np.r_[rng.normal(size=12) * 1e-9, rng.normal(size=12) * 1e9][:, None],
        "lognormal": np.exp(20 * rng.normal(size=(20, 1))),
        "lognormal, two columns": np.exp(50 * rng.normal(size=(40, 2))),
        "a far row": np.r_[normal, [[1e100, 1e-3]]],
        "steps of rounding": 1.0 + np.finfo(float).eps * rng.integers(0, 9, size=(30, 2)),
        "large": 1e130 * normal,
        "small": 1e-130 * normal,
        "far beyond": 1e150 * normal,
        "columns apart": normal * [1e120, 1e-120],
        "far from 0": 1e15 + rng.integers(0, 9, size=(30, 2)),
        "ties": rng.integers(0, 2, size=(40, 3)).astype(float),
        "Cauchy": rng.standard_cauchy(size=(30, 3)) ** 9,
    }


CASES = cases()


@contextmanager
def numpy_silent():
    """Ours may warn, NumPy must not."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


@pytest.mark.parametrize("init_params", list_starts())
@pytest.mark.parametrize("case", CASES)
def test_every_start_fits_them_or_refuses_them_clearly(case, init_params):
    X = CASES[case]
    for n_components in (2, 3, 7, 14):
        model = GaussianMixture(n_components, init_params=init_params, random_state=0, max_iter=5)
        with numpy_silent():
            try:
                model.fit(X)
            except DataError:
                continue
            assert np.isfinite(model.lower_bound_)
            assert set(model.predict(X)) <= set(range(n_components))


@pytest.mark.parametrize("init_params", list_starts())
@pytest.mark.parametrize("case", ["0 to 9, and 1e20", "1e-9 beside 1e9", "lognormal"])
def test_searches_of_them_say_what_they_leave_out(case, init_params):
    X = CASES[case]
    search = GaussianMixtureIC(range(1, 10), init_params=init_params, random_state=0)
    with numpy_silent():
        try:
            search.fit(X)
        except DataError:
            return
    assert np.isfinite(search.criterion_)


def test_k_means_plus_plus_draws_rows_that_differ():
    rng = np.random.default_rng(0)
    for X in (
        np.r_[np.arange(12.0) * 1e-9, np.arange(12.0) * 1e9 + 1e9][:, None],
        np.r_[np.arange(8.0) * 1e-200, 1.0][:, None],  # squares of differences vanish
        np.repeat(np.arange(3.0), 4)[:, None],
    ):
        weights = np.linspace(1.0, 2.0, len(X))
        n_distinct = len(np.unique(X))
        centers = plus_plus(X, weights, n_distinct, 20, rng)
        for own in centers:
            assert len(np.unique(own)) == n_distinct
        assert plus_plus(X, weights, len(X), 2, rng).shape == (2, len(X), 1)


def test_as_many_rows_are_drawn_as_are_asked_for():
    rng = np.random.default_rng(0)
    X = np.repeat(np.arange(3.0), 4)[:, None]
    found = distinct_rows(X, np.ones(12), 5, 30, rng)
    assert found.shape == (30, 5, 1)
    assert all(len(np.unique(own)) == 3 for own in found)
    assert nearest(X, found).shape == (30, 12)
