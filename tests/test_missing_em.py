"""Fits to rows with missing values: the likelihood of what is seen, wherever rows come from."""

from __future__ import annotations

import json
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from gaussmix import (
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
)
from gaussmix.em.loop import fit
from gaussmix.em.model import Model
from gaussmix.em.options import Options
from gaussmix.em.problem import Problem
from gaussmix.exceptions import DataError
from gaussmix.fitting.fit import draw, facts_of, summarise
from gaussmix.mixture.datasets import iris
from gaussmix.rows import MemorySource
from gaussmix.rows.filled import filled
from gaussmix.rows.missing import get_missing

from .oracles import incomplete_statistics
from .variants import FAMILIES, blobs, mclust


@lru_cache
def reference():
    return json.loads((Path(__file__).parent / "data" / "missing.json").read_text())


# Those with a start in the reference.
CASES = [
    pytest.param(name, share, number, id=f"{name}-{share}-{own['model']}-{own['K']}")
    for name, masks in reference().items()
    for share, mask in masks.items()
    for number, own in enumerate(mask["fits"])
    if own["K"] == 1 or str(own["K"]) in mask["labels"]
]


def holes(X, share=0.2, seed=0):
    """Rows with values missing completely at random; of the last, nothing is seen."""
    rng = np.random.default_rng(seed)
    found = np.where(rng.uniform(size=X.shape) < share, np.nan, X)
    found[-1] = np.nan
    return found


def referred(name, share, number):
    mask = reference()[name][share]
    X = np.array(mclust()[name]["rows"])
    X.flat[mask["missing"]] = np.nan
    return X, mask["fits"][number], mask["labels"]


@pytest.mark.parametrize(("name", "share", "number"), CASES)
def test_fits_reach_the_reference(name, share, number):
    X, expected, labels = referred(name, share, number)
    k = expected["K"]
    # The reference takes step by step; leaps from these labels lead to another optimum.
    plain = (name, share, expected["model"], k) == ("banknote", "0.1", "EEE", 3)
    start = np.array(labels[str(k)]) - 1 if k > 1 else "kmeans"
    model = GaussianMixture(
        k,
        covariance_type=expected["model"],
        init_params=start,
        missing="em",
        tol=1e-11,
        max_iter=5000,
        accelerate=not plain,
        random_state=0,
    ).fit(X)
    result = model.result_
    assert result.log_likelihood == pytest.approx(expected["loglik"], abs=1e-4)
    assert result.n_parameters == expected["df"]
    scored = model.score(X) * (~np.isnan(X).all(axis=1)).sum()
    assert scored == pytest.approx(result.log_likelihood, rel=1e-12)
    if "weights" in expected:
        order = slice(None) if k > 1 else [0]
        np.testing.assert_allclose(model.weights_[order], expected["weights"], atol=2e-3)
        scale = np.nanstd(X, axis=0)
        np.testing.assert_allclose(model.means_ / scale, expected["means"] / scale, atol=2e-3)


@pytest.mark.parametrize(("name", "share", "number"), [case for case in CASES if "VVV" in case.id])
def test_the_likelihood_of_reference_parameters_and_what_they_impute(name, share, number):
    X, expected, _ = referred(name, share, number)
    mixture = Mixture(
        np.array(expected["weights"]) / np.sum(expected["weights"]),
        expected["means"],
        expected["covariances"],
    )
    tolerance = 1e-6 if np.nanmax(X) < 100 else 1e-4  # of rounded parameters
    assert mixture.logpdf(X).sum() == pytest.approx(expected["loglik"], abs=tolerance)
    imputed, shares = mixture.impute(X), mixture.responsibilities(X)
    for own in expected["impute"]:
        found = imputed[own["row"], own["columns"]]
        np.testing.assert_allclose(found, own["values"], rtol=1e-6)
        np.testing.assert_allclose(shares[own["row"]], own["responsibilities"], atol=1e-6)


