"""Model choice: every cell is the fit GaussianMixture makes, and the best of them is chosen."""

from __future__ import annotations

import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from gaussmix import (
    DataError,
    FitInterrupted,
    GaussianMixture,
    GaussianMixtureIC,
    MissingExtraError,
    ParameterError,
    plot,
)
from gaussmix.components.families import list_families
from gaussmix.components.moments import NORM, PRODUCTS, SQUARES
from gaussmix.fitting import fit
from gaussmix.mixture.datasets import iris
from gaussmix.rows import MemorySource
from gaussmix.rows.summary import SummaryFold
from gaussmix.selection import Cell, Criterion, ResultsTable, best_cell, describe_skipped, fitter
from gaussmix.selection.search import choose_families
from gaussmix.starts.base import Division
from tests.variants import blobs

IRIS = iris().rows
# E and V are for one feature.
NAMES = [family.name for family in list_families() if not family.univariate]


def choose(X=IRIS, *, sizes=(1, 2, 3), weights=None, **options):
    """Fit a search, its warnings put aside."""
    options = {"init_params": "kmeans", "random_state": 0, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GaussianMixtureIC(sizes, **options).fit(X, sample_weight=weights)


def alone(X, row, *, weights=None, **options):
    """Fit the model of one row of the results by itself."""
    options = {"init_params": "kmeans", "random_state": 0, **options}
    model = GaussianMixture(row["n_components"], covariance_type=row["family"], **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, sample_weight=weights)


# -- cells ------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["kmeans", "random_from_data"])
def test_every_cell_is_the_fit_that_gaussian_mixture_makes(start):
    X, _ = blobs(n=300, d=3, separation=2.0)
    options = {"init_params": start, "n_init": 2}
    search = choose(X, sizes=[1, 2, 4], **options)
    assert len(search.results_) == 3 * len(NAMES)
    for row in search.results_:
        model = alone(X, row, **options)
        if row["reason"]:
            assert model.result_.collapsed
            continue
        assert row["log_likelihood"] == pytest.approx(model.score(X) * len(X), rel=1e-9)
        for name in ("bic", "icl", "aic"):
            assert row[name] == pytest.approx(getattr(model, name)(X), rel=1e-9)
        assert row["n_parameters"] == model.result_.n_parameters
        assert row["n_iter"] == model.n_iter_
        assert row["converged"] == model.converged_


@pytest.mark.parametrize("criterion", ["bic", "icl", "aic", "cv"])
def test_the_best_is_the_least_and_is_what_gaussian_mixture_gives(criterion):
    search = choose(criterion=criterion, families=["EEE", "VVV", "VII"])
    values = search.results_.to_dict()[criterion]
    assert search.criterion_ == pytest.approx(min(values), rel=1e-9)
    row = search.results_.best(1)[0]
    assert (row["family"], row["n_components"]) == (search.best_family_, search.n_components_)
    assert isinstance(search.best_estimator_, GaussianMixture)
    assert search.mixture_.allclose(alone(IRIS, row).mixture_)
    assert search.best_estimator_.get_params()["covariance_type"] == row["family"]
    assert clone(search.best_estimator_).fit(IRIS).mixture_.allclose(search.mixture_)


def test_models_that_are_the_same_are_chosen_by_their_number_of_parameters():
    # With one component all full covariances, shared or not, are the same model.
    X, _ = blobs(n=200, d=2, k=1)
    search = choose(X @ [[1.0, 0.9], [0.0, 0.2]], sizes=[1])
    same = [row for row in search.results_ if row["bic"] < search.criterion_ + 1e-6]
    assert len(same) > 1
    assert search.best_family_ == same[0]["family"]


def test_cells_of_one_size_share_one_start():
    made = []

    class Halves(Division):
        name = ""

        def divide(self, problem, rng):
            rows, k = problem.data.sample, problem.n_components
            made.append(k)
            return np.argsort(np.argsort(rows[:, 0])) * k // len(rows)

    choose(sizes=[1, 2, 3], init_params=Halves(), n_init=2)
    assert made == [1, 1, 2, 2, 3, 3]


def test_starts_that_are_given_serve_their_own_size():
    labels = iris().classes
    search = choose(sizes=[2, 3], init_params=labels, families=["EEE", "VVV"])
    assert search.n_components_ == 3
    reasons = {row["n_components"]: row["reason"] for row in search.results_}
    assert "labels must be integers from 0 to 1" in reasons[2]
    model = GaussianMixture(3, covariance_type=search.best_family_, init_params=labels)
    assert search.mixture_.allclose(model.fit(IRIS).mixture_)


def test_weights_count_rows():
    X, _ = blobs(n=120, d=2)
    weights = np.random.default_rng(0).integers(0, 4, 120)
    options = {"sizes": [1, 2, 3], "families": ["EEE", "VVI"], "init_params": "kmeans"}
    weighted = choose(X, weights=weights, **options)
    for row in weighted.results_:
        model = alone(X, row, weights=weights)
        for name in ("bic", "icl", "aic"):
            expected = getattr(model, name)(X, sample_weight=weights)
            assert row[name] == pytest.approx(expected, rel=1e-9)


@given(st.integers(0, 2**31), st.integers(1, 5), st.booleans())
def test_a_wide_summary_holds_the_narrow_ones(seed, d, weighted):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, d)) * rng.uniform(0.1, 10, d) + 100
    source = MemorySource(X, rng.uniform(0, 2, 40) if weighted else None)
    wide = {m: source.reduce(SummaryFold(m, d)) for m in (PRODUCTS, SQUARES, NORM)}
    for moment, narrower in ((PRODUCTS, SQUARES), (PRODUCTS, NORM), (SQUARES, NORM)):
        found = wide[moment].held_as(narrower)
        np.testing.assert_allclose(found.total.scatters, wide[narrower].total.scatters, rtol=1e-10)
        np.testing.assert_allclose(found.variances, wide[narrower].variances, rtol=1e-10)
        thawed = pickle.loads(pickle.dumps(found))
        assert thawed.total.moment is narrower


