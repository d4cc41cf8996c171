"""Starts that are given: a mixture of any structure begins a fit of any family."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gaussmix import GaussianMixture, GaussianMixtureIC, ParameterError, Stepwise
from tests.variants import FAMILIES, STRUCTURES, blobs, random_mixture

SHAPES = [(structure, shared) for structure in STRUCTURES for shared in (False, True)]
OPTIONS = [
    {},
    {"prior": "conjugate"},
    {"reg_covar": 1e-3},
    {"noise": 0.05},
    {"prior": "conjugate", "noise": 0.05, "reg_covar": 1e-3},
]
every_shape = pytest.mark.parametrize(("structure", "shared"), SHAPES)
every_family = pytest.mark.parametrize("family", FAMILIES, ids=repr)


def has_prior(family):
    try:
        family.prior_counts(np.ones(2), 5.0, 3)
    except ParameterError:
        return False
    return True


@every_family
@every_shape
def test_a_mixture_of_any_structure_begins_a_fit_of_any_family(family, structure, shared):
    X, _ = blobs(n=120)
    start = random_mixture(structure, shared=shared)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    for options in OPTIONS:
        if "prior" in options and not has_prior(family):
            continue
        given = {"covariance_type": family, "init_params": start, **options}
        begun = GaussianMixture(3, max_iter=0, **given)
        model = GaussianMixture(3, max_iter=4, **given)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            begun.fit(X, sample_weight=weights)
            model.fit(X, sample_weight=weights)
        for own in (begun, model):
            held = own.mixture_.covariances
            assert (type(held), held.shared) == (family.held, family.shared)
            assert np.isfinite(own.lower_bounds_).all()
        if "noise" not in options:
            again = GaussianMixture(3, **{**given, "init_params": begun.mixture_, "max_iter": 0})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert again.fit(X).mixture_ == begun.mixture_  # of the family: to the bit
            is_alike = (structure, shared) == (family.held, family.shared)
            assert not (is_alike and family.free) or begun.mixture_ == start
        if not options:
            trace = np.array(model.lower_bounds_)
            assert np.diff(trace).min() >= -1e-9 * np.abs(trace).max()


@every_shape
def test_what_is_lost_of_a_start_is_least(structure, shared):
    X, _ = blobs(n=120)
    start = random_mixture(structure, shared=shared)
    dense, weights = start.covariances.to_dense(), start.weights

    def begun(name):
        model = GaussianMixture(3, covariance_type=name, init_params=start, max_iter=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(X).covariances_

    variances = np.diagonal(dense, axis1=1, axis2=2)
    np.testing.assert_allclose(begun("full"), dense)
    np.testing.assert_allclose(begun("diag"), variances)
    np.testing.assert_allclose(begun("spherical"), variances.mean(axis=1))
    np.testing.assert_allclose(begun("tied"), np.tensordot(weights, dense, 1))


@every_family
@every_shape
def test_streams_begin_with_a_mixture_of_any_structure(family, structure, shared):
    X, _ = blobs(n=200)
    start = random_mixture(structure, shared=shared)
    model = GaussianMixture(3, covariance_type=family, init_params=start)
    model.set_params(stepwise=Stepwise(batch_rows=50))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in np.array_split(X, 4):
            model.partial_fit(block)
    assert np.isfinite(model.score(X))


@every_shape
def test_searches_begin_with_a_mixture_of_any_structure(structure, shared):
    X, _ = blobs(n=150)
    start = random_mixture(structure, shared=shared)
    search = GaussianMixtureIC([3], init_params=start, max_iter=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X)
    assert len(search.results_) == len(FAMILIES)
    for family in FAMILIES:
        own = GaussianMixture(3, covariance_type=family, init_params=start, max_iter=5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            own.fit(X)
        row = next(r for r in search.results_ if r["family"] == family.name)
        assert row["bic"] == pytest.approx(own.bic(X), rel=1e-9)
