"""What a table carries for its own sake is no feature: the index of pandas."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from gaussmix import DataError, GaussianMixture, scan
from gaussmix.rows.bookkeeping import index_columns

ROWS = np.random.default_rng(0).normal(size=(40, 2))
FRAME = pd.DataFrame(ROWS, columns=["height", "width"])
PATIENT = pd.Index(np.arange(40) * 7 % 41, name="patient")
FRAMES = {
    "range": FRAME,
    "sliced": FRAME.iloc[::2],
    "filtered": FRAME[FRAME.height > 0],
    "named": FRAME.set_index(PATIENT),
    "unnamed": FRAME.set_index(PATIENT.rename(None)),
    "several": FRAME.set_index([PATIENT, pd.Index(np.arange(40.0), name="visit")]),
    "words": FRAME.set_index(pd.Index([f"p{i}" for i in range(40)], name="patient")),
    "a feature's name": FRAME.set_index("height", drop=False),
}


def ways(frame, folder):
    """Return the frame in every form that keeps what pandas says of its index."""
    table = pa.Table.from_pandas(frame)
    parquet.write_table(table, folder / "a.parquet")
    feather.write_feather(table, folder / "a.feather")
    return {
        "parquet": scan(folder / "a.parquet"),
        "feather": scan(folder / "a.feather"),
        "table": table,
        "batch": table.combine_chunks().to_batches()[0],
        "frame": frame,
    }


@pytest.mark.parametrize("name", FRAMES)
def test_an_index_is_no_feature(name, tmp_path):
    found = {
        way: GaussianMixture(1, random_state=0).fit(X)
        for way, X in ways(FRAMES[name], tmp_path).items()
    }
    for model in found.values():
        assert model.feature_names_in_.tolist() == ["height", "width"]
        np.testing.assert_allclose(model.means_, found["frame"].means_, rtol=1e-9)


def test_an_index_is_described_and_read_by_name(tmp_path):
    FRAMES["named"].to_parquet(tmp_path / "a.parquet")
    found = scan(tmp_path / "a.parquet")
    assert found.left_out == ("'patient' (an index, says pandas)",)
    asked = scan(tmp_path / "a.parquet", columns=["patient", "width"])
    assert asked.names == ("patient", "width")
    np.testing.assert_array_equal(asked.read()[0][:, 0], PATIENT)
    weighted = GaussianMixture(1).fit(found, sample_weight="patient")
    np.testing.assert_allclose(weighted.means_[0], np.average(ROWS, axis=0, weights=PATIENT))
    FRAMES["named"][[]].to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"no numeric columns; it has 'patient' \(an index"):
        scan(tmp_path / "b.parquet")


@pytest.mark.parametrize(
    "told", [b"", b"{", b"[]", b"null", b'{"index_columns": 3}', b'{"index_columns": [[1]]}',
             b"[" * 100_000, json.dumps({"index_columns": ["gone"]}).encode()]
)  # fmt: skip
def test_what_cannot_be_understood_says_nothing(told):
    schema = pa.schema([("height", pa.float64())], metadata={b"pandas": told})
    assert index_columns(schema) == ()