# -- models that cannot be fitted ----------------------------------------------------------


def test_models_that_cannot_be_fitted_keep_their_reason_and_warn_once():
    X = np.random.default_rng(0).standard_normal((6, 2))
    search = GaussianMixtureIC([1, 2, 7], families=["VII", "VVV"], random_state=0)
    with pytest.warns(UserWarning, match="models could not be fitted") as caught:
        search.fit(X)
    assert len([w for w in caught if "could not be fitted" in str(w.message)]) == 1
    table = {(r["family"], r["n_components"]): r for r in search.results_}
    assert "n_components: 7 components need" in table["VII", 7]["reason"]
    assert "n_components: 7 components need" in table["VVV", 7]["reason"]
    assert np.isnan(table["VVV", 7]["bic"])
    assert table["VII", 1]["reason"] == ""
    assert "(VII, VVV 7): n_components: 7" in str(caught[0].message)


@pytest.mark.parametrize("scales", [[1.0, 1.0, 1.0], [1e-100, 1.0, 1e100]])
def test_a_model_beyond_the_arithmetic_does_not_end_the_search(scales):
    X = np.random.default_rng(1).normal(size=(25, 3)) * scales
    search = choose(X, sizes=[1, 6], init_params="mbahc")
    assert len(search.results_) == 2 * len(NAMES)
    assert any(row["reason"] for row in search.results_)
    assert all(row["reason"] or np.isfinite(row["bic"]) for row in search.results_)


def test_a_constant_column_leaves_the_spherical_family():
    X = np.column_stack([np.random.default_rng(0).standard_normal(80), np.ones(80)])
    search = choose(X, sizes=[1, 2], families=["VVV", "VVI", "VII"])
    assert search.best_family_ == "VII"
    for row in search.results_:
        assert ("constant: column 1" in row["reason"]) == (row["family"] != "VII")


