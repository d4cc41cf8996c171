"""Classes told apart by their mixtures, beside mclust and scikit-learn."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from gaussmix import CollapseWarning, DataWarning, GaussianMixture, MixtureClassifier
from tests.variants import FAMILIES, blobs, figures, mclust

SETS = [name for name in figures("da") if name != "software"]
X, Y = blobs(n=300, d=3, seed=4)
WINE = load_wine(return_X_y=True)
# Scikit-learn's quadratic analysis refuses these in their own units.
CANCER = (
    StandardScaler().fit_transform(load_breast_cancer().data[:, :8]),
    load_breast_cancer().target,
)


def rows_and_names(name):
    return np.array(mclust()[name]["rows"]), np.array(list(map(str, mclust()[name]["classes"])))


def quiet(*given, **options):
    return MixtureClassifier(*given, random_state=0, **options)


@pytest.mark.parametrize(
    "options",
    [{"families": ["EII", "VEE", "VVV"]}, {"families": "EEE"}, {"families": "VVI"}],
    ids=["choice", "EEE", "VVI"],
)
def test_check_estimator(options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(MixtureClassifier(**options))


# -- mclust -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_each_familys_fit_is_mclusts(name):
    rows, names = rows_and_names(name)
    for family, own in figures("da")[name]["edda"].items():
        model = quiet(families=family, tol=1e-9).fit(rows, names)
        # Of EVE and VVE the figures are of an optimum found by another search of rotations.
        slack = 1e-4 if family in ("EVE", "VVE", "VEE") else 1e-6
        assert model.log_likelihood_ == pytest.approx(own["loglik"], abs=slack)
        assert model.bic_ == pytest.approx(-own["bic"], abs=2 * slack)
        assert model.n_parameters_ == own["df"]
        assert model._results[0].log_likelihood >= own["joint_loglik"] - 1e-5
        if "turned" not in own:
            wrong = (model.predict(rows) != names).mean()
            assert wrong == pytest.approx(own["train_error"], abs=1e-9)
            assert model.brier_score(rows, names) == pytest.approx(own["brier"], abs=1e-6)


@pytest.mark.parametrize("name", SETS)
def test_the_chosen_family_and_its_cross_validated_error_are_mclusts(name):
    rows, names = rows_and_names(name)
    own = figures("da")[name]
    best, classes = own["edda_best"], np.array(own["classes"])
    model = quiet(tol=1e-9).fit(rows, names)
    assert set(model.families_) == {best["model"]}
    labels = classes[np.array(best["labels"]) - 1]
    np.testing.assert_array_equal(model.predict(rows), labels)
    doubtful = model.predict_proba(rows[np.array(best["rows"]) - 1])
    order = np.argsort(classes)
    np.testing.assert_allclose(doubtful, np.array(best["posterior"])[:, order], atol=2e-5)
    folds = np.array(own["folds"])
    cv = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in np.unique(folds)]
    # mclust holds the priors of all rows fixed.
    model.set_params(priors=model.priors_.tolist())
    found = model.cross_validate(rows, names, cv=cv)
    cv_labels = classes[np.array(best["cv"]["labels"]) - 1]
    np.testing.assert_array_equal(found.predictions, cv_labels)
    assert found.error == pytest.approx(best["cv"]["error"], abs=1e-9)
    assert found.error_se == pytest.approx(best["cv"]["se"], abs=1e-9)
    published = {"iris": 0.0267, "diabetes": 0.0759, "banknote": 0.005}
    assert abs(found.error - published.get(name, found.error)) <= found.error_se
    assert found.brier == pytest.approx(best["cv"]["brier"], abs=2e-5)
    assert found.brier_se == pytest.approx(best["cv"]["se_brier"], abs=2e-5)


@pytest.mark.parametrize("name", ["iris", "banknote"])
def test_a_mixture_a_class_is_mclusts(name):
    rows, names = rows_and_names(name)
    own, classes = figures("da")[name]["mclustda"], figures("da")[name]["classes"]
    model = quiet("MclustDA").fit(rows, names)
    sizes = [int((model.component_classes_ == label).sum()) for label in classes]
    assert sizes == own["G"]
    assert model.n_parameters_ == own["df"]
    assert model.bic_ == pytest.approx(-own["bic"], abs=1e-3)
    assert (model.predict(rows) != names).mean() == pytest.approx(own["train_error"], abs=1e-9)
    assert model.brier_score(rows, names) == pytest.approx(own["brier"], abs=1e-4)


@pytest.mark.parametrize("name", SETS)
def test_rows_without_a_label_count_as_in_mclust(name):
    rows, names = rows_and_names(name)
    own = figures("da")[name]["ssc"]
    hidden = np.array(own["hidden_rows"]) - 1
    partly = names.astype(object)
    partly[hidden] = None
    for family, fit in own["fits"].items():
        model = quiet(families=family, tol=1e-9, max_iter=5000).fit(rows, partly)
        target = max(fit["loglik"], fit["independent_loglik_from_here"])
        assert model.log_likelihood_ == pytest.approx(target, abs=2e-5)
        assert model.n_parameters_ == fit["df"]
        if fit["loglik"] == pytest.approx(target, abs=1e-6):
            wrong = (model.predict(rows)[hidden] != names[hidden]).mean()
            assert wrong == pytest.approx(fit["hidden_error"], abs=1e-9)


# -- scikit-learn -------------------------------------------------------------------------

PEERS = [
    ("EEE", LinearDiscriminantAnalysis(solver="lsqr")),
    ("VVV", QuadraticDiscriminantAnalysis(solver="eigen", tol=1e-20)),
    ("VVI", GaussianNB(var_smoothing=0)),
]


@pytest.mark.parametrize(("family", "peer"), PEERS, ids=["linear", "quadratic", "naive Bayes"])
@pytest.mark.parametrize("data", ["wine", "cancer", "blobs"])
def test_the_same_estimates_give_scikit_learns_probabilities(family, peer, data):
    rows, labels = {
        "wine": WINE,
        "cancer": CANCER,
        "blobs": (X, Y),
    }[data]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = clone(peer).fit(rows, labels)
    model = quiet(families=family).fit(rows, labels)
    np.testing.assert_allclose(model.predict_proba(rows), peer.predict_proba(rows), atol=1e-8)
    np.testing.assert_array_equal(model.predict(rows), peer.predict(rows))


# -- laws -----------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["EII", "VVV"])
@pytest.mark.parametrize("kind", ["EDDA", "mixture"])
def test_far_rows_have_probabilities(kind, family):
    model = quiet(kind, families=family).fit(X, Y)
    far = np.vstack([X[:1] + 1e6, X[:1] - 1e6, [[1e100, 0, -1e100]], np.full((1, 3), 1e140)])
    proba = model.predict_proba(far)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-15)
    assert np.isfinite(model.predict_log_proba(far)).all()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_units_change_nothing_that_families_promise(family):
    own = quiet(families=family).fit(X, Y)
    moved = quiet(families=family).fit(X * 1e-6 + 1e2, Y)
    assert moved.log_likelihood_ - own.log_likelihood_ == pytest.approx(
        -len(X) * 3 * np.log(1e-6), abs=1e-3
    )
    proba = own.predict_proba(X)
    np.testing.assert_allclose(moved.predict_proba(X * 1e-6 + 1e2), proba, atol=1e-5)
    whole = np.random.default_rng(0).integers(0, 3, len(X))
    weighted = quiet(families=family).fit(X, Y, sample_weight=whole)
    repeated = quiet(families=family).fit(X.repeat(whole, axis=0), Y.repeat(whole))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)
    assert weighted.bic_ == pytest.approx(repeated.bic_)


@given(st.sampled_from([str, float, lambda label: label == 0, int, tuple]))
def test_labels_of_any_type_come_back(kind):
    if kind is tuple:
        kind = {0: "ä", 1: "a longer one", 2: ""}.get
    labels = np.array([kind(int(label)) for label in Y])
    model = quiet(families="EEE").fit(X, labels)
    assert set(model.predict(X).tolist()) <= set(labels.tolist())
    assert (model.predict(X) == labels).mean() > 0.9
    assert model.classes_.tolist() == sorted(set(labels.tolist()))


def test_priors_change_the_posterior_alone():
    plain = quiet(families="VVV").fit(X, Y)
    other = quiet(families="VVV", priors=[0.7, 0.2, 0.1]).fit(X, Y)
    odds = plain.predict_log_proba(X) + np.log([0.7, 0.2, 0.1]) - np.log(plain.priors_)
    odds -= np.logaddexp.reduce(odds, axis=1)[:, None]
    np.testing.assert_allclose(other.predict_log_proba(X), odds, atol=1e-9)
    assert other.bic_ == plain.bic_
    for own, same in zip(plain.class_mixtures_, other.class_mixtures_, strict=True):
        assert own.allclose(same)
    equal = quiet(families="VVV", priors="equal").fit(X, Y)
    named = quiet(families="VVV", priors={0: 1 / 3, 1: 1 / 3, 2: 1 / 3}).fit(X, Y)
    np.testing.assert_allclose(equal.predict_proba(X), named.predict_proba(X))
    assert abs(equal.mixture_.weights.sum() - 1) <= np.finfo(float).eps


@pytest.mark.parametrize("kind", ["EDDA", "MclustDA", "mixture"])
def test_draws_are_classified_as_well_as_rows(kind):
    model = quiet(kind, families=["EEE", "VVV"] if kind == "MclustDA" else "VVV").fit(X, Y)
    draws, labels = model.sample(4000, 1)
    assert model.score(draws, labels) == pytest.approx(model.score(X, Y), abs=0.04)
    assert model.mixture_.n_components == len(model.component_classes_)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_marks_of_rows_without_a_label():
    hidden = np.arange(0, len(Y), 2)
    by_mark = {}
    for mark, unlabelled in [(None, None), (np.nan, None), (-1, -1), ("?", "?")]:
        labels = Y.astype(object)
        labels[hidden] = mark
        if isinstance(mark, float | int):
            labels = labels.astype(float)
        by_mark[str(mark)] = quiet(families="VVV", unlabelled=unlabelled).fit(X, labels)
    probas = [model.predict_proba(X) for model in by_mark.values()]
    for proba in probas[1:]:
        np.testing.assert_array_equal(proba, probas[0])
    # -1 is a class as any other unless it is said to be none.
    assert quiet(families="VVV").fit(X, np.where(Y == 2, -1, Y)).classes_.tolist() == [-1, 0, 1]
    none_hidden = quiet(families="VVV").fit(X[1::2], Y[1::2])
    assert not np.allclose(none_hidden.predict_proba(X), probas[0])


def test_pandas_marks_and_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    labels = pd.Series(["one", "two", "three"]).iloc[Y].reset_index(drop=True)
    partly = labels.astype("string")
    partly[::3] = pd.NA
    model = quiet(families="EEE").fit(frame, partly)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert (model.predict(frame) == labels).mean() > 0.9
    categories = quiet(families="EEE").fit(frame, labels.astype("category"))
    assert categories.classes_.tolist() == ["one", "three", "two"]
    assert categories.cross_validate(frame, labels, cv=3).error < 0.1


def test_labels_of_a_series_keep_their_type_where_some_are_missing():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    days = pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"]).take(Y))
    whole, yes = pd.Series(Y, dtype="Int64"), pd.Series(Y > 0, dtype="boolean")
    days[::3], whole[::3], yes[::3] = pd.NaT, pd.NA, pd.NA
    arrow = pl.Series([None if i % 3 == 0 else int(own) for i, own in enumerate(Y)])
    for labels, kind, n in ((days, "M", 3), (whole, "i", 3), (arrow, "i", 3), (yes, "b", 2)):
        model = quiet(families="EEE").fit(X, labels)
        assert (model.classes_.dtype.kind, len(model.classes_)) == (kind, n)
        assert model.predict(X).dtype == model.classes_.dtype


# -- small classes --------------------------------------------------------------------------


def test_small_classes_get_families_that_they_can_support():
    rows = np.vstack([X[Y == 0], X[Y == 1][:2]])
    labels = np.repeat([0, 1], [int((Y == 0).sum()), 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tied = quiet().fit(rows, labels)
        apart = quiet("MclustDA").fit(rows, labels)
    assert np.isfinite(tied.bic_)
    assert apart.families_[1] in ("EII", "VII")
    assert np.isfinite(apart.bic_)
    with pytest.warns(CollapseWarning):
        quiet(families="VVV").fit(rows, labels)


def test_a_class_of_one_row_shares_what_others_have():
    rows, labels = np.vstack([X[Y == 0], X[Y == 1][:1]]), [0] * int((Y == 0).sum()) + [1]
    model = quiet().fit(rows, labels)
    assert model.predict(rows[-1:]).tolist() == [1]
    with pytest.raises(ValueError, match="class 1 cannot be fitted by itself"):
        quiet("MclustDA").fit(rows, labels)


def test_one_class_and_one_feature():
    alone = quiet().fit(X, np.zeros(len(X)))
    assert (alone.predict_proba(X) == 1).all()
    line = quiet().fit(X[:, :1], Y)
    assert line.families_[0] in ("E", "V")
    assert line.mixture_.n_features == 1


# -- cross-validation, streams, files ----------------------------------------------------


def test_cross_validation_is_that_of_fits_by_hand():
    model = quiet(families="VVV").fit(X, Y)
    cv = [(np.flatnonzero(np.arange(300) % 3 != k), np.arange(k, 300, 3)) for k in range(3)]
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    found = model.cross_validate(X, Y, cv=cv, sample_weight=weights)
    errors, briers, sizes = [], [], []
    for train, test in cv:
        own = quiet(families="VVV").fit(X[train], Y[train], weights[train])
        errors.append(1 - own.score(X[test], Y[test], weights[test]))
        briers.append(own.brier_score(X[test], Y[test], weights[test]))
        sizes.append(weights[test].sum())
    assert found.error == pytest.approx(np.average(errors, weights=sizes))
    assert found.brier == pytest.approx(np.average(briers, weights=sizes))
    assert set(found.folds) == {0, 1, 2}
    assert "error" in str(found)


def test_choosing_again_is_part_of_what_is_validated():
    model = quiet().fit(*WINE)
    assert model.cross_validate(*WINE, cv=5).error < 0.05
    rows, labels = WINE[0][:, :4], WINE[1]  # folds of these choose other families
    model = quiet().fit(rows, labels)
    fixed = model.cross_validate(rows, labels, cv=5)
    anew = model.cross_validate(rows, labels, cv=5, choose_again=True)
    assert not np.array_equal(fixed.probabilities, anew.probabilities)
    labels = WINE[1].astype(object)
    labels[::2] = None
    partly = quiet(families="EEE").fit(WINE[0], labels)
    found = partly.cross_validate(WINE[0], labels, cv=5)
    assert (found.folds[::2] == -1).all() and (found.folds[1::2] >= 0).all()
    # Places that are given are of all rows.
    places = [(np.arange(100), np.arange(100, 178)), (np.arange(100, 178), np.arange(100))]
    found = partly.cross_validate(WINE[0], labels, cv=places)
    assert (found.folds[1:100:2] == 1).all() and (found.folds[101::2] == 0).all()
    assert (found.folds[::2] == -1).all()


def test_scores_of_probabilities_refuse_weights_that_are_none():
    model = quiet(families="EEE").fit(X, Y)
    for weights in (np.ones(3), np.zeros(len(Y)), -np.ones(len(Y))):
        with pytest.raises(ValueError, match="sample_weight: "):
            model.brier_score(X, Y, weights)


def test_warnings_are_told_once_with_the_class():
    with pytest.warns(CollapseWarning) as told:
        quiet("mixture").fit(np.vstack([X[:60], X[:2] + 50]), [0] * 60 + [1] * 2)
    found = [str(own.message) for own in told if own.category is CollapseWarning]
    assert len(found) == 1 and found[0].startswith("class 1: ")


def test_a_constant_column_is_told():
    with pytest.warns(DataWarning, match=r"12 of 14 families.*constant: column 3"):
        model = quiet().fit(np.column_stack([X, np.ones(len(X))]), Y)
    assert model.families_[0] in ("EII", "VII")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_blocks_add_up_to_the_fit_of_all(family):
    whole = quiet(families=family).fit(X + 1e4, Y)
    stream = quiet(families=family)
    order = np.argsort(Y, kind="stable")  # some classes come late
    for part in np.array_split(order, 4):
        stream.partial_fit(X[part] + 1e4, Y[part], classes=[0, 1, 2])
        proba = stream.predict_proba(X + 1e4)
        np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    np.testing.assert_allclose(proba, whole.predict_proba(X + 1e4), atol=1e-5)
    gone_on = quiet(families=family).fit(X[:200], Y[:200]).partial_fit(X[200:], Y[200:])
    np.testing.assert_allclose(gone_on.predict_proba(X), proba, atol=1e-5)


def test_what_sums_do_not_decide_has_no_stream():
    assert not hasattr(quiet(), "partial_fit")
    assert not hasattr(quiet("mixture", families="VVV"), "partial_fit")
    with pytest.raises(ValueError, match="classes: must be given"):
        quiet(families="EEE").partial_fit(X, Y)
    with pytest.raises(ValueError, match="none of the classes"):
        quiet(families="EEE").partial_fit(X, Y, classes=[0, 1])


@pytest.mark.parametrize("kind", ["EDDA", "mixture"])
def test_files_and_blocks_are_what_arrays_are(kind, tmp_path):
    from gaussmix import scan

    np.save(tmp_path / "rows.npy", X)
    in_memory = quiet(kind, families="VVV").fit(X, Y)
    for given_rows in (scan(tmp_path / "rows.npy"), lambda: iter([X[:100], X[100:]])):
        model = quiet(kind, families="VVV").fit(given_rows, Y)
        np.testing.assert_allclose(model.predict_proba(X), in_memory.predict_proba(X), atol=1e-4)
        np.testing.assert_array_equal(model.predict(given_rows), model.predict(X))
        assert model.bic_ == pytest.approx(in_memory.bic_, abs=1e-2)


# -- scikit-learn's habits --------------------------------------------------------------


def test_pipelines_searches_and_metadata():
    piped = make_pipeline(StandardScaler(), quiet(families="EEE"))
    assert cross_val_score(piped, *WINE, cv=5).mean() > 0.95
    grid = {"mixtureclassifier__families": ["EEE", "VVI", "VVV"]}
    assert GridSearchCV(piped, grid, cv=3).fit(*WINE).best_score_ > 0.95
    with sklearn.config_context(enable_metadata_routing=True):
        asked = quiet(families="EEE").set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        make_pipeline(scaler, asked).fit(*WINE, sample_weight=np.ones(len(WINE[0])))
    with pytest.raises(NotFittedError):
        quiet().predict(X)


@pytest.mark.parametrize(
    ("options", "labels", "message"),
    [
        ({"kind": "LDA"}, Y, "kind: unknown kind 'LDA'"),
        ({"families": "ABC"}, Y, "families"),
        ({"n_components": 2}, Y, "n_components: is 1 for kind='EDDA'"),
        ({"priors": [0.5, 0.5]}, Y, "priors: expected 3 positive numbers"),
        ({"priors": "flat"}, Y, "priors: expected 'estimated', 'equal'"),
        ({"priors": {0: 1.0}}, Y, "priors: say nothing of class 1"),
        ({"criterion": "cv"}, Y, "criterion: 'cv' is not for kind='EDDA'"),
        ({"kind": "mixture"}, np.where(Y == 0, np.nan, Y), "rows without a label are for"),
        ({"kind": "mixture", "n_components": {0: 1}}, Y, "say nothing of class 1"),
        ({}, Y[:-1], "300"),
        ({}, [None] * len(Y), "y: no row has a label"),
        ({}, np.random.default_rng(0).standard_normal(len(Y)), "label type"),
        ({}, None, "y"),
    ],
)
def test_what_cannot_be_is_said(options, labels, message):
    with pytest.raises(ValueError, match=message):
        quiet(**options).fit(X, labels)


def test_a_classifier_of_given_mixtures_is_those_mixtures():
    families = {0: "VVV", 1: "VVI", 2: "EII"}
    model = quiet("mixture", n_components={0: 1, 1: 2, 2: 1}, families=families)
    model.fit(X, Y)
    assert model.families_ == ["VVV", "VVI", "EII"]
    own = GaussianMixture(2, covariance_type="VVI", random_state=0).fit(X[Y == 1])
    assert model.class_mixtures_[1].allclose(own.mixture_)


def test_a_stream_may_begin_with_one_row():
    stream = quiet(families="VVV").partial_fit(X[:1], Y[:1], classes=[0, 1, 2])
    with pytest.raises(NotFittedError):
        stream.predict(X)
    stream.partial_fit(X[1:], Y[1:])
    whole = quiet(families="VVV").fit(X, Y)
    np.testing.assert_allclose(stream.predict_proba(X), whole.predict_proba(X), atol=1e-9)


def test_a_fit_that_fails_leaves_what_was_there():
    model = quiet(families="EEE").fit(X, Y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((10, 2), np.nan), np.arange(10) % 2)
    with pytest.raises(ValueError, match="none of the classes"):
        model.partial_fit(X, Y + 1)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.n_features_in_ == 3


@pytest.mark.parametrize("kind", ["EDDA", "mixture"])
def test_arrays_of_a_cluster(kind):
    da = pytest.importorskip("dask.array")
    spread = da.from_array(X, chunks=(100, 3))
    partly = Y.astype(float)
    if kind == "EDDA":
        partly[::3] = np.nan
    model = quiet(kind, families="VVV").fit(spread, partly)
    in_memory = quiet(kind, families="VVV").fit(X, partly)
    answers = model.predict_proba(spread)
    assert isinstance(answers, da.Array)
    np.testing.assert_allclose(np.asarray(answers), in_memory.predict_proba(X), atol=1e-4)
    np.testing.assert_array_equal(model.predict(spread), in_memory.predict(X))


# -- missing values -------------------------------------------------------------------------


def with_holes(rows, share=0.2, seed=1):
    return np.where(np.random.default_rng(seed).uniform(size=rows.shape) < share, np.nan, rows)


def test_missing_values_are_not_seen():
    holes = with_holes(X)
    options = {"missing": "em", "tol": 1e-10, "max_iter": 5000}
    model = quiet(families="VVV", **options).fit(holes, Y)
    for k, own in enumerate(model.class_mixtures_):
        alone = GaussianMixture(1, **options).fit(holes[k == Y])
        np.testing.assert_allclose(own.means, alone.means_, atol=1e-4)
        np.testing.assert_allclose(own.covariances.to_dense(), alone.covariances_, atol=1e-4)
    assert model.log_likelihood_ == pytest.approx(model.mixture_.logpdf(holes).sum())
    # Of a row of which nothing is seen the priors are left.
    proba = model.predict_proba(np.vstack([holes, np.full((1, 3), np.nan)]))
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    np.testing.assert_allclose(proba[-1], model.priors_, atol=1e-12)
    whole = quiet(families="VEV", missing="em").fit(X, Y)
    np.testing.assert_array_equal(
        whole.predict_proba(X), quiet(families="VEV").fit(X, Y).predict_proba(X)
    )
    some = Y.astype(object)
    some[::2] = None
    for kind, labels in (("EDDA", some), ("mixture", Y), ("MclustDA", Y)):
        own = quiet(kind, n_components=1, families="VVV", missing="em").fit(holes, labels)
        assert own.score(holes, Y) > 0.8


def test_missing_values_are_refused_unless_they_are_said_to_be():
    holes = with_holes(X)
    with pytest.raises(ValueError, match=r"NaN in column 0.*missing='em'"):
        quiet().fit(holes, Y)
    with pytest.raises(ValueError, match="missing: expected 'error' or 'em', got 'drop'"):
        quiet(missing="drop").fit(holes, Y)
    with pytest.raises(ValueError, match="NaN in column 0"):
        quiet(families="VVV", missing="em").partial_fit(holes, Y, classes=[0, 1, 2])