def problem_of(X, family, k=2, seed=0, **options):
    source = get_missing("em").admit(MemorySource(X))
    model = Model(k, family)
    summary = summarise(source, family.held.moment)
    data = draw(source, summary, facts_of(source), k, np.random.default_rng(seed))
    return Problem(data, model, Options(**options)).checked()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_likelihood_of_what_is_seen_never_falls(family):
    X = holes(blobs(n=150, d=3, k=2, seed=3)[0], 0.3)
    rng = np.random.default_rng(0)
    start = Mixture([0.5, 0.5], np.nan_to_num(X[[1, 2]]), np.repeat(np.eye(3)[None], 2, axis=0) * 9)
    problem = problem_of(X, family, tol=0.0, max_iter=25, accelerate=False)
    taken = family.taken(start.covariances, start.weights)
    start = Mixture(start.weights, start.means, taken)
    result = fit(problem, start)
    values = np.array(result.history.log_likelihood)
    assert (np.diff(values) > -1e-9 * len(X)).all()
    assert values[-1] > values[0] + 1
    assert result.mixture.logpdf(X[:-1]).sum() == pytest.approx(values[-1], rel=1e-12)
    assert rng is not None


@pytest.mark.parametrize("name", ["EII", "VVI", "EEE", "VEV", "VVV"])
def test_without_missing_values_it_is_the_complete_fit_bit_for_bit(name):
    X = blobs(n=200)[0]
    one, other = (
        GaussianMixture(3, covariance_type=name, missing=word, random_state=0).fit(X)
        for word in ("error", "em")
    )
    assert one.mixture_ == other.mixture_
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_widths_do_not_shrink_with_what_is_missing(share):
    """The trap: what is missing is uncertain, and that belongs to the covariance."""
    rng = np.random.default_rng(0)
    covariance = np.array([[1.0, 0.8, 0.3], [0.8, 2.0, -0.2], [0.3, -0.2, 0.5]])
    X = rng.multivariate_normal(np.zeros(3), covariance, 4000)
    found = GaussianMixture(1, missing="em", tol=1e-6).fit(holes(X, share)).covariances_[0]
    np.testing.assert_allclose(found, np.cov(X.T), atol=0.12)
    assert (np.diagonal(found) > 0.93 * np.diagonal(covariance)).all()


def test_missing_at_random_is_corrected_by_what_is_seen():
    """y is missing where x is large: complete rows mislead, what is seen does not."""
    rng = np.random.default_rng(0)
    X = rng.multivariate_normal([0.0, 0.0], [[1.0, 0.8], [0.8, 1.0]], 4000)
    X[X[:, 0] > 0.3, 1] = np.nan
    dropped, em = (
        GaussianMixture(1, missing=word, tol=1e-8, max_iter=1000).fit(X).means_[0, 1]
        for word in ("drop", "em")
    )
    assert dropped < -0.3
    assert abs(em) < 0.06


