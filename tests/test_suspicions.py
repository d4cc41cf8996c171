"""Warnings about columns and arguments: raised where they help, and never on good data."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from gaussmix import DataWarning, GaussianMixture, GaussianMixtureIC, datasets, scan

from .variants import blobs

RNG = np.random.default_rng(0)
X, LABELS = blobs(n=300, d=3, k=2)
SHARES = RNG.dirichlet([2.0, 3.0, 4.0, 5.0], len(X))
GOOD = {
    "iris": load_iris().data,
    "one attribute": load_iris().data[:, :1],
    "sizes": datasets.sizes(200, 0).rows,
    "digits": PCA(20).fit_transform(load_digits().data),
    "wine": load_wine().data,
    "breast cancer": load_breast_cancer().data[:, :10],
    "linnerud": load_linnerud().data,
    "standard normal": RNG.standard_normal((500, 3)),
    "ages": RNG.integers(0, 90, (300, 2)),
    "counts": RNG.poisson(3.0, (200, 4)),
    "sorted velocities": np.sort(RNG.choice(30_000, 82, replace=False))[:, None],
    "ranks": np.argsort(RNG.random((200, 2)), axis=0),
    "almost constant": np.column_stack([X, np.arange(len(X)) % 100 == 0]),
    "sorted": X[np.argsort(X[:, 0])],
    "grades": RNG.integers(1, 4, (300, 3)),
    "few rows": X[:12],
}


def told(work):
    """The DataWarnings of some work, and the files that they point at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    own = [one for one in caught if issubclass(one.category, DataWarning)]
    assert {one.filename for one in own} <= {__file__}
    return [str(one.message) for one in own]


def fit(data, k=2, **options):
    return lambda: GaussianMixture(k, **{"random_state": 0, "max_iter": 3, **options}).fit(data)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("family", ["full", "diag"])
def test_never_on_good_data(name, family):
    assert told(fit(GOOD[name], covariance_type=family)) == []


def test_never_on_all_pixels_of_digits():
    assert told(fit(load_digits().data, covariance_type="diag", reg_covar=1.0)) == []
    assert told(fit(load_digits().data, covariance_type="full", reg_covar=1.0)) == []


def with_columns(**more):
    return pd.DataFrame(X, columns=["a", "b", "c"]).assign(**more)


@pytest.mark.parametrize(
    "values", [np.arange(300), np.arange(300) * 3 + 2**40, np.arange(-9, 291.0)]
)
def test_a_column_that_counts_rows(values, tmp_path):
    frame = with_columns(id=values)
    frame.to_parquet(tmp_path / "x.parquet")
    for data in (frame, pl.from_pandas(frame), scan(tmp_path / "x.parquet")):
        (message,) = told(fit(data, covariance_type="diag"))
        assert message.startswith("X: column 'id': whole numbers that rise from row to row")
        assert "leave it out" in message
    assert told(fit(frame.sample(frac=1, random_state=0), covariance_type="diag")) == []


@pytest.mark.parametrize("values", [(0, 1), (-1.5, 1e9), (True, False)])
def test_a_column_of_two_values(values):
    frame = with_columns(sex=np.where(RNG.random(300) < 0.3, *values))
    (message,) = told(fit(frame, covariance_type="diag"))
    assert message.startswith("X: column 'sex': two values only")


@pytest.mark.parametrize("scale", [1e-100, 1.0, 100.0, 1e100])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_columns_of_a_constant_sum_are_named(scale, dtype):
    if dtype == np.float32 and not 1e-30 < scale < 1e30:
        return
    rows = np.column_stack([X, SHARES * scale]).astype(dtype)
    (message,) = told(fit(rows))
    assert message.startswith("X: column 3, column 4, column 5, column 6 add up to ")
    assert float(message.split("add up to ")[1].split()[0]) == pytest.approx(scale, rel=1e-5)
    assert told(fit(rows, covariance_type="diag")) == []
    assert told(fit(rows, reg_covar=1e-3 * scale**2 + 1e-3)) == []


def test_two_sums_are_told_apart_and_other_dependencies_too():
    other = RNG.dirichlet([1.0, 1.0, 1.0], len(X)) * 5
    messages = told(fit(np.column_stack([SHARES, X[:, :1], other])))
    assert sorted(message.split(";")[0] for message in messages) == [
        "X: column 0, column 1, column 2, column 3 add up to 1 in every row",
        "X: column 5, column 6, column 7 add up to 5 in every row",
    ]
    (message,) = told(fit(np.column_stack([X, X @ [1.0, 2.0, -3.0]])))
    assert "column 0, column 1, column 2, column 3 depend on each other" in message


def test_columns_of_zeros_and_ones_for_a_choice():
    one_hot = np.eye(3)[RNG.integers(3, size=300)]
    messages = told(fit(np.column_stack([X, one_hot])))
    assert any("column 3, column 4, column 5: two values" in message for message in messages)
    assert any("column 3, column 4, column 5 add up to 1" in message for message in messages)


def test_a_search_warns_once():
    frame = with_columns(id=np.arange(300))
    work = GaussianMixtureIC([1, 2], families=["VVI", "EEI"], random_state=0)
    (message,) = told(lambda: work.fit(frame))
    assert "column 'id'" in message


@pytest.mark.parametrize(
    "kind", [GaussianMixture, lambda k: GaussianMixtureIC([k], families=["EEI"])]
)
@pytest.mark.parametrize("make", [np.asarray, list, pd.Series])
def test_weights_given_as_a_target(kind, make):
    (message,) = told(lambda: kind(2).fit(X, make(RNG.random(len(X)) * 3)))
    assert message == (
        "y: is ignored, as by scikit-learn; if it holds weights of rows, give it as sample_weight="
    )


@pytest.mark.parametrize(
    "target",
    [None, LABELS, LABELS.astype(float), LABELS + 5, RNG.normal(size=300), ["a"] * 300, X,
     np.full(300, np.nan), np.where(LABELS == 1, 0.5, 1.5)],
    ids=["none", "labels", "floats", "from 5", "signed", "words", "rows", "nan", "two values"],
)  # fmt: skip
def test_targets_are_no_weights(target):
    assert told(lambda: GaussianMixture(2).fit(X, target)) == []


def test_a_pipeline_may_have_any_target():
    target = RNG.random(len(X))
    pipeline = make_pipeline(GaussianMixture(2, random_state=0), LinearRegression())
    assert told(lambda: pipeline.fit(X, target)) == []
    np.testing.assert_allclose(
        GaussianMixture(2, random_state=0).fit_transform(X, target),
        GaussianMixture(2, random_state=0).fit(X).predict_proba(X),
    )


def test_they_can_be_silenced():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DataWarning)
        fit(with_columns(id=np.arange(300)), covariance_type="diag", max_iter=100)()
