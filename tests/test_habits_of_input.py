"""What scikit-learn's mixture takes is taken, and what it refuses is refused as it refuses it."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture as Peer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from gaussmix import GaussianMixture, GaussianMixtureIC, ParameterError

X, SPECIES = load_iris(return_X_y=True)
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])

ONE = GaussianMixture(2, random_state=0)
SEARCH = GaussianMixtureIC([2], families=["VVV"], random_state=0)
both = pytest.mark.parametrize("model", [ONE, SEARCH], ids=["one", "search"])


def told(work):
    """Return the kind of error, its text and the warnings of a piece of work."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            work()
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            return kind, str(error), [str(warning.message) for warning in caught]
    return None, "", [str(warning.message) for warning in caught]


# -- rows ------------------------------------------------------------------------------------

ROWS = {
    "one row": X[:1],
    "no row": X[:0],
    "no column": X[:, :0],
    "one axis": X[:, 0],
    "three axes": X[None],
    "a number": 3.0,
    "nothing": None,
    "a series": FRAME["a"],
    "complex": X.astype(complex),
    "sparse matrix": scipy.sparse.csr_matrix(X),
    "sparse array": scipy.sparse.csc_array(X),
    "objects": X.astype(object),
    "objects that are no numbers": np.array([["a", 1.0], ["b", 2.0]], dtype=object),
    "dictionaries": np.array([[{}, 1.0], [{}, 2.0]], dtype=object),
    "lists": X.tolist(),
    "ragged lists": [[1.0, 2.0], [3.0]],
    "integers": (10 * X).astype(int),
    "float16": X.astype(np.float16),
    "long double": X.astype(np.longdouble),
    "the other byte order": X.astype(">f8"),
    "by columns": np.asfortranarray(X),
    "every second": X[::2],
    "numbered columns": pd.DataFrame(X),
    "columns partly numbered": pd.DataFrame(X, columns=["a", "b", 1, 2]),
    "nan": np.where(X > 7, np.nan, X),
}
# What is said of these in our own words.
OWN_WORDS = {"nan", "ragged lists", "objects that are no numbers"}


@both
@pytest.mark.parametrize("name", ROWS)
def test_rows_are_taken_or_refused_as_by_scikit_learn(model, name):
    found, expected = (
        told(lambda own=own: clone(own).fit(ROWS[name])) for own in (model, Peer(2, random_state=0))
    )
    assert found[0] == expected[0]
    if name not in OWN_WORDS:
        assert found[1:] == expected[1:]


@both
def test_booleans_are_numbers(model):
    model = clone(model).fit(X)
    np.testing.assert_array_equal(model.predict(X > 3), model.predict((X > 3).astype(float)))


ASKED = {
    "another order": FRAME[["b", "a", "c", "d"]],
    "another name": FRAME.rename(columns={"a": "z"}),
    "one more": FRAME.assign(e=1.0),
    "one less": FRAME[["a", "b", "c"]],
    "no names": X,
    "too few": X[:, :2],
    "one axis": X[0],
    "no row": X[:0],
    "sparse": scipy.sparse.csr_matrix(X),
}


@both
@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "bic"])
@pytest.mark.parametrize("name", ASKED)
def test_columns_are_compared_as_by_scikit_learn(model, method, name):
    found, expected = (
        told(lambda own=own: getattr(clone(own).fit(FRAME), method)(ASKED[name]))
        for own in (model, Peer(2, random_state=0))
    )
    assert found == expected


@both
def test_names_that_the_fit_had_not_are_warned_of(model):
    with pytest.warns(UserWarning, match="fitted without feature names"):
        clone(model).fit(X).predict(FRAME)


# -- weights ---------------------------------------------------------------------------------

WEIGHTS = 1.0 + SPECIES


@both
@pytest.mark.parametrize(
    "given",
    [
        WEIGHTS.tolist(),
        tuple(WEIGHTS),
        pd.Series(WEIGHTS, index=np.arange(150)[::-1]),
        WEIGHTS.astype(int),
        WEIGHTS.astype(np.float32),
        WEIGHTS.astype(object),
    ],
    ids=["list", "tuple", "series", "integers", "float32", "objects"],
)
def test_weights_may_be_any_array_like_and_go_by_place(model, given):
    expected = clone(model).fit(X, sample_weight=WEIGHTS)
    assert clone(model).fit(X, sample_weight=given).mixture_ == expected.mixture_
    assert clone(model).fit(X, None, given).mixture_ == expected.mixture_
    assert expected.mixture_ != clone(model).fit(X).mixture_


@both
@pytest.mark.parametrize(
    "given",
    [-WEIGHTS, np.nan * WEIGHTS, WEIGHTS[:5], WEIGHTS[:, None], 0 * WEIGHTS, "a", 1j * WEIGHTS],
)
def test_impossible_weights_are_refused_by_name(model, given):
    with pytest.raises(ParameterError, match="sample_weight: "):
        clone(model).fit(X, sample_weight=given)


