"""Which of the optima is returned: what foretells rows, not what fits them closest."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from gaussmix import CollapseWarning, GaussianMixture, GaussianMixtureIC, ParameterError
from gaussmix.components.statistics import SufficientStatistics
from gaussmix.mixture.leave_one_out import Estimated, LeaveOneOutFold
from gaussmix.rows import MemorySource
from gaussmix.rows.spread import Quantiles, brought_in, resolutions
from tests.variants import FAMILIES, blobs

IRIS = load_iris()
# What a tied family's estimate shares of a row is spread over components as an average.
EXACT = {"VVV", "VVI", "VII"}


def fitted(X, k=3, **options):
    return GaussianMixture(k, **{"random_state": 0, **options}).fit(X)


def estimated(model):
    result = model.result_
    return Estimated(result.mixture.parameters, result.statistics.counts, result.family)


def left_out(models, X, weights=None, **options):
    fold = LeaveOneOutFold(
        [estimated(m) for m in models],
        float(len(X) if weights is None else weights.sum()),
        log_volume=1e6,  # no row counts as one of the background
    )
    return MemorySource(X, weights, **options).reduce(fold)


def one_by_one(model, X):
    """The same by estimating anew without each row's responsibilities."""
    family, R = model.result_.family, model.predict_proba(X)
    before, total = model.mixture_.covariances, 0.0
    for i in range(len(X)):
        without = R.copy()
        without[i] = 0.0
        found = family.gathered(
            SufficientStatistics.from_responsibilities(
                X, without, family.held.moment, np.ones(len(X))
            )
        )
        dense = family.estimate(found, before).to_dense()
        shares = np.log(found.counts / found.counts.sum())
        logs = [
            multivariate_normal(m, c).logpdf(X[i]) for m, c in zip(found.means, dense, strict=True)
        ]
        total += logsumexp(shares + logs)
    return total


# -- leaving rows out -------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_rows_are_left_out_as_if_estimated_without_them(family):
    X = IRIS.data
    model = fitted(X, covariance_type=family, init_params="kmeans", tol=1e-13)
    found = left_out([model], X).log_likelihood[0]
    exact, whole = one_by_one(model, X), model.result_.log_likelihood
    if family.name in EXACT:
        assert found == pytest.approx(exact, abs=1e-5)
    assert whole - found == pytest.approx(whole - exact, rel=0.12)


def test_a_row_of_weight_three_is_three_rows():
    X, _ = blobs(n=80, d=2, separation=2.0)
    weights = np.random.default_rng(0).integers(1, 4, len(X)).astype(float)
    rows = np.repeat(X, weights.astype(int), axis=0)
    model = fitted(rows, 2, init_params="kmeans")
    weighted, repeated = left_out([model], X, weights), left_out([model], rows)
    for name in ("n", "log_likelihood", "entropy", "certainty", "products"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-13)


def test_blocks_and_threads_add_up():
    X, _ = blobs(n=3000, d=3, separation=1.0)
    models = [fitted(X, 3, init_params="kmeans", random_state=s, max_iter=3) for s in range(3)]
    whole, parts = left_out(models, X), left_out(models, X, n_jobs=2, block_rows=256)
    for name in ("log_likelihood", "entropy", "certainty", "products"):
        np.testing.assert_allclose(
            getattr(parts, name), getattr(whole, name), rtol=1e-9, atol=1e-13
        )
    gain, error = whole.gain(0, 1)
    assert whole.gain(1, 0) == (pytest.approx(-gain), pytest.approx(error))


# -- choices ------------------------------------------------------------------------------------


def test_petals_are_the_species_and_not_the_highest_likelihood():
    X = IRIS.data[:, 2:]
    default, highest = fitted(X), fitted(X, select="likelihood")
    assert highest.result_.log_likelihood == pytest.approx(-134.14, abs=0.01)
    assert default.result_.log_likelihood == pytest.approx(-135.31, abs=0.01)
    assert adjusted_rand_score(IRIS.target, default.predict(X)) > 0.9
    assert adjusted_rand_score(IRIS.target, highest.predict(X)) < 0.6


@pytest.mark.parametrize("columns", [[0, 1], [2, 3], [0, 1, 2, 3]])
def test_optima_say_what_was_found(columns):
    model = fitted(IRIS.data[:, columns])
    (chosen,) = [own for own in model.result_.optima if own.chosen]
    assert chosen.log_likelihood == pytest.approx(model.result_.log_likelihood, abs=0.01)
    assert chosen.leave_one_out < chosen.log_likelihood
    assert chosen.icl >= model.bic(IRIS.data[:, columns]) - 0.1
    assert chosen.n == 150 and chosen.collapsed == () and chosen.starts["k-means"] >= 1
    assert chosen.smallest == pytest.approx(150 * model.weights_.min(), rel=0.02)
    assert fitted(IRIS.data[:, columns], select="likelihood").result_.optima == ()