def test_a_collapsed_model_is_not_fitted_however_likely():
    X, _ = blobs(n=50, d=2, k=1)
    X = np.vstack([X, np.full((8, 2), 30.0)])
    search = choose(X, sizes=[1, 2], families=["VVV", "EEE"])
    row = next(r for r in search.results_ if (r["family"], r["n_components"]) == ("VVV", 2))
    assert row["reason"].startswith("the covariance of component 1 collapsed")
    assert np.isnan(row["log_likelihood"])
    assert search.best_family_ == "EEE"


def test_a_start_that_cannot_be_aligned_is_a_cell_with_a_reason(monkeypatch):
    original = fitter.put_to_start

    def put_to_start(problem, mixture, *, keep_order):
        if mixture.n_components == 2:
            raise DataError("X: rows lie too far")
        return original(problem, mixture, keep_order=keep_order)

    monkeypatch.setattr(fitter, "put_to_start", put_to_start)
    monkeypatch.setattr(fit, "put_to_start", put_to_start)
    table = {row["n_components"]: row for row in choose(families=["VVV"]).results_}
    assert table[2]["reason"] == "X: rows lie too far"
    assert table[1]["reason"] == table[3]["reason"] == ""


def test_when_nothing_can_be_fitted_the_reasons_are_told():
    X = np.ones((20, 2))
    X[:, 0] = np.arange(20)
    with pytest.raises(DataError, match=r"2 of 2 models could not be fitted(?s:.*)constant"):
        GaussianMixtureIC([1, 2], families="full").fit(X)
    with pytest.raises(DataError, match="1 NaN in column 0"):
        GaussianMixtureIC().fit(np.where(np.arange(40).reshape(20, 2) == 4, np.nan, 1.0))


def test_reasons_are_grouped():
    cells = [
        Cell(family, k, 0, reason=f"the covariance of component {k} collapsed")
        for family in list_families()[1:3]
        for k in (3, 4, 6)
    ]
    text = describe_skipped([*cells, Cell(list_families()[1], 1, 0)])
    names = ", ".join(NAMES[:2])
    assert text.splitlines() == [
        "6 of 7 models could not be fitted:",
        f"  6 ({names} 3-4, 6): the covariance of component 3 collapsed",
    ]
    assert best_cell(cells, "bic") is None


# -- criteria and families ------------------------------------------------------------------


def test_cross_validation_is_a_loop_over_folds():
    folds = ShuffleSplit(3, test_size=0.3, random_state=1)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(IRIS))
    options = {"criterion": "cv", "families": ["EEE", "VVV"], "cv": folds, "n_init": 2}
    search = choose(sizes=[1, 2], weights=weights, **options)
    for row in search.results_:
        total = held_out = 0.0
        for train, test in folds.split(IRIS):
            model = alone(IRIS[train], row, weights=weights[train], n_init=2)
            total += weights[test] @ model.score_samples(IRIS[test])
            held_out += weights[test].sum()
        assert row["cv"] == pytest.approx(-2 * weights.sum() * total / held_out, rel=1e-7)


def test_folds_of_a_number_are_shuffled():
    # IRIS is sorted by species: folds of neighbours would leave each species out.
    search = choose(sizes=[1, 2, 3], criterion="cv", cv=5, families=["VVV"])
    assert search.n_components_ > 1
    with pytest.raises(ParameterError, match="cv: expected an integer of at least 2"):
        choose(criterion="cv", cv=1)


def test_a_criterion_is_one_object():
    class Fewest(Criterion):
        name, summary = "fewest", "the fewest parameters"

        def __call__(self, result, fitter, shared):
            return float(result.n_parameters)

    search = choose(criterion=Fewest(), sizes=[2, 3], families=["VVV", "VII"])
    assert (search.best_family_, search.n_components_, search.criterion_) == ("VII", 2, 11.0)
    assert "fewest" in search.results_.to_dict()
    with pytest.raises(ParameterError, match="unknown criterion 'magic'"):
        choose(criterion="magic")


