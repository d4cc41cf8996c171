"""Mixtures of values that were measured with errors: figures of other software, limits, laws."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from gaussmix import (
    BayesianGaussianMixture,
    ConjugatePrior,
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
)
from gaussmix.exceptions import ParameterError
from gaussmix.families import list_families

CASES = json.loads((Path(__file__).parent / "data" / "xd.json").read_text())


def case(name):
    """Return the rows of a case, how they were measured, and what is known of the fit."""
    found = CASES[name]
    columns = dict(zip(found["columns"], np.array(found["table"]).T, strict=True))
    e = sum(column.startswith("y") for column in columns)
    d = len(found["start"]["means"][0])
    X = np.column_stack([columns[f"y{j}"] for j in range(e)])
    if "s0" in columns:
        Xerr = np.column_stack([columns[f"s{j}"] for j in range(e)])
    else:
        Xerr = np.empty((len(X), e, e))
        for i in range(e):
            for j in range(i, e):
                Xerr[:, i, j] = Xerr[:, j, i] = columns[f"s{i}{j}"]
    projection = None
    if "r00" in columns:
        flat = [columns[f"r{i}{j}"] for i in range(e) for j in range(d)]
        projection = np.column_stack(flat).reshape(len(X), e, d)
    return X, {"Xerr": Xerr, "projection": projection}, columns.get("weight"), found


def begun(found):
    start = found["start"]
    return Mixture(start["weights"], start["means"], start["covariances"])


def fitted(name, **settings):
    X, errors, weights, found = case(name)
    if "options" in found:  # a prior of one row of variance w
        prior = ConjugatePrior(shrinkage=0, dof=-(X.shape[1] + 1), scale=found["options"]["reg"])
        settings["prior"] = prior
    model = GaussianMixture(len(found["weights"]), init_params=begun(found), **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, sample_weight=weights, **errors)
    return model, X, errors, weights, found


NAMES = [name for name in CASES if name != "f_fixmean"]


@pytest.mark.parametrize("name", NAMES)
def test_one_step_is_that_of_the_extreme_deconvolution_library(name):
    model, X, _, _, found = fitted(name, max_iter=1, accelerate=False)
    expected = found["after_1"]
    np.testing.assert_allclose(model.weights_, expected["weights"], rtol=1e-9)
    np.testing.assert_allclose(model.means_, expected["means"], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(model.covariances_, expected["covariances"], rtol=1e-7, atol=1e-8)
    values = np.array(model.history_.log_likelihood) / len(X)
    assert values == pytest.approx(
        [found["avg_loglik_start"], found["avg_loglik_after_1"]], abs=1e-9
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_maximum_is_that_of_the_extreme_deconvolution_library(name):
    model, X, errors, weights, found = fitted(name, tol=1e-13, max_iter=5000)
    unit = np.ones(len(X)) if weights is None else weights
    value = unit @ model.score_samples(X, errors["Xerr"], projection=errors["projection"])
    assert value / len(X) == pytest.approx(found["avg_loglik"], abs=1e-9)
    np.testing.assert_allclose(model.weights_, found["weights"], atol=1e-4)
    np.testing.assert_allclose(model.means_, found["means"], atol=1e-3)
    # What it says of rows, under the very parameters that the figures are of.
    mixture = Mixture(
        found["weights"] / np.sum(found["weights"]), found["means"], found["covariances"]
    )
    rows = np.array(found["rows"]) - 1
    errors = {key: None if part is None else part[rows] for key, part in errors.items()}
    np.testing.assert_allclose(mixture.logpdf(X[rows], **errors), found["logpdf"], rtol=1e-8)
    np.testing.assert_allclose(
        mixture.responsibilities(X[rows], **errors), found["responsibilities"], rtol=1e-6, atol=1e-9
    )
    means, covariances = mixture.denoise(X[rows], **errors)
    np.testing.assert_allclose(means, found["true_value_means"], rtol=1e-7, atol=1e-8)
    assert (np.linalg.eigvalsh(covariances) > 0).all()


# -- limits --------------------------------------------------------------------------------------


def noisy(seed=0, n=600, d=2, width=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    true = np.array([[-3.0] * d, [3.0] * d])[labels] + rng.standard_normal((n, d))
    Xerr = width * rng.uniform(0.2, 1.5, size=(n, d))
    return true, true + np.sqrt(Xerr) * rng.standard_normal((n, d)), Xerr


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "VEE", "EII"])
def test_without_error_it_is_the_plain_fit(covariance_type):
    _, X, _ = noisy()
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0)
    plain = model.fit(X).mixture_
    for Xerr in (0.0, np.zeros(2), np.zeros(X.shape), np.zeros((len(X), 2, 2))):
        assert model.fit(X, Xerr=Xerr).mixture_ == plain
    start = Mixture([0.5, 0.5], [[-1.0, -1.0], [1.0, 1.0]], [np.eye(2), np.eye(2)])
    model = GaussianMixture(2, covariance_type=covariance_type, init_params=start)
    one = model.fit(X).mixture_
    other = model.fit(X, projection=np.eye(2)).mixture_  # by the loops of measured rows
    assert one.allclose(other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("matrices", [False, True])
def test_an_infinite_error_is_a_missing_value_and_a_huge_one_nearly(matrices):
    _, X, Xerr = noisy()
    gone = np.random.default_rng(1).uniform(size=X.shape) < 0.3
    gone[gone.all(axis=1), 0] = False
    holes = np.where(gone, np.nan, X)
    start = Mixture([0.5, 0.5], [[-1.0, -1.0], [1.0, 1.0]], [np.eye(2), np.eye(2)])
    model = GaussianMixture(2, init_params=start, missing="em", tol=1e-10)

    def fit(X, errors):
        if matrices:
            whole = np.zeros((len(X), 2, 2))
            whole[:, [0, 1], [0, 1]] = errors
            errors = whole
        return model.fit(X, Xerr=errors)

    known = fit(holes, np.where(gone, 0.7, Xerr)).mixture_
    assert fit(X, np.where(gone, np.inf, Xerr)).mixture_ == known
    assert fit(holes, np.where(gone, np.nan, Xerr)).mixture_ == known
    huge = fit(X, np.where(gone, 1e14, Xerr)).mixture_
    assert huge.allclose(known, rtol=1e-7, atol=1e-8)
    missing = model.fit(holes).mixture_
    assert fit(holes, np.zeros(X.shape)).mixture_.allclose(missing, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match=r"NaN.*A value whose Xerr is infinite counts as one"):
        GaussianMixture(2).fit(X, Xerr=np.where(gone, np.inf, Xerr))


def test_equal_errors_are_taken_from_the_covariance():
    _, X, _ = noisy(n=2000, width=0.0)
    R = np.array([[0.5, 0.2], [0.2, 0.3]])
    plain = GaussianMixture(1, tol=1e-12).fit(X)
    measured = GaussianMixture(1, tol=1e-12, max_iter=5000).fit(X, Xerr=R)
    np.testing.assert_allclose(measured.covariances_[0], plain.covariances_[0] - R, atol=1e-5)
    assert measured.lower_bound_ == pytest.approx(plain.lower_bound_, abs=1e-10)


def test_errors_wider_than_the_data_leave_no_width_and_no_warning():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMixture(1, random_state=0).fit(X, Xerr=[4.0, 4.0])
    assert model.covariances_[0].trace() < 0.1
    assert np.isfinite(model.lower_bound_)


@pytest.mark.parametrize("init_params", ["race", "mbahc", "kmeans", "k-means++"])
@pytest.mark.parametrize("one_feature", [False, True])
def test_rows_of_huge_errors_do_not_mislead_starts(init_params, one_feature):
    _, X, Xerr = noisy(n=300)
    Xerr[:30] = 1e5
    if one_feature:
        Xerr[:30, 0] = 0.5
    X[:30] += np.random.default_rng(1).standard_normal((30, 2)) * np.sqrt(Xerr[:30])
    good = GaussianMixture(2, random_state=0).fit(X[30:], Xerr=Xerr[30:])
    target = GaussianMixture(2, init_params=good.mixture_).fit(X, Xerr=Xerr)
    found = GaussianMixture(2, init_params=init_params, random_state=0).fit(X, Xerr=Xerr)
    assert found.lower_bound_ == pytest.approx(target.lower_bound_, abs=1e-5)


def test_the_best_of_several_models_is_one_fitted_alone():
    _, X, Xerr = noisy(n=300)
    families = ["EII", "VVV", "VVI"]
    search = GaussianMixtureIC([1, 2, 3], families=families, random_state=0).fit(X, Xerr=Xerr)
    assert (search.best_family_, search.n_components_) == ("EII", 2)
    assert search.bic(X, Xerr=Xerr) == pytest.approx(search.criterion_, rel=1e-10)
    alone = GaussianMixture(2, covariance_type="EII", init_params="mbahc", random_state=0)
    assert alone.fit(X, Xerr=Xerr).bic(X, Xerr=Xerr) == pytest.approx(search.criterion_, rel=1e-10)
    assert search.denoise(X, Xerr)[0] == pytest.approx(alone.denoise(X, Xerr)[0], rel=1e-6)
    assert len(search.profiles(X, Xerr=Xerr)) == 9
    by_rows = GaussianMixtureIC([1, 2], families=["EII"], criterion="cv", cv=2, random_state=0)
    assert by_rows.fit(X, Xerr=Xerr).n_components_ == 2
    with pytest.raises(ParameterError, match="Xerr: measurement errors are for normal"):
        GaussianMixtureIC([1], families=["EII"], density="student").fit(X, Xerr=Xerr)


def test_a_bayesian_mixture_is_of_the_values_without_errors():
    _, X, Xerr = noisy(n=500, width=3.0)
    model = BayesianGaussianMixture(5, covariance_type="diag", random_state=0, accelerate=False)
    model.fit(X, Xerr=Xerr)
    assert model.n_effective_ == 2
    assert np.diff(model.lower_bounds_).min() > -1e-8
    plain = BayesianGaussianMixture(5, covariance_type="diag", random_state=0).fit(X)
    assert model.covariances_[:2].mean() < 1.6 < 2.5 < plain.covariances_[:2].mean()
    start = GaussianMixture(2, random_state=0).fit(X, Xerr=Xerr).mixture_
    missing = BayesianGaussianMixture(2, init_params=start, missing="em")
    gone = np.random.default_rng(0).uniform(size=X.shape) < 0.2
    gone[gone.all(axis=1), 0] = False
    holes = missing.fit(np.where(gone, np.nan, X)).lower_bound_
    tiny = missing.fit(np.where(gone, np.nan, X), Xerr=np.full(X.shape, 1e-200)).lower_bound_
    assert tiny == pytest.approx(holes, rel=1e-12)


# -- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [family.name for family in list_families()])
@pytest.mark.parametrize("matrices", [False, True])
def test_the_likelihood_never_falls(name, matrices):
    d = 1 if len(name) == 1 else 3
    _, X, Xerr = noisy(n=250, d=d)
    if matrices:
        Xerr = Xerr[:, :, None] * np.eye(d) + 0.1
    model = GaussianMixture(
        2, covariance_type=name, random_state=0, init_params="kmeans", accelerate=False, max_iter=30
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, Xerr=Xerr)
    steps = np.diff(model.history_.log_likelihood)
    assert steps.min() > -1e-9 * len(X)
    assert model.score(X, Xerr=Xerr) == pytest.approx(model.lower_bound_, rel=1e-12)


def test_a_weight_is_a_repeated_row_and_threads_change_no_bit():
    _, X, Xerr = noisy(n=400)
    counts = np.random.default_rng(1).integers(0, 4, size=len(X))
    start = Mixture([0.5, 0.5], [[-1.0, -1.0], [1.0, 1.0]], [np.eye(2), np.eye(2)])
    model = GaussianMixture(2, init_params=start)
    weighted = model.fit(X, sample_weight=counts, Xerr=Xerr).mixture_
    repeated = model.fit(np.repeat(X, counts, axis=0), Xerr=np.repeat(Xerr, counts, axis=0))
    assert weighted.allclose(repeated.mixture_, rtol=1e-9)
    _, X, Xerr = noisy(n=40_000)
    one, two = (
        GaussianMixture(2, init_params=start, max_iter=3, tol=0, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert one.fit(X, Xerr=Xerr).mixture_ == two.fit(X, Xerr=Xerr).mixture_
    assert (one.score_samples(X, Xerr) == two.score_samples(X, Xerr)).all()