# -- in scikit-learn's hands -----------------------------------------------------------------


@both
@pytest.mark.filterwarnings("ignore:y. is ignored")
def test_scores_of_a_pipeline_take_any_target(model):
    piped = make_pipeline(StandardScaler(), model)
    targets = [
        SPECIES,
        SPECIES - 1,
        SPECIES.astype(str),
        np.random.default_rng(0).random(150),
        None,
    ]
    cut = KFold(3, shuffle=True, random_state=0)
    scores = [cross_val_score(piped, X, y, cv=cut, error_score="raise") for y in targets]
    for found in scores[1:]:
        np.testing.assert_array_equal(found, scores[0])
    assert cross_val_predict(piped, X, method="predict_proba").shape == (150, 2)


@both
def test_weights_are_routed_to_fit_and_score(model):
    with sklearn.config_context(enable_metadata_routing=True):
        asked = clone(model).set_fit_request(sample_weight=True)
        asked.set_score_request(sample_weight=True)
        found = cross_validate(
            asked, X, cv=KFold(3), params={"sample_weight": WEIGHTS}, error_score="raise"
        )
    expected = [
        clone(model).fit(X[own], sample_weight=WEIGHTS[own]).score(X[rest], None, WEIGHTS[rest])
        for own, rest in KFold(3).split(X)
    ]
    np.testing.assert_allclose(found["test_score"], expected, rtol=1e-12)


def test_grid_search_by_any_criterion_and_in_processes():
    grid = {"n_components": [1, 2, 3], "covariance_type": ["full", "tied", "VEV"]}
    cut = KFold(3, shuffle=True, random_state=0)
    alone, beside = (
        GridSearchCV(GaussianMixture(random_state=0), grid, cv=cut, n_jobs=n).fit(X) for n in (1, 2)
    )
    np.testing.assert_array_equal(
        alone.cv_results_["mean_test_score"], beside.cv_results_["mean_test_score"]
    )
    by_bic = GridSearchCV(
        GaussianMixture(random_state=0), grid, cv=cut, scoring=lambda own, rows: -own.bic(rows)
    ).fit(X)
    assert set(by_bic.best_params_) == set(grid)


@both
@pytest.mark.parametrize("state", [None, 0, np.random.RandomState(0), np.random.default_rng(0)])
def test_fit_predict_is_fit_and_then_predict(model, state):
    model = clone(model).set_params(random_state=state)
    labels = model.fit_predict(X)
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_array_equal(model.fit_transform(X), model.predict_proba(X))


@both
def test_a_fitted_model_travels(model):
    model = clone(model).fit(FRAME)
    for protocol in (2, pickle.HIGHEST_PROTOCOL):
        thawed = pickle.loads(pickle.dumps(model, protocol))
        np.testing.assert_array_equal(thawed.score_samples(FRAME), model.score_samples(FRAME))
        assert thawed.feature_names_in_.tolist() == list(FRAME)
        assert told(lambda own=thawed: own.predict(ASKED["another order"]))[0] is ValueError


@pytest.mark.parametrize(
    "options",
    [
        {"init_params": SPECIES},
        {"init_params": GaussianMixture(3, random_state=0).fit(X).mixture_},
        {"random_state": np.random.RandomState(1)},
        {"noise": SPECIES == 0},
        {"callback": lambda iteration: None},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_clone_has_the_same_parameters_and_no_fit(options):
    model = GaussianMixture(3, **options).fit(X)
    copy = clone(model)
    assert repr(copy) == repr(GaussianMixture(3, **options)) or "random_state" in options
    assert set(vars(copy)) == set(copy.get_params())
    copy.fit(X)


def test_frames_of_features_in_a_union():
    union = FeatureUnion([("mix", ONE), ("scale", StandardScaler())]).set_output(transform="pandas")
    found = union.fit_transform(FRAME)
    assert list(found)[:3] == ["mix__gaussianmixture0", "mix__gaussianmixture1", "scale__a"]
    assert found.index.equals(FRAME.index)


def test_the_best_of_several_starts_is_at_least_as_good_as_one():
    own = {"init_params": "random_from_data", "covariance_type": "tied", "random_state": 0}
    one, ten = (GaussianMixture(4, n_init=n, **own).fit(X) for n in (1, 10))
    assert ten.lower_bound_ >= one.lower_bound_


def test_a_warm_start_of_another_size_says_what_to_do():
    model = GaussianMixture(2, warm_start=True).fit(X)
    for work in (lambda: model.set_params(n_components=3).fit(X), lambda: model.fit(X[:, :2])):
        with pytest.raises(ParameterError, match=r"warm_start: .*set it to False to begin anew"):
            work()
    assert model.n_features_in_ == 4