def test_answers_are_those_of_the_oracle():
    X = holes(blobs(n=120, d=3)[0])
    mixture = GaussianMixture(3, missing="em", random_state=0).fit(X).mixture_
    *_, value, _, shares, imputed = incomplete_statistics(
        X, np.ones(len(X)), None, mixture.weights, mixture.means, mixture.covariances.values
    )
    np.testing.assert_allclose(mixture.responsibilities(X), shares, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(mixture.impute(X), imputed, rtol=1e-10)
    assert mixture.logpdf(X).sum() == pytest.approx(value, rel=1e-11)
    assert abs(mixture.logpdf(X)[-1]) < 1e-15
    np.testing.assert_allclose(mixture.responsibilities(X)[-1], mixture.weights, rtol=1e-14)
    np.testing.assert_array_equal(mixture.predict(X), shares.argmax(axis=1))


def test_answers_with_a_background_are_those_of_the_oracle():
    X = np.vstack([blobs(n=300, d=2, k=2)[0], np.random.default_rng(0).uniform(-9, 9, (40, 2))])
    X = holes(X)
    model = GaussianMixture(2, noise=0.1, missing="em", random_state=0).fit(X)
    mixture, box = model.mixture_, model.mixture_.noise
    given = mixture.weights, mixture.means, mixture.covariances.values
    *_, value, share, shares, imputed = incomplete_statistics(
        X, np.ones(len(X)), None, *given, (box.weight, box.lower, box.upper)
    )
    found = mixture.responsibilities(X)
    np.testing.assert_allclose(found[:, :2], shares, rtol=1e-9, atol=1e-14)
    some = ~np.isnan(X).all(axis=1)
    assert found[some, 2].sum() == pytest.approx(share, rel=1e-9)
    np.testing.assert_allclose(mixture.impute(X), imputed, rtol=1e-9)
    assert model.score(X) * some.sum() == pytest.approx(value, rel=1e-11)
    assert 0.03 < box.weight < 0.3
    drawn = mixture.impute(X, draws=2, random_state=0)
    assert np.isfinite(drawn).all()


def test_draws_keep_widths_and_what_is_seen():
    X = holes(blobs(n=3000, d=3, k=2)[0], 0.3)
    mixture = GaussianMixture(2, missing="em", random_state=0).fit(X).mixture_
    drawn = mixture.impute(X, draws=5, random_state=0)
    assert drawn.shape == (5, 3000, 3)
    seen = ~np.isnan(X)
    assert (drawn[:, seen] == X[seen]).all()
    again = mixture.impute(X, draws=5, random_state=0)
    np.testing.assert_array_equal(drawn, again)
    assert not (drawn[0][~seen] == drawn[1][~seen]).any()
    # The mixture's own covariance, as complete rows of it would have.
    between = mixture.means - mixture.weights @ mixture.means
    total = np.tensordot(mixture.weights, mixture.covariances.values, 1)
    total += (between * mixture.weights[:, None]).T @ between
    for copy in drawn:
        np.testing.assert_allclose(np.cov(copy.T), total, atol=0.06 * np.trace(total))
    np.testing.assert_allclose(drawn.mean(axis=0), mixture.impute(X), atol=6.0)


def test_whole_weights_are_repeated_rows():
    X, rng = holes(blobs(n=200, d=3)[0]), np.random.default_rng(0)
    weights = rng.integers(0, 3, len(X))
    start = GaussianMixture(3, missing="em", random_state=0).fit(X).mixture_
    how = {"init_params": start, "missing": "em", "max_iter": 5, "tol": 0.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = GaussianMixture(3, **how).fit(X, sample_weight=weights.astype(float))
        other = GaussianMixture(3, **how).fit(np.repeat(X, weights, axis=0))
    assert one.mixture_.allclose(other.mixture_, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_jobs", [2])
def test_threads_change_no_bit(n_jobs):
    X = holes(blobs(n=4000, d=3)[0])
    one, other = (
        GaussianMixture(3, missing="em", random_state=0, n_jobs=n).fit(X) for n in (1, n_jobs)
    )
    assert one.mixture_ == other.mixture_


@pytest.mark.parametrize("scale", [1e-8, 1e9])
def test_units_do_not_matter(scale):
    X = holes(blobs(n=300, d=3)[0])
    shift = scale * np.array([0.0, 5.0, -1e3])
    one, other = (
        GaussianMixture(3, missing="em", init_params="kmeans", random_state=0).fit(rows)
        for rows in (X, X * scale + shift)
    )
    np.testing.assert_allclose(one.means_, (other.means_ - shift) / scale, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "start", ["race", "kmeans", "k-means++", "random", "random_from_data", "mbahc"]
)
def test_every_start(start):
    X, labels = blobs(n=300, d=3, separation=8.0)
    X = holes(X)
    model = GaussianMixture(3, init_params=start, missing="em", random_state=0).fit(X)
    assert np.isfinite(model.score(X))
    if start in ("race", "kmeans", "mbahc"):
        found = model.predict(X)[:-1]
        agree = sum(np.bincount(found[labels[:-1] == k]).max() for k in range(3))
        assert agree > 0.9 * len(found)


def test_known_labels_equal_weights_a_prior_and_leaps():
    X, labels = blobs(n=300, d=3, separation=4.0)
    X, known = holes(X), np.where(np.arange(300) % 3 == 0, labels, -1)
    model = GaussianMixture(
        3, missing="em", random_state=0, equal_weights=True, prior="conjugate", accelerate=True
    ).fit(X, known=known)
    np.testing.assert_allclose(model.weights_, 1 / 3)
    given = model.predict(X)[known >= 0]
    assert (given == known[known >= 0]).mean() > 0.9
    assert model.converged_


def test_a_search_over_families_and_sizes():
    X = holes(blobs(n=300, d=2, k=3, separation=6.0)[0], 0.15)
    search = GaussianMixtureIC(
        [1, 2, 3, 4], families=["EII", "EEE", "VVI", "VVV"], missing="em", random_state=0
    ).fit(X)
    assert search.n_components_ == 3
    alone = GaussianMixture(
        3, covariance_type=search.best_family_, missing="em", random_state=0
    ).fit(X)
    assert search.criterion_ == pytest.approx(alone.bic(X), rel=1e-3)
    assert search.impute(X).shape == X.shape


def test_rows_of_which_nothing_is_seen_have_no_weight_and_are_counted():
    X = holes(blobs(n=200, d=3)[0])
    with_none = np.vstack([X, np.full((7, 3), np.nan)])
    start = GaussianMixture(3, missing="em", random_state=0).fit(X).mixture_
    one, other = (
        GaussianMixture(3, missing="em", init_params=start).fit(rows) for rows in (X, with_none)
    )
    assert one.mixture_.allclose(other.mixture_, rtol=1e-10, atol=1e-12)
    assert one.bic(X) == pytest.approx(other.bic(with_none), rel=1e-12)
    unseen = int(np.isnan(X).all(axis=1).sum())
    assert (one.n_rows_dropped_, other.n_rows_dropped_) == (unseen, unseen + 7)
    assert "nothing is seen" in str(other.summary())


def test_one_column_and_one_row():
    x = holes(blobs(n=100, d=1, k=2)[0], 0.3)
    model = GaussianMixture(2, missing="em", random_state=0).fit(x)
    complete = GaussianMixture(2, random_state=0).fit(x[~np.isnan(x)][:, None])
    assert model.score(x) == pytest.approx(complete.score(x[~np.isnan(x)][:, None]), rel=1e-6)
    assert model.predict(np.array([[np.nan]])).shape == (1,)


def test_no_row_is_complete():
    X, _ = blobs(n=600, d=3, k=2, separation=6.0)
    X[np.arange(600), np.arange(600) % 3] = np.nan
    model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    assert np.isfinite(model.score(X))
    assert not np.isnan(model.impute(X)).any()


def test_what_is_refused():
    X = holes(blobs(n=100, d=3)[0])
    with pytest.raises(DataError, match=r"missing='em'"):
        GaussianMixture(2).fit(X)
    with pytest.raises(DataError, match=r"infinit"):
        GaussianMixture(2, missing="em").fit(np.where(np.isnan(X), np.inf, X))
    for rows in (X, X.astype(np.float32)):
        rows = rows.copy()
        rows[:, 1] = np.nan
        with pytest.raises(DataError, match=r"every value is missing \(NaN\) in column 1"):
            GaussianMixture(2, missing="em").fit(rows)
        with pytest.raises(DataError, match=r"missing in column 1|in column 1"):
            GaussianMixtureIC([1, 2], missing="em").fit(rows)
    with pytest.raises(DataError, match="every value is missing"):
        GaussianMixture(2, missing="em").fit(np.full((10, 2), np.nan))
    model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    with pytest.raises(DataError, match="NaN"):
        model.set_params(missing="error").predict(X)
    constant = X.copy()
    constant[:, 2] = np.where(np.isnan(X[:, 2]), np.nan, 7.0)
    with pytest.raises(DataError, match="constant"):
        GaussianMixture(2, missing="em").fit(constant)


def test_a_turned_background_is_refused_by_name():
    rng = np.random.default_rng(0)
    X = rng.multivariate_normal([0, 0], [[1.0, 0.95], [0.95, 1.0]], 300)
    mixture = GaussianMixture(1, noise=0.1).fit(X).mixture_
    assert mixture.noise.sides is None
    with pytest.raises(DataError, match="turned axes"):
        mixture.logpdf([[1.0, np.nan]])


def test_holes_are_filled_with_values_of_near_rows():
    X, labels = blobs(n=500, d=3, k=2, separation=20.0)
    Y = holes(X)
    found = filled(Y[:-1])
    seen = ~np.isnan(Y[:-1])
    assert (found[seen] == X[:-1][seen]).all()
    assert np.isin(found[:, 0], X[:, 0]).all()
    middles = np.array([X[labels == k].mean(axis=0) for k in (0, 1)])
    near = ((found[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
    partly = seen.any(axis=1)
    assert (near == labels[:-1])[partly].mean() > 0.95
    whole = X[:5]
    assert filled(whole) is whole


def test_iris_with_holes_is_iris():
    data = iris()
    model = GaussianMixture(3, missing="em", random_state=0).fit(holes(data.rows, 0.1))
    complete = GaussianMixture(3, random_state=0).fit(data.rows)
    np.testing.assert_allclose(model.means_, complete.means_, atol=0.15)
