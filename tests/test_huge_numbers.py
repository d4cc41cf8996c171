"""Numbers beyond float64, or so near its limits that squares are, get a message."""

from __future__ import annotations

import warnings
from contextlib import suppress

import numpy as np
import pytest

from gaussmix import (
    Checkpoint,
    ConjugatePrior,
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
    Stepwise,
)
from gaussmix.exceptions import GaussmixError
from gaussmix.federated import Coordinator, Site, next_mixture
from gaussmix.hierarchy import agglomerate
from tests.variants import blobs

X, LABELS = blobs(n=60, d=2)
MIXTURE = Mixture([0.5, 0.5], [[0.0, 0.0], [3.0, 3.0]], [1.0, 1.0], covariance_type="spherical")
# Python writes no integer of more than 4300 digits.
BEYOND = [10**400, -(10**400), 10**5000, np.inf, np.nan]
NEAR = [1e308, -1e308, 1e300, 1e200, 1e150, 1e120, 1e-160, 1e-300]


def fit(**options):
    options = {"n_components": 2, "random_state": 0, "max_iter": 2, **options}
    return GaussianMixture(**options).fit(X)


def search(**options):
    options = {"n_components": [2], "families": ["VVV", "EII"], "random_state": 0, **options}
    return GaussianMixtureIC(**options).fit(X)


def streamed(**options):
    model = GaussianMixture(2, random_state=0, stepwise=Stepwise(**{"batch_rows": 30, **options}))
    return model.partial_fit(X).partial_fit(X)


def matrix(value):
    return [[value, 0.0], [0.0, 1.0]]


ARGUMENTS = {
    "tol": lambda v: fit(tol=v),
    "reg_covar": lambda v: fit(reg_covar=v),
    "reg_covar of a tied family": lambda v: fit(reg_covar=v, covariance_type="EEV"),
    "noise": lambda v: fit(noise=v),
    "weights_init": lambda v: fit(weights_init=[v, 1.0]),
    "means_init": lambda v: fit(means_init=[[v, 0.0], [0.0, 0.0]]),
    "precisions_init": lambda v: fit(precisions_init=[matrix(v), matrix(1.0)]),
    "init_params": lambda v: fit(init_params=[v] * len(X)),
    "responsibilities": lambda v: fit(init_params=[[v, 0.0]] * len(X)),
    "mean of a start": lambda v: fit(init_params=Mixture([0.5, 0.5], [[v, 0], [0, 0]], [1, 1.1])),
    "shrinkage": lambda v: fit(prior=ConjugatePrior(shrinkage=v)),
    "dof": lambda v: fit(prior=ConjugatePrior(dof=v)),
    "prior mean": lambda v: fit(prior=ConjugatePrior(mean=[v, v])),
    "prior scale": lambda v: fit(prior=ConjugatePrior(scale=v)),
    "prior scale matrix": lambda v: fit(prior=ConjugatePrior(scale=matrix(v))),
    "X": lambda v: GaussianMixture(1).fit([[1.0], [v], [3.0]]),
    "X, two components": lambda v: GaussianMixture(2).fit([[1.0], [v], [3.0], [4.0]]),
    "X of a stream": lambda v: GaussianMixture(2).partial_fit([[v, 1.0]]),
    "X of a callable": lambda v: GaussianMixture(2).fit(lambda: iter([[[v], [1.0], [2.0]]])),
    "X of a site": lambda v: Site([[v], [1.0]]),
    "X of a hierarchy": lambda v: agglomerate([[v, 1.0], [2.0, 3.0], [4.0, 5.0]]),
    "sample_weight": lambda v: GaussianMixture(1).fit(X, sample_weight=[v] * len(X)),
    "one sample_weight": lambda v: GaussianMixture(1).fit(X, sample_weight=v),
    "exponent": lambda v: streamed(exponent=v),
    "delay": lambda v: streamed(delay=v),
    "memory": lambda v: streamed(memory=v),
    "checkpoint": lambda v: Checkpoint("never", seconds=v),
    "weights": lambda v: Mixture([v], [[1.0]], [1.0]),
    "means": lambda v: Mixture([1.0], [[v]], [1.0]).logpdf([[1.0]]),
    "covariances": lambda v: Mixture([1.0], [[1.0]], [v]).logpdf([[1.0]]),
    "values": lambda v: MIXTURE.conditional(0, v),
    "rows": lambda v: MIXTURE.logpdf([[v, 0.0]]),
    "coordinator, tol": lambda v: Coordinator(MIXTURE, Site(X).totals, tol=v),
    "coordinator, reg_covar": lambda v: Coordinator(MIXTURE, Site(X).totals, reg_covar=v),
    "next": lambda v: next_mixture(
        Site(X, "spherical").statistics(MIXTURE), MIXTURE, "spherical", reg_covar=v
    ),
    "search, reg_covar": lambda v: search(reg_covar=v),
}
# 0 or a large enough number of these is as good as any.
COUNTS = {
    "n_components": lambda v: fit(n_components=v),
    "max_iter": lambda v: fit(max_iter=v),
    "n_init": lambda v: fit(n_init=v),
    "verbose_interval": lambda v: fit(verbose_interval=v),
    "n_jobs": lambda v: fit(n_jobs=v),
    "passes": lambda v: Checkpoint("never", passes=v),
    "batch_rows": lambda v: Stepwise(batch_rows=v),
    "n_samples": MIXTURE.sample,
    "columns": lambda v: MIXTURE.marginal([v]),
    "order": lambda v: MIXTURE.reorder([v, 0]),
    "labels": lambda v: agglomerate(X[:5]).labels(v),
    "search, n_components": lambda v: search(n_components=[v]),
    "search, cv": lambda v: search(cv=v, criterion="cv"),
    "random_state": lambda v: fit(random_state=v) if v != v or v < 0 else fit(random_state="x"),
    "dtype": lambda v: fit(dtype=v),
    "covariance_type": lambda v: fit(covariance_type=v),
}


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_a_number_beyond_float64_is_refused(argument):
    # In a row NaN says that a value is missing.
    for value in BEYOND[:4] if argument == "rows" else BEYOND:
        with pytest.raises(GaussmixError) as caught:
            ARGUMENTS[argument](value)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("value", NEAR)
def test_a_number_near_the_limits_is_used_or_refused(argument, value):
    with warnings.catch_warnings(), suppress(GaussmixError):
        warnings.simplefilter("ignore", UserWarning)
        found = ARGUMENTS[argument](value)
        if hasattr(found, "lower_bound_"):
            assert np.isfinite(found.lower_bound_)


@pytest.mark.parametrize("value", BEYOND[:4], ids=["large", "negative", "digits", "infinite"])
@pytest.mark.parametrize("argument", COUNTS)
def test_a_count_beyond_all_is_refused(argument, value):
    if argument == "n_jobs" and value == BEYOND[1]:
        return  # all cores but more than there are
    with pytest.raises(GaussmixError):
        COUNTS[argument](value)


def test_counts_that_no_data_have_are_refused_and_no_memory_is_asked_for():
    for count in (2**40, 2**62, np.int64(2**62)):
        with pytest.raises(GaussmixError, match="n_components"):
            fit(n_components=count)
        assert fit(max_iter=count, tol=1.0).converged_