def test_families_by_any_name():
    names = [family.name for family in choose_families(["full", "VVV", "spherical"], 2)]
    assert names == ["VVV", "VII"]
    assert [family.name for family in choose_families("tied", 2)] == ["EEE"]
    assert [family.name for family in choose_families("all", 2)] == NAMES
    assert [family.name for family in choose_families("all", 1)] == ["E", "V"]
    with pytest.raises(ParameterError, match="families: unknown family"):
        choose_families(["ful"], 2)
    with pytest.raises(ParameterError, match="at least one family"):
        choose_families([], 2)


@pytest.mark.parametrize("sizes", [0, "1-9", [], [1, 2.5], None])
def test_numbers_of_components_are_checked(sizes):
    with pytest.raises(ParameterError, match="n_components"):
        choose(sizes=sizes)


# -- results ------------------------------------------------------------------------------


def test_results_become_frames_and_text(monkeypatch):
    search = choose(IRIS[:40], sizes=[1, 2, 41], families=["EEE", "VVV"])
    table = search.results_
    pandas, polars = table.to_pandas(), table.to_polars()
    assert isinstance(pandas, pd.DataFrame)
    assert isinstance(polars, pl.DataFrame)
    assert list(pandas.columns) == list(polars.columns) == list(table.to_dict())
    assert set(pandas.columns) >= {
        "family", "n_components", "log_likelihood", "n_parameters", "bic", "icl", "aic",
        "n_iter", "converged", "reason",
    }  # fmt: skip
    assert "cv" not in pandas.columns
    np.testing.assert_array_equal(pandas["bic"], polars["bic"].to_numpy())
    assert pandas["bic"].isna().sum() == 2
    best = pandas.loc[pandas["bic"].idxmin()]
    assert best["n_components"] == search.n_components_
    assert f"{search.criterion_:.2f}" in str(table).splitlines()[1]
    assert "2 of 6 models could not be fitted" in str(table)
    assert table[0]["family"] == "EEE"
    assert len(table[1:3]) == 2
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        table.to_pandas()


def test_the_picture_has_a_line_a_family_and_labels_the_best_two():
    search = choose(sizes=[1, 2, 3])
    ax = search.plot()
    assert [line.get_label() for line in ax.get_lines()] == NAMES
    for line in ax.get_lines():
        values = [r["bic"] for r in search.results_ if r["family"] == line.get_label()]
        np.testing.assert_array_equal(line.get_ydata(), values)
    labels = [text.get_text() for text in ax.texts]
    assert len(labels) == 2
    assert labels[0].startswith(f"{search.best_family_}, {search.n_components_}: ")
    assert "ICL" in plot.criterion(search.results_, "icl").get_ylabel()
    with pytest.raises(ParameterError, match="the results hold aic, bic, icl"):
        search.plot("cv")


