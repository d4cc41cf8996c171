"""Bad input gets an error that names the argument, what was found and what to do."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array

from gaussmix import DataError, GaussianMixture, Mixture, ParameterError
from tests.variants import blobs

X, LABELS = blobs(n=60, d=3)


def refuses(message, data=X, *, weights=None, error=DataError, n_components=2, **options):
    with pytest.raises(error, match=message) as caught:
        GaussianMixture(n_components, **options).fit(data, sample_weight=weights)
    assert isinstance(caught.value, ValueError)


def changed(row, column, value):
    data = X.copy()
    data[row, column] = value
    return data


def test_nan_and_infinity_are_counted_by_column():
    data = changed(3, 1, np.nan)
    data[4:6, 2] = np.inf
    told = "1 NaN in column 1; 2 infinity in column 2, in 3 of 60 rows. Take.*refused always"
    refuses(told, data)
    frame = pd.DataFrame(data, columns=["a", "b", "c"])
    refuses("1 NaN in column 'b'; 2 infinity in column 'c'", frame)
    wide = np.full((30, 9), np.nan)
    refuses("and 4 more columns", wide)


@pytest.mark.parametrize("library", [pd, pl])
def test_text_columns_are_named(library):
    frame = library.DataFrame({"a": [1.0, 2.0, 3.0], "species": ["x", "y", "z"]})
    refuses(r"1 of 2 columns are not numeric: 'species'", frame)


def test_text_arrays_are_refused():
    refuses("X: expected an array of numbers, found text", np.array([["a"], ["b"], ["c"]]))
    refuses("X: expected an array of numbers, found text", [["1.5", "a"], ["2.5", "b"]])


def test_constant_columns_are_named_with_their_value_and_the_remedies():
    data = X.copy()
    data[:, 1] = 7.5
    refuses("constant: column 1 \\(always 7.5\\).*drop it.*reg_covar.*spherical", data)
    refuses("constant: column 1", data, covariance_type="diag")
    refuses("constant: column 1", data, covariance_type="tied")
    for options in ({"covariance_type": "spherical"}, {"reg_covar": 1e-6}):
        assert np.isfinite(GaussianMixture(2, **options).fit(data).lower_bound_)


@pytest.mark.parametrize("value", [98.6, 0.1, -1e9 / 3])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "tied"])
def test_constants_that_do_not_sum_exactly_are_constants(value, covariance_type):
    data = np.column_stack([np.tile(X[:, 0], 900), np.full(54_000, value)])
    refuses("constant: column 1", data, covariance_type=covariance_type)


def test_one_far_row_does_not_make_columns_duplicates():
    data = np.vstack([X, np.full((1, 3), 1e7)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isfinite(GaussianMixture(2, random_state=0).fit(data).lower_bound_)


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_duplicate_columns_are_named(shift):
    data = np.column_stack([X, 3.0 * X[:, 0] + shift])
    refuses("duplicate columns.*column 0 and column 3.*drop one of each pair", data)
    refuses("duplicate columns", data, covariance_type="tied")
    for options in ({"covariance_type": "diag"}, {"reg_covar": 1e-6}):
        assert np.isfinite(GaussianMixture(2, **options).fit(data).lower_bound_)


def test_fewer_rows_or_distinct_rows_than_components():
    refuses("5 components need at least as many rows; X has n_samples = 4", X[:4], n_components=5)
    few = np.repeat(X[:3], 20, axis=0)
    refuses(
        "3 different rows cannot support 4 components; use n_components <= 3", few, n_components=4
    )
    weights = np.zeros(60)
    weights[:2] = 1
    refuses("n_samples = 2 of positive weight", X, weights=weights, n_components=3)


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", None, True])
def test_n_components_must_be_a_positive_integer(value):
    refuses(
        "n_components: expected an integer of at least 1", n_components=value, error=ParameterError
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tol": -1.0}, "tol: expected a number of at least 0, got -1.0"),
        ({"tol": np.nan}, "tol"),
        ({"reg_covar": -1e-6}, "reg_covar"),
        ({"max_iter": -1}, "max_iter: expected an integer of at least 0, got -1"),
        ({"n_init": 0}, "n_init"),
        ({"n_jobs": 0}, "n_jobs: expected an integer of at least 1, got 0"),
        ({"n_jobs": "two"}, "n_jobs"),
        ({"verbose_interval": 0}, "verbose_interval"),
        ({"covariance_type": "ful"}, "unknown family 'ful'. Did you mean 'full'"),
        ({"covariance_type": "VVX"}, "Did you mean 'VVV' or 'VVI'. Known: E, EEE"),
        ({"init_params": "kmean"}, "unknown start 'kmean'. Expected one of 'k-means"),
        ({"init_params": np.zeros(5, dtype=int)}, "expected 60 labels, one a row, got 5"),
        ({"init_params": np.full(60, 2)}, "labels must be integers from 0 to 1, got values from 2"),
        ({"init_params": np.zeros(60, dtype=int)}, "component 1 is given no rows"),
        ({"init_params": np.full((60, 3), 1 / 3)}, r"expected responsibilities of shape \(60, 2\)"),
        ({"init_params": np.full((60, 2), 0.7)}, "each row must sum to 1"),
        ({"init_params": object()}, "expected a name, labels"),
        ({"init_params": Mixture([1.0], [[0.0]], [1.0])}, "has 1 components of 1 features"),
        ({"weights_init": [0.5, 0.6]}, "weights_init: must be positive and sum to 1, got sum 1.1"),
        ({"weights_init": [1.0]}, r"weights_init: expected shape \(2,\), got \(1,\)"),
        ({"means_init": np.zeros((2, 2))}, r"means_init: expected shape \(2, 3\), got \(2, 2\)"),
        ({"means_init": np.full((2, 3), np.inf)}, "means_init: contains NaN or infinity"),
        ({"precisions_init": np.ones((2, 3))}, r"precisions_init: expected shape \(2, 3, 3\)"),
        (
            {"precisions_init": np.stack([np.eye(3), -np.eye(3)])},
            "precisions_init: component 1 is not positive definite",
        ),
    ],
)
def test_impossible_options_are_refused(options, message):
    refuses(message, error=ParameterError, **options)


def test_warm_start_says_when_the_last_fit_does_not_fit():
    model = GaussianMixture(2, warm_start=True, random_state=0).fit(X)
    with pytest.raises(ParameterError, match="warm_start: the mixture has 2 components"):
        model.set_params(n_components=3).fit(X)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(5), r"sample_weight.shape == \(5,\), expected \(60,\)"),
        (np.ones((60, 1)), "expected"),
        (np.zeros(60), "all weights are zero"),
        (-np.ones(60), "60 weights are negative"),
        (np.full(60, np.nan), "NaN or infinity"),
    ],
)
def test_impossible_weights_are_refused(weights, message):
    refuses(message, weights=weights, error=ParameterError)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((0, 3)), "0 sample"),
        (np.zeros((5, 0)), "0 feature"),
        (np.arange(10.0), "Reshape your data"),
        (np.zeros((2, 3, 4)), "dim 3"),
        (X[:1], "1 sample"),
        (changed(0, 0, 1e200), "column 0 spans 1e\\+200.*divide it"),
    ],
)
def test_impossible_data_are_refused(data, message):
    refuses(message, data, error=ValueError)


def test_prediction_checks_its_data_too():
    model = GaussianMixture(2, random_state=0).fit(X)
    with pytest.raises(DataError, match="1 NaN in column 1"):
        model.predict(changed(0, 1, np.nan))
    with pytest.raises(DataError, match="column 0 spans"):
        model.predict(changed(0, 0, 1e200))
    with pytest.raises(ValueError, match="expecting 3 features"):
        model.predict(X[:, :2])
    with pytest.raises(ParameterError, match="sample_weight"):
        model.score(X, sample_weight=np.ones(3))


FAR = Mixture([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], np.stack([np.eye(2) * 1e-40] * 2))
PLAIN = Mixture([0.5, 0.5], [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], [1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit(weights=["a"] * 60), "sample_weight: expected an array of numbers"),
        (lambda: fit(weights=[[1], [1, 2]]), "sample_weight: expected an array of numbers"),
        (lambda: fit(weights=np.full(60, 1e305)), "sample_weight: the largest weight is 1e\\+305"),
        (lambda: fit(means_init=[["a"] * 3] * 2), "means_init: expected an array of numbers"),
        (lambda: fit(init_params=[[1], [1, 2]]), "init_params: expected a name, labels"),
        (lambda: fit(pd.DataFrame(X, columns=list("aab"))), "several columns .* the same name"),
        (lambda: fit(np.ma.masked_array(X, X > 1)), "X: is a masked array"),
        (lambda: fit(X * 1e-160), "column 0 spans .*, too little for float64"),
        (lambda: PLAIN.predict(csr_array(X)), r"X: is sparse; make it dense with X.toarray\(\)"),
        (lambda: PLAIN.predict(X + 1j), "X: expected an array of numbers .complex"),
        (lambda: PLAIN.predict(np.ma.masked_array(X, X > 1)), "X: is a masked array"),
        (lambda: PLAIN.reorder([True, False]), "order: expected a permutation of 0..1"),
        (lambda: PLAIN.reorder([1.0, 0.0]), "order: expected a permutation of 0..1"),
        (lambda: PLAIN.sample(3, random_state="x"), "random_state: expected an int"),
        (lambda: PLAIN.conditional(0, "a"), "values: expected an array of numbers"),
        (lambda: FAR.responsibilities([[1e135, 0.0]]), "too many standard deviations"),
    ],
)
def test_things_that_are_not_numbers_or_too_large_get_a_message(call, message):
    with pytest.raises((DataError, ParameterError), match=message):
        call()


def fit(data=X, weights=None, **options):
    return GaussianMixture(2, **options).fit(data, sample_weight=weights)


def test_a_few_different_rows_among_many_equal_ones_are_found():
    data = np.zeros((200_000, 2))
    data[[7, 90_000, 150_000]] = [[1.0, 2.0], [3.0, 1.0], [-2.0, 5.0]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(4, random_state=0).fit(data)
    assert len(np.unique(model.predict(data))) >= 2
    refuses("4 different rows cannot support 5 components", data, n_components=5)


@pytest.mark.parametrize("scale", [1e-30, 1e-100, 1e100])
def test_the_scale_of_weights_does_not_matter(scale):
    data, _ = blobs(n=300, d=30, k=2)
    a = GaussianMixture(2, random_state=0, covariance_type="diag").fit(data)
    b = GaussianMixture(2, random_state=0, covariance_type="diag").fit(
        data, sample_weight=np.full(300, scale)
    )
    np.testing.assert_allclose(a.means_, b.means_, rtol=1e-6, atol=1e-8)


def test_missing_extras_say_what_to_install():
    from gaussmix.exceptions import MissingExtraError

    error = MissingExtraError("matplotlib", "plot", "gaussmix.plot")
    assert "pip install 'gaussmix[plot]'" in str(error)
    assert isinstance(error, ImportError)