def test_a_sliver_of_some_flowers_is_named():
    X = IRIS.data[:, :2]
    assert any("sliver" in text for text in fitted(X, select="likelihood").result_.notices())
    model = fitted(X)
    assert not any("sliver" in text for text in model.result_.notices())
    assert "another optimum" in str(model.result_.summary())


def test_of_many_rows_the_highest_likelihood_is_chosen():
    X, _ = blobs(n=6000, d=2, separation=1.5)
    assert fitted(X).mixture_ == fitted(X, select="likelihood").mixture_


def test_of_several_starts_one_is_chosen_the_same_way():
    X = IRIS.data[:, 2:]
    options = {"init_params": "random_from_data", "n_init": 12}
    by_rule, highest = fitted(X, **options), fitted(X, **options, select="likelihood")
    assert highest.lower_bound_ >= by_rule.lower_bound_ - 1e-9
    assert by_rule.result_.optima
    cell = GaussianMixtureIC(3, families="VVV", random_state=0, **options).fit(X)
    assert cell.lower_bound_ == pytest.approx(by_rule.lower_bound_, abs=1e-5)


def test_an_unknown_choice_is_refused():
    with pytest.raises(ParameterError, match=r"select: unknown choice 'best'\. Known: likelihood"):
        fitted(IRIS.data, select="best")


# -- held covariances -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [60, 3000])
@pytest.mark.parametrize("code", [-9.0, 0.0, 255.0])
def test_rows_of_one_tied_value_are_a_component(n, code):
    rng = np.random.default_rng(0)
    tied = np.c_[rng.normal(4, 3, n // 3), np.full(n // 3, code)]
    X = np.vstack([rng.normal(0, 1, (n, 2)), rng.normal(8, 1, (n, 2)), tied])
    truth = np.repeat([0, 1, 2], [n, n, n // 3])
    with pytest.warns(CollapseWarning, match=rf"tied values, column 1 = {code:g} in all its rows"):
        model = fitted(X)
    assert adjusted_rand_score(truth, model.predict(X)) > 0.95


def test_two_rows_in_a_line_are_no_reason_to_collapse():
    X, _ = blobs(n=300, d=2, separation=2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        for seed in range(5):
            fitted(X, random_state=seed)


# -- scales that some far rows do not set -----------------------------------------------------


@pytest.mark.parametrize("far", [1e3, 1e7, 1e9, 1e12])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
@pytest.mark.parametrize("n", [60, 4000])
def test_one_far_row_leaves_the_clusters_as_they_are(far, covariance_type, n):
    rng = np.random.default_rng(1)
    X = np.vstack([rng.normal(0, 1, (n, 2)), rng.normal(8, 1, (n, 2))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        model = fitted(np.vstack([X, [far, far]]), covariance_type=covariance_type)
    truth = np.repeat([0, 1], n)
    assert adjusted_rand_score(truth, model.predict(X)) > 0.95
    deviations = np.sqrt(model.mixture_.covariances.variances())
    assert 0.8 < np.median(deviations) < 1.2


def spreads(X, weights=None):
    return Quantiles(X, np.ones(len(X)) if weights is None else weights).spreads


def test_spreads_and_resolutions_are_of_most_rows():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(4000, 3)) * [1.0, 1e-8, 1e8]
    np.testing.assert_allclose(spreads(X), X.var(axis=0), rtol=0.2)
    far = np.vstack([X, np.full((3, 3), 1e30)])
    np.testing.assert_allclose(spreads(far), spreads(X), rtol=0.2)
    rounded = np.round(rng.normal(size=(500, 2)) * [3.0, 0.5], 1) * [1.0, 100.0]
    np.testing.assert_allclose(resolutions(rounded, spreads(rounded)), [0.01 / 12, 100.0 / 12])
    tied = np.where(np.arange(100) < 60, 0.0, rng.normal(size=100))[:, None]
    assert spreads(tied)[0] > 0.1
    assert spreads(np.ones((5, 1)))[0] == resolutions(np.ones((5, 1)), np.zeros(1))[0] == 0


def test_quantiles_of_weighted_rows_are_those_of_repeated_rows():
    rng = np.random.default_rng(3)
    X, weights = rng.normal(size=(60, 2)), rng.integers(1, 5, 60)
    weighted = Quantiles(X, weights.astype(float))
    repeated = Quantiles(np.repeat(X, weights, axis=0), np.ones(weights.sum()))
    shares = [0.01, 0.2, 0.5, 0.77, 0.99]
    np.testing.assert_array_equal(weighted.of(shares), repeated.of(shares))
    np.testing.assert_array_equal(weighted.near, repeated.near)


def test_far_values_are_brought_in():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(4000, 3))
    far = np.vstack([X, np.full((3, 3), 1e30)])
    limits = Quantiles(far, np.ones(len(far))).near
    rows, places = brought_in(far, limits)
    assert np.abs(rows).max() < 1e3 and places.tolist() == [4000, 4001, 4002]
    assert brought_in(X, limits)[0] is X