# -- the estimator --------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(1,), (1, 2)])
def test_check_estimator(sizes):
    # k-means++ draws other rows from repeated ones than from weighted ones.
    random = {"check_sample_weight_equivalence_on_dense_data": "another optimum"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(
            GaussianMixtureIC(sizes, families=("full", "spherical"), init_params="kmeans"),
            expected_failed_checks=random if sizes != (1,) else {},
        )


def test_it_behaves_as_the_chosen_model():
    frame = pd.DataFrame(IRIS, columns=iris().names)
    search = choose(frame, sizes=[2, 3])
    best = search.best_estimator_
    for name in ("predict", "predict_proba", "transform", "score_samples", "score", "bic", "icl"):
        np.testing.assert_array_equal(getattr(search, name)(frame), getattr(best, name)(frame))
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_", "n_iter_"):
        np.testing.assert_array_equal(getattr(search, name), getattr(best, name))
    np.testing.assert_array_equal(search.sample(5)[0], best.sample(5)[0])
    assert search.feature_names_in_.tolist() == list(iris().names)
    assert search.mixture_.feature_names == iris().names
    assert search.n_features_in_ == 4
    missing = [
        name
        for name in dir(best)
        if name.endswith("_") and name[0] != "_" and not hasattr(search, name)
    ]
    assert missing == []
    thawed = pickle.loads(pickle.dumps(search))
    assert thawed.mixture_ == search.mixture_
    assert str(thawed.results_) == str(search.results_)
    fresh = clone(search)
    assert fresh.get_params() == search.get_params()
    assert not hasattr(fresh, "weights_")
    with pytest.raises(NotFittedError):
        fresh.predict(IRIS)


def test_pipeline_grid_search_and_set_output():
    search = GaussianMixtureIC((1, 2), families=["VVV"], random_state=0)
    grid = GridSearchCV(
        make_pipeline(StandardScaler(), search),
        {"gaussianmixtureic__reg_covar": [0.0, 10.0]},
        cv=KFold(3, shuffle=True, random_state=0),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grid.fit(IRIS)
    assert grid.best_params_["gaussianmixtureic__reg_covar"] == 0.0
    frame = search.set_output(transform="pandas").fit(IRIS).transform(IRIS)
    assert list(frame.columns) == ["gaussianmixtureic0", "gaussianmixtureic1"]


@pytest.mark.parametrize("criterion", ["bic", "cv"])
def test_results_do_not_depend_on_n_jobs(criterion):
    X, _ = blobs(n=200, d=2)
    X = np.column_stack([X, X[:, 0]])  # duplicates, which full covariances refuse
    options = {"sizes": [1, 2], "families": ["EEE", "VVV", "VVI"], "criterion": criterion}
    one, two = choose(X, **options), choose(X, n_jobs=2, **options)
    assert one.results_.to_pandas().equals(two.results_.to_pandas())
    assert "duplicate columns" in two.results_[0]["reason"]
    assert one.mixture_ == two.mixture_
    assert two.best_estimator_.get_params() == one.best_estimator_.get_params()


def test_random_states_of_every_kind():
    for state in (np.random.default_rng(0), np.random.RandomState(0), np.int64(3), None):
        search = choose(sizes=[2], families=["VVV"], random_state=state)
        assert np.isfinite(search.criterion_)
    again = [choose(sizes=[3], families=["VVV"], random_state=np.random.RandomState(1)).means_
             for _ in range(2)]  # fmt: skip
    np.testing.assert_array_equal(*again)
    with pytest.raises(ParameterError, match="random_state"):
        choose(random_state=-1)


def test_a_callback_sees_every_cell_and_may_stop(capsys):
    seen = []

    def stop(cell):
        seen.append(cell)
        return len(seen) == 3

    search = choose(callback=stop, families=["EEE", "VVV"], verbose=2)
    assert [(cell.family.name, cell.n_components) for cell in seen] == [
        ("EEE", 1), ("VVV", 1), ("EEE", 2),
    ]  # fmt: skip
    assert len(search.results_) == 3
    assert "3 of 6  Cell(EEE, 2: " in capsys.readouterr().out


def test_interruption_keeps_the_models_done():
    def interrupt(cell):
        if cell.n_components == 3:
            raise KeyboardInterrupt

    search = GaussianMixtureIC(
        (1, 2, 3), families=["VVV"], init_params="kmeans", random_state=0, callback=interrupt
    )
    with pytest.raises(FitInterrupted) as caught:
        search.fit(IRIS)
    assert search.n_components_ == caught.value.result.mixture.n_components == 2
    assert search.predict(IRIS).max() == 1


def test_a_best_model_that_has_not_converged_is_told():
    search = GaussianMixtureIC([3], families=["VVV"], max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning, match="not converged after 2 iterations"):
        search.fit(IRIS)
    assert not search.results_[0]["converged"]


def test_a_table_of_nothing_fitted_still_prints():
    cells = [Cell(list_families()[0], 1, 0, reason="no")]
    assert "1 of 1 models" in str(ResultsTable(cells, ["bic"], "bic"))
