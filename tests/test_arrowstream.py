"""Queries that stream Arrow go where X goes, and give what the same rows in memory give."""

from __future__ import annotations

import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gaussmix import DataError, GaussianMixture, GaussianMixtureIC, ParameterError, federated
from gaussmix.exceptions import MissingExtraError
from gaussmix.rows import arrowstream, open_source
from tests.variants import blobs

ROWS, _ = blobs(n=3000, d=3, seed=1)
WEIGHTS = np.random.default_rng(0).integers(0, 4, len(ROWS)).astype(float)
TABLE = pa.table({name: ROWS[:, j] for j, name in enumerate("abc")})
MODEL = GaussianMixture(3, random_state=0).fit(TABLE)


class Query:
    """What runs anew each time it is asked, as DuckDB's relations and Ibis' tables do."""

    def __init__(self, table=TABLE, most=None):
        self.table, self.left, self.n_asked = table, most, 0

    def __arrow_c_stream__(self, requested_schema=None):
        self.n_asked += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("the stream is used up")
        batches = self.table.to_batches(max_chunksize=700)
        reader = pa.RecordBatchReader.from_batches(self.table.schema, batches)
        return reader.__arrow_c_stream__(requested_schema)


def relation(query="SELECT * FROM own"):
    own = duckdb.connect()
    own.register("own", TABLE)
    return own.sql(query)


WAYS = {
    "query": Query,
    "DuckDB": relation,
    "DuckDB's query": lambda: relation("SELECT a, b, c FROM own WHERE a IS NOT NULL"),
    "reader": lambda: TABLE.to_reader(max_chunksize=700),
    "lazy": lambda: pl.from_arrow(TABLE).lazy(),
    "lazy query": lambda: pl.from_arrow(TABLE).lazy().filter(pl.col("a").is_finite()),
    "table": lambda: TABLE,
    "batch": lambda: TABLE.combine_chunks().to_batches()[0],
}


@pytest.mark.parametrize("way", WAYS)
def test_streams_go_where_x_goes(way):
    make = WAYS[way]
    model = GaussianMixture(3, random_state=0).fit(make())
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(model.means_, MODEL.means_, rtol=1e-9)
    np.testing.assert_array_equal(MODEL.predict(make()), MODEL.predict(TABLE))
    np.testing.assert_allclose(MODEL.score(make()), MODEL.score(TABLE), rtol=1e-12)
    np.testing.assert_array_equal(MODEL.mixture_.predict(make()), MODEL.predict(TABLE))
    streamed = GaussianMixture(3, random_state=0).partial_fit(make())
    expected = GaussianMixture(3, random_state=0).partial_fit(TABLE)
    np.testing.assert_allclose(streamed.means_, expected.means_, rtol=1e-9)
    site = federated.Site(make())
    np.testing.assert_allclose(site.totals.means, federated.Site(TABLE).totals.means, rtol=1e-12)
    chosen = GaussianMixtureIC([2, 3], families=["VVV"], random_state=0).fit(make())
    assert chosen.n_features_in_ == 3


def test_a_query_is_run_for_each_pass_and_never_held():
    query = Query()
    source = open_source(query)
    assert query.n_asked == 1  # its columns
    assert source.n_rows == len(ROWS)
    assert query.n_asked == 2
    before = query.n_asked
    GaussianMixture(2, random_state=0, max_iter=5, tol=0).fit(query)
    assert query.n_asked - before > 5


def test_a_column_of_weights_is_named():
    table = TABLE.append_column("w", pa.array(WEIGHTS))
    expected = GaussianMixture(3, random_state=0).fit(TABLE, sample_weight=WEIGHTS)
    for X in (Query(table), pl.from_arrow(table).lazy()):
        model = GaussianMixture(3, random_state=0).fit(X, sample_weight="w")
        assert model.feature_names_in_.tolist() == ["a", "b", "c"]
        np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-6)
    with pytest.raises(DataError, match="sample_weight: X has no column 'v'; it has 'a', 'b'"):
        GaussianMixture().fit(Query(), sample_weight="v")
    with pytest.raises(DataError, match="sample_weight: with a stream of Arrow as X give the name"):
        GaussianMixture().fit(Query(), sample_weight=WEIGHTS)
    worse = table.set_column(3, "w", pa.array(np.r_[[-1.0] * 3, WEIGHTS[3:]]))
    with pytest.raises(ParameterError, match="3 weights are negative"):
        GaussianMixture().fit(Query(worse), sample_weight="w")


def test_missing_values_whole_numbers_and_indexes_are_as_in_files():
    table = pa.table({"a": [1, None, 3], "b": pa.array([True, False, None])})
    for X in (Query(table), table.to_reader(), pl.from_arrow(table).lazy()):
        told = r"1 NaN in column 'a'; 1 NaN in column 'b', in 2 of 3 rows"
        with pytest.raises(DataError, match=told):
            GaussianMixture().fit(X)
    frame = pd.DataFrame(ROWS, columns=[*"abc"]).set_index(pd.Index(np.arange(3000) * 7, name="i"))
    for X in (Query(pa.Table.from_pandas(frame)), pa.Table.from_pandas(frame).to_reader()):
        assert GaussianMixture().fit(X).feature_names_in_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (Query(TABLE.append_column("k", pa.array(["x"] * 3000))), "1 of 4 columns are not numeric"),
        (Query(TABLE.slice(0, 0)), "X: its stream gave no rows"),
        (Query(most=1), r"cannot be read again .*used up.*; if it can be read once only, read it"),
        (Query(most=0), r"X: its stream of Arrow cannot be read .*used up.$"),
        (Query(pa.table([ROWS[:, 0]] * 2, names=["a", "a"])), "several columns .*'a'|same name"),
        (pl.LazyFrame({"a": []}), "X: "),
        (relation("SELECT * FROM own LIMIT 0"), "X: its stream gave no rows"),
        (duckdb.connect(), "X: expected rows of numbers: .*; got DuckDBPyConnection"),
    ],
)
def test_what_cannot_be_used_is_refused(X, message):
    with pytest.raises(DataError, match=message):
        GaussianMixture().fit(X)


def test_rows_that_change_between_passes_are_noticed():
    query = Query()
    source = open_source(query)
    assert source.n_rows == len(ROWS)
    query.table = TABLE.slice(0, 2999)
    with pytest.raises(DataError, match="X: its stream gave 2999 rows in this pass, 3000 in"):
        source.sample(5000, np.random.default_rng(0))


def test_without_pyarrow_the_extra_is_named(monkeypatch):
    query = pl.from_arrow(TABLE).lazy()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"needs pyarrow.*gaussmix\[files\]"):
        GaussianMixture().fit(query)


def test_frames_in_memory_are_left_to_others():
    frames = [TABLE, pl.from_arrow(TABLE), TABLE.to_pandas(), ROWS, TABLE["a"], pl.Series([1.0])]
    assert not any(map(arrowstream.ArrowStreamSource.opens, frames))
