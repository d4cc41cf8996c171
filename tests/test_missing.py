"""Rows with missing values: refused by name, or left out wherever rows come from."""

from __future__ import annotations

import warnings

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from gaussmix import DataError, GaussianMixture, GaussianMixtureIC, ParameterError, Stepwise, scan
from gaussmix.rows import MemorySource
from gaussmix.rows.incomplete import INCOMPLETE
from gaussmix.rows.missing import get_missing, list_missing

from .variants import FAMILIES, blobs

NAMES = ["a", "b", "c"]
WHOLE, LABELS = blobs(n=400, d=3, k=3, separation=2.0)
X = WHOLE.copy()
X[np.random.default_rng(5).random(X.shape) < 0.04] = np.nan
COMPLETE = ~np.isnan(X).any(axis=1)
WEIGHTS = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)


def model(k=3, **options):
    return GaussianMixture(k, **{"random_state": 0, "missing": "drop", **options})


def frame():
    return pd.DataFrame(X, columns=NAMES)


def written(path, rows):
    columns = {name: pa.array(rows[:, j], from_pandas=True) for j, name in enumerate(NAMES)}
    parquet.write_table(pa.table(columns), path, row_group_size=90)
    return path


def in_csv(path):
    frame().to_csv(path / "x.csv", index=False)  # cells without a value are empty
    return scan(path / "x.csv")


def in_folder(path):
    for i, rows in enumerate(np.split(X, 4)):
        written(path / f"{i}.parquet", rows)
    return scan(path)


KINDS = {
    "array": lambda path: X,
    "list": lambda path: X.tolist(),
    "pandas": lambda path: frame(),
    "pandas NA": lambda path: frame().astype("Float64"),
    "pandas arrow": lambda path: frame().convert_dtypes(dtype_backend="pyarrow"),
    "objects": lambda path: frame().astype(object).where(frame().notna(), None),
    "polars null": lambda path: pl.DataFrame(X, schema=NAMES).fill_nan(None),
    "lazy": lambda path: pl.DataFrame(X, schema=NAMES).fill_nan(None).lazy(),
    "arrow null": lambda path: parquet.read_table(written(path / "y.parquet", X)),
    "csv": in_csv,
    "parquet": in_folder,
    "npy": lambda path: np.save(path / "x.npy", X) or scan(path / "x.npy"),
    "callable": lambda path: lambda: iter(np.split(X, 8)),
    "callable of frames": lambda path: lambda: (frame()[i : i + 99] for i in range(0, 400, 99)),
    "dask array": lambda path: da.from_array(X, chunks=(130, 2)),
    "dask frame": lambda path: dd.from_pandas(frame(), npartitions=3),
}


@pytest.fixture(scope="module")
def expected():
    return model(missing="error").fit(X[COMPLETE])


def assert_same(found, expected, tolerance=1e-9):
    assert found.mixture_.allclose(expected.mixture_, rtol=tolerance, atol=tolerance)
    assert found.lower_bound_ == pytest.approx(expected.lower_bound_, rel=tolerance)
    assert found.result_.n == pytest.approx(expected.result_.n)


@pytest.mark.parametrize("kind", KINDS)
def test_wherever_rows_come_from_the_fit_is_that_of_the_complete_ones(kind, expected, tmp_path):
    data = KINDS[kind](tmp_path)
    found = model().fit(data)
    assert_same(found, expected)
    assert found.n_rows_dropped_ == (~COMPLETE).sum() and found.result_.n_rows == COMPLETE.sum()
    labels, density = np.asarray(found.predict(data)), np.asarray(found.score_samples(data))
    shares = np.asarray(found.predict_proba(data))
    np.testing.assert_array_equal(labels[COMPLETE], expected.predict(X[COMPLETE]))
    np.testing.assert_allclose(density[COMPLETE], expected.score_samples(X[COMPLETE]))
    assert (labels[~COMPLETE] == INCOMPLETE).all()
    assert np.isnan(density[~COMPLETE]).all() and np.isnan(shares[~COMPLETE]).all()
    assert np.isfinite(shares[COMPLETE]).all() and shares.shape == (400, 3)
    assert found.score(data) == pytest.approx(expected.score(X[COMPLETE]))
    assert found.icl(data) == pytest.approx(expected.icl(X[COMPLETE]))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"lazy"}))
