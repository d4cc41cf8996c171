"""Measurement errors and projections wherever rows come from: streams, sites, under classes."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from gaussmix import BayesianGaussianMixture, GaussianMixture, StudentMixture, SufficientStatistics
from gaussmix.exceptions import DataError, ParameterError
from gaussmix.federated import Coordinator, Site

N = 6000
rng = np.random.default_rng(0)
LABELS = rng.integers(2, size=N)
TRUE = np.array([[-3.0, 0.0], [3.0, 0.0]])[LABELS] + rng.standard_normal((N, 2))
XERR = rng.uniform(0.2, 3.0, size=(N, 2))
X = TRUE + np.sqrt(XERR) * rng.standard_normal((N, 2))
SPACE = np.column_stack([TRUE, 0.5 * rng.standard_normal(N)])
R = rng.standard_normal((N, 2, 3))
Y = np.einsum("nij,nj->ni", R, SPACE) + 0.3 * rng.standard_normal((N, 2))


def blocks(size):
    return [slice(first, first + size) for first in range(0, N, size)]


# -- streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [GaussianMixture, BayesianGaussianMixture])
def test_a_stream_of_measured_rows_leads_to_the_fit_of_all(kind):
    model = kind(2, random_state=0)
    for block in blocks(500):
        model.partial_fit(X[block], Xerr=XERR[block])
    whole = kind(2, random_state=0).fit(X, Xerr=XERR)
    order = np.argsort(model.means_[:, 0])
    np.testing.assert_allclose(model.means_[order, 0], [-3, 3], atol=0.15)
    np.testing.assert_allclose(np.diagonal(model.covariances_, 0, 1, 2), 1.0, atol=0.25)
    assert model.score(X, Xerr=XERR) == pytest.approx(whole.score(X, Xerr=XERR), abs=0.01)
    assert model.n_samples_seen_ == N


def test_blocks_may_be_measured_in_different_ways():
    model = GaussianMixture(2, random_state=0)
    for number, block in enumerate(blocks(50)):  # many wait for the first fit
        given = [
            {"X": X[block], "Xerr": XERR[block]},
            {"X": TRUE[block]},
            {"X": X[block], "Xerr": XERR[block][:, :, None] * np.eye(2)},
            {"X": TRUE[block] + rng.standard_normal((50, 2)), "Xerr": [1.0, 1.0]},
        ]
        model.partial_fit(**given[number % 4])
    np.testing.assert_allclose(np.sort(model.means_[:, 0]), [-3, 3], atol=0.15)
    np.testing.assert_allclose(np.diagonal(model.covariances_, 0, 1, 2), 1.0, atol=0.2)


def test_the_first_fit_of_a_stream_is_that_of_its_rows():
    size = 2000  # enough for a first fit
    start = GaussianMixture(2, random_state=0).fit(X[:100]).mixture_
    model = GaussianMixture(2, init_params=start)
    for first in range(0, size, 200):
        block = slice(first, first + 200)
        matrices = XERR[block] if first else XERR[block][:, :, None] * np.eye(2)
        model.partial_fit(X[block], Xerr=matrices)
        if hasattr(model, "mixture_"):
            break
    seen = model.n_samples_seen_
    expected = GaussianMixture(2, init_params=start).fit(X[:seen], Xerr=XERR[:seen])
    assert model.mixture_.allclose(expected.mixture_, rtol=1e-8)


def test_a_stream_of_projections_finds_what_they_are_of():
    model = GaussianMixture(2, random_state=0)
    for block in blocks(300):
        model.partial_fit(Y[block], Xerr=[0.09, 0.09], projection=R[block])
    model.partial_fit(Y[:1], Xerr=[0.09, 0.09], projection=R[:1])
    np.testing.assert_allclose(model.means_, [[-3, 0, 0], [3, 0, 0]], atol=0.15)
    widths = np.diagonal(model.covariances_, 0, 1, 2)
    np.testing.assert_allclose(widths, [[1, 1, 0.25]] * 2, atol=0.15)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"Xerr": XERR[:10]}, r"Xerr: shape \(10, 2\); expected \(100, 2\)"),
        ({"Xerr": -XERR[:100]}, "Xerr: variances .*are negative in 100 rows"),
        ({"projection": np.ones((2, 3))}, "projection: has 3 columns, but the mixture is of 2"),
    ],
)
def test_a_block_that_cannot_be_leaves_a_stream_as_it_was(given, told):
    model = GaussianMixture(2, random_state=0).fit(X[:500], Xerr=XERR[:500])
    before = model.mixture_
    with pytest.raises(DataError, match=told):
        model.partial_fit(X[:100], **given)
    assert model.mixture_ == before
    with pytest.raises(ParameterError, match="Xerr: measurement errors are for normal"):
        StudentMixture(2).partial_fit(X[:100], Xerr=XERR[:100])


# -- sites ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("projects", [False, True])
def test_sites_with_errors_lead_to_the_fit_of_all_rows(projects):
    def own(every):
        if projects:
            return Y[every], {"Xerr": [0.09, 0.09], "projection": R[every]}
        return X[every], {"Xerr": XERR[every]}

    first, errors = own(slice(0, 200))
    start = GaussianMixture(2, random_state=0).fit(first, **errors).mixture_
    sites = []
    for place in range(3):
        rows, errors = own(slice(place, 600, 3))
        sites.append(Site(rows, **errors))

    def merged(parts):
        return reduce(SufficientStatistics.merge, parts)

    totals = merged(site.totals for site in sites)
    fit = Coordinator(start, totals, measured=True)
    while not fit.done:
        fit.update(merged(site.statistics(fit.mixture) for site in sites))
    rows, errors = own(slice(0, 600))
    whole = GaussianMixture(2, init_params=start).fit(rows, **errors)
    assert fit.result.log_likelihood == pytest.approx(whole.lower_bound_ * 600, rel=1e-9)
    assert fit.mixture.allclose(whole.mixture_, rtol=1e-5)
    if not projects:
        fit, found = Coordinator(start, totals), merged(site.statistics(start) for site in sites)
        with pytest.raises(ParameterError, match="measured=True"):
            fit.update(found)
