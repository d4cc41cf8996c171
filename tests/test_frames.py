"""Dataframes of any kind in memory: block by block, with the results and words of arrays."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gaussmix import DataError, GaussianMixture
from gaussmix.components.moments import PRODUCTS
from gaussmix.estimators.rows import open_rows
from gaussmix.rows.door import as_table
from gaussmix.rows.frames import FrameRows, frame_rows
from gaussmix.rows.summary import SummaryFold
from tests.variants import blobs

# Enough for frames to be more than a block.
X, _ = blobs(n=200_000, d=3, k=3)
NAMES = ["a", "b", "c"]


def columns(rows=X):
    return dict(zip(NAMES, rows.T.copy(), strict=True))


def chunked(rows=X):
    """A polars frame of several chunks, which no single array can be a view of."""
    parts = [pl.DataFrame(columns(part)) for part in np.array_split(rows, 3)]
    return pl.concat(parts, rechunk=False)


FRAMES = {
    "pandas": lambda rows: pd.DataFrame(columns(rows)),
    "pandas with a block of its own": lambda rows: pd.DataFrame(rows, columns=NAMES),
    "pandas of arrow": lambda rows: pd.DataFrame(columns(rows)).astype("double[pyarrow]"),
    "polars": lambda rows: pl.DataFrame(columns(rows)),
    "polars in chunks": chunked,
    "table": lambda rows: pa.table(columns(rows)),
    "record batch": lambda rows: pa.RecordBatch.from_pydict(columns(rows)),
}


@pytest.fixture(scope="module")
def expected():
    return GaussianMixture(3, random_state=0).fit(X)


@pytest.mark.parametrize("kind", list(FRAMES))
def test_a_frame_gives_what_its_numbers_give(kind, expected):
    frame = FRAMES[kind](X)
    assert isinstance(frame_rows(as_table(frame)), FrameRows)
    model = GaussianMixture(3, random_state=0).fit(frame)
    assert model.feature_names_in_.tolist() == NAMES
    np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-9)
    np.testing.assert_allclose(model.lower_bounds_, expected.lower_bounds_, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(frame), expected.predict(X))
    shuffled = frame.select(NAMES[::-1]) if hasattr(frame, "select") else frame[NAMES[::-1]]
    np.testing.assert_array_equal(model.mixture_.predict(shuffled), expected.predict(X))
    assert model.score(frame) == pytest.approx(expected.score(X), rel=1e-12)


@pytest.mark.parametrize("kind", list(FRAMES))
def test_weights_and_rows_of_weight_zero(kind):
    weights = np.arange(len(X)) % 3.0
    model = GaussianMixture(3, random_state=0).fit(FRAMES[kind](X), sample_weight=weights)
    expected = GaussianMixture(3, random_state=0).fit(X, sample_weight=weights)
    np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-9)


@pytest.mark.parametrize("kind", list(FRAMES))
def test_missing_values_are_named_by_column(kind):
    rows = X.copy()
    rows[[5, 150_000], 1] = np.nan
    frame = FRAMES[kind](rows)
    if isinstance(frame, pl.DataFrame):
        frame = frame.fill_nan(None)
    with pytest.raises(DataError, match=r"2 NaN in column 'b', in 2 of 200000 rows"):
        GaussianMixture().fit(frame)


@pytest.mark.parametrize("kind", list(FRAMES))
def test_a_pass_copies_no_more_than_blocks(kind):
    frame = FRAMES[kind](np.tile(X, (5, 1)))
    tracemalloc.start()
    source = open_rows(GaussianMixture(n_jobs=1), frame, reset=True)
    summary = source.reduce(SummaryFold(PRODUCTS, 3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert summary.total.n_rows == 5 * len(X)
    assert peak < X.nbytes  # a fifth of the frame


def test_frames_of_other_numbers_are_converted_as_arrays_are():
    n = len(X)
    whole = np.arange(n)
    data = {
        "i": whole.astype(np.int32), "u": (whole % 7).astype(np.uint8), "t": whole % 2 == 0,
        "h": X[:, 0].astype(np.float32),
    }  # fmt: skip
    rows = np.column_stack([values.astype(float) for values in data.values()])
    for frame in (pd.DataFrame(data), pl.DataFrame(data), pa.table(data)):
        found = frame_rows(frame)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(np.asarray(found), rows)
        np.testing.assert_array_equal(np.asarray(found[7:][3:9]), rows[10:16])
        np.testing.assert_array_equal(found[np.array([5, 3])], rows[[5, 3]])
    single = frame_rows(pl.DataFrame(columns(X.astype(np.float32))))
    assert single.dtype == np.float32
    nullable = pd.DataFrame({"a": pd.array([1, None] * n, "Int64"), "b": [True, False] * n})
    np.testing.assert_array_equal(np.asarray(frame_rows(nullable)[:2]), [[1, 1], [np.nan, 0]])


def test_small_frames_and_frames_of_objects_are_converted_at_once():
    assert frame_rows(pd.DataFrame({"a": [1.0, 2.0]})) is None
    assert frame_rows(pd.DataFrame({"a": np.arange(2_000_000.0).astype(object)})) is None
    assert frame_rows(X) is None


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_names_are_compared_and_outputs_are_frames_as_ever(kind):
    frame = FRAMES[kind](X)
    model = GaussianMixture(2, random_state=0, tol=1).fit(frame)
    other = frame.rename(columns={"b": "z"}) if kind == "pandas" else frame.rename({"b": "z"})
    with pytest.raises(ValueError, match="feature names"):
        model.predict(other)
    out = model.set_output(transform=kind).transform(frame)
    assert type(out) is type(frame)
    assert list(out.columns) == ["gaussianmixture0", "gaussianmixture1"]


def test_text_is_refused_as_ever():
    text = pl.DataFrame({**columns(), "kind": ["x"] * len(X)})
    with pytest.raises(DataError, match=r"1 of 4 columns are not numeric: 'kind' \(String\)"):
        GaussianMixture().fit(text)
    with pytest.raises(DataError, match=r"1 of 4 columns are not numeric: 'kind' \(\w+\)"):
        GaussianMixture().fit(text.lazy())