def test_by_default_they_are_refused_with_columns_rows_and_what_to_do(kind, tmp_path):
    with pytest.raises(DataError) as caught:
        model(missing="error").fit(KINDS[kind](tmp_path))
    told = str(caught.value)
    counts = np.isnan(X).sum(axis=0)
    assert f"{counts[0]} NaN in column " in told and "missing='drop'" in told
    assert f"in {(~COMPLETE).sum()} of 400 rows" in told


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family(family):
    found = model(covariance_type=family.name).fit(X)
    assert_same(found, model(covariance_type=family.name).fit(X[COMPLETE]), 1e-7)


@pytest.mark.parametrize("scale", [1e-100, 1e100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_scale_and_type(scale, dtype):
    scale = 1e-3 * np.log10(scale) if dtype == np.float32 else scale
    rows = (X * scale).astype(dtype)
    found, expected = model().fit(rows), model().fit(rows[COMPLETE])
    np.testing.assert_allclose(found.weights_, expected.weights_, rtol=1e-6)
    assert found.score_samples(rows).dtype == dtype


def test_rows_without_missing_values_give_the_same_bits():
    kept, plain = model().fit(WHOLE), model(missing="error").fit(WHOLE)
    assert kept.mixture_ == plain.mixture_ and kept.n_rows_dropped_ == 0
    np.testing.assert_array_equal(kept.predict_proba(WHOLE), plain.predict_proba(WHOLE))
    assert not any("missing" in told for told in kept.result_.notices())


def test_weights_of_dropped_rows_leave_too(tmp_path):
    expected = model().fit(X[COMPLETE], sample_weight=WEIGHTS[COMPLETE])
    assert expected.result_.n == WEIGHTS[COMPLETE].sum()
    table = frame().assign(w=WEIGHTS)
    table.to_parquet(tmp_path / "w.parquet")
    for data, weights in (
        (X, WEIGHTS),
        (frame(), WEIGHTS),
        (scan(tmp_path / "w.parquet"), "w"),
        (da.from_array(X, chunks=(90, 3)), da.from_array(WEIGHTS, chunks=90)),
        (dd.from_pandas(table, npartitions=3), "w"),
    ):
        found = model().fit(data, sample_weight=weights)
        assert_same(found, expected)
        # A row of weight 0 takes no part anyway.
        assert found.n_rows_dropped_ == (~COMPLETE & (WEIGHTS > 0)).sum()
    assert found.score(X, None, WEIGHTS) == pytest.approx(
        expected.score(X[COMPLETE], None, WEIGHTS[COMPLETE])
    )


def test_known_labels_noise_masks_and_given_starts_keep_their_rows():
    known = np.where(np.arange(400) % 5 == 0, LABELS, -1)
    far = np.arange(400) % 40 == 0
    for options, by_row in (
        ({}, {"known": known}),
        ({"noise": 0.05}, {}),
        ({"noise": far}, {}),
        ({"init_params": LABELS}, {}),
        ({"init_params": np.eye(3)[LABELS]}, {}),
        ({"init_params": "mbahc"}, {}),
        ({"init_params": "kmeans"}, {}),
        ({"noise": 0.05, "prior": "conjugate"}, {"known": known}),
    ):
        found = model(**options).fit(X, **by_row)
        own = {
            name: value[COMPLETE] if isinstance(value, np.ndarray) else value
            for name, value in options.items()
        }
        expected = model(**own).fit(
            X[COMPLETE], **{name: value[COMPLETE] for name, value in by_row.items()}
        )
        assert_same(found, expected, 1e-7)


@pytest.mark.parametrize("criterion", ["bic", "icl"])
def test_a_search_is_that_of_the_complete_rows(criterion):
    options = {"families": ["EEE", "VVI", "VVV"], "criterion": criterion, "random_state": 0}
    found = GaussianMixtureIC([1, 2, 3], missing="drop", **options).fit(X)
    expected = GaussianMixtureIC([1, 2, 3], **options).fit(X[COMPLETE])
    np.testing.assert_allclose(
        found.results_.to_dict()[criterion], expected.results_.to_dict()[criterion]
    )
    assert found.n_rows_dropped_ == (~COMPLETE).sum()
    assert (found.predict(X) == INCOMPLETE).sum() == (~COMPLETE).sum()


def test_cross_validation_scores_complete_rows_alone():
    found = GaussianMixtureIC(
        [1, 3], families=["VVI"], criterion="cv", missing="drop", random_state=0
    ).fit(X)
    assert np.isfinite(found.criterion_) and found.n_components_ == 3


def test_a_stream_drops_and_counts():
    batches = Stepwise(batch_rows=40)
    streamed, plain = model(stepwise=batches), model(stepwise=batches, missing="error")
    for rows in np.split(X, 8):
        streamed.partial_fit(rows)
        plain.partial_fit(rows[~np.isnan(rows).any(axis=1)])
    assert streamed.n_rows_dropped_ == (~COMPLETE).sum()
    assert streamed.n_samples_seen_ == COMPLETE.sum()
    assert streamed.mixture_.allclose(plain.mixture_)
    before = streamed.mixture_
    streamed.partial_fit(np.full((3, 3), np.nan))
    assert streamed.mixture_ == before
    assert streamed.n_rows_dropped_ == (~COMPLETE).sum() + 3
    assert model().fit(X).partial_fit(X).n_rows_dropped_ == 2 * (~COMPLETE).sum()


def test_a_stream_that_begins_with_nothing_complete_waits():
    stream = model(1, stepwise=Stepwise(batch_rows=40)).partial_fit(np.full((5, 3), np.nan))
    assert not hasattr(stream, "mixture_")
    stream.partial_fit(WHOLE)
    assert stream.n_rows_dropped_ == 5


@pytest.mark.parametrize("kind", [GaussianMixture, GaussianMixtureIC])
@pytest.mark.parametrize("options", [{}, {"noise": 0.1}])
def test_where_no_row_is_complete_it_is_said(kind, options):
    rows = pd.DataFrame({"a": [1.0, np.nan, 2.0, 3.0], "b": [np.nan] * 4})
    with pytest.raises(DataError, match=r"none of 4 rows is complete.*\(4 times\) column 'b'"):
        kind(2, missing="drop", **options).fit(rows)


def test_answers_to_nothing_but_incomplete_rows():
    fitted = model().fit(WHOLE)
    rows = np.full((4, 3), np.nan)
    assert (fitted.predict(rows) == INCOMPLETE).all()
    assert np.isnan(fitted.score_samples(rows)).all() and np.isnan(fitted.transform(rows)).all()
    for ask in (fitted.score, fitted.bic, fitted.summary):
        with pytest.raises(DataError, match="missing in every row"):
            ask(rows)


def test_infinite_values_are_refused_always():
    rows = X.copy()
    rows[7, 1] = np.inf
    with pytest.raises(DataError, match=r"1 infinity in column 1.*Infinite values are refused"):
        model().fit(rows)
    with pytest.raises(DataError, match="infinity in column 1"):
        model().fit(X).predict(rows)


def test_the_fit_tells_how_many_were_left_out():
    fitted = model().fit(X)
    dropped = (~COMPLETE).sum()
    (told,) = [told for told in fitted.result_.notices() if "missing" in told]
    assert told.startswith(f"{dropped} of 400 rows")
    assert f"{dropped} more left out" in str(fitted.summary())


def test_words():
    assert [word.name for word in list_missing()] == ["drop", "em", "error"]
    with pytest.raises(ParameterError, match=r"missing: unknown word 'ignore'. Known: drop:"):
        model(missing="ignore").fit(WHOLE)
    assert get_missing(get_missing("drop")) is get_missing("drop")
    assert model().__sklearn_tags__().input_tags.allow_nan
    assert not GaussianMixtureIC().__sklearn_tags__().input_tags.allow_nan


@given(st.data())
def test_any_pattern_of_missing_values(data):
    """Sums over complete rows are those over the rows alone, whatever is missing where."""
    n, d = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    rows, weights = rng.normal(size=(n, d)), rng.integers(0, 3, n).astype(float)
    rows[rng.random((n, d)) < data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))] = np.nan
    whole = ~np.isnan(rows).any(axis=1)
    source = get_missing("drop").admit(MemorySource(rows, weights, block_rows=7))
    assert source.n_incomplete == (~whole & (weights > 0)).sum()
    taken, own = source.sample(n, rng)
    np.testing.assert_array_equal(taken, rows[whole & (weights > 0)])
    np.testing.assert_array_equal(own, weights[whole & (weights > 0)])


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_scikit_learns_own_checks_hold():
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(GaussianMixture(missing="drop", max_iter=5))
