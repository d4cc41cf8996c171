"""Files that are damaged, gone, changed or odd: a clear error or a recovery, no wrong answer."""

from __future__ import annotations

import gc
import os
import re
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
import zarr
from pyarrow import parquet

from gaussmix import DataError, GaussianMixture, scan
from gaussmix.components.moments import PRODUCTS
from gaussmix.rows import open_source
from gaussmix.rows.files.npy import Npy
from gaussmix.rows.summary import SummaryFold
from tests.test_scan import WRITERS, X, table, write_csv, write_parquet
from tests.variants import blobs

FOLD = SummaryFold(PRODUCTS, 3)
COMMAND = str(Path(sys.executable).parent / "gaussmix")


def rows_of(path):
    return open_source(scan(path)).reduce(FOLD).total.n_rows


@pytest.mark.parametrize("ending", [name for name in WRITERS if name != "zarr"])
def test_a_file_cut_short_is_named(ending, tmp_path):
    for i in range(2):
        WRITERS[ending](tmp_path / f"{i}.{ending}", X)
    whole = (tmp_path / f"1.{ending}").read_bytes()
    text = ending in ("csv", "tsv")  # in the middle of a line, before its separator
    cut = whole.rindex(b"\n", 0, -1) + 3 if text else len(whole) // 2
    (tmp_path / f"1.{ending}").write_bytes(whole[:cut])
    with pytest.raises(DataError, match=rf"1.{ending}: cannot be read as {ending}"):
        rows_of(tmp_path)


def test_a_damaged_page_of_parquet_is_named(tmp_path):
    write_parquet(tmp_path / "a.parquet", X)
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    data[4:2000] = bytes(1996)
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(DataError, match=r"a.parquet: cannot be read as parquet"):
        rows_of(tmp_path)


def test_a_damaged_chunk_of_zarr_is_named(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=X, chunks=(100, 3))
    (tmp_path / "a.zarr" / "c" / "3" / "0").write_bytes(b"junk")
    with pytest.raises(DataError, match=r"a.zarr: cannot be read as zarr"):
        rows_of(tmp_path / "a.zarr")


@pytest.mark.parametrize("ending", list(WRITERS))
def test_foreign_files_are_named(ending, tmp_path):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0 some picture \0\0 of a cat" * 20)
    with pytest.raises(DataError, match=rf"a.{ending}: (cannot be read as|is not text in UTF-8)"):
        scan(path)


@pytest.mark.parametrize("ending", [name for name in WRITERS if name != "zarr"])
def test_files_that_go_or_change_between_passes_are_named(ending, tmp_path):
    for i in range(3):
        WRITERS[ending](tmp_path / f"{i}.{ending}", X)
    source = open_source(scan(tmp_path))
    assert source.reduce(FOLD).total.n_rows == 3000
    WRITERS[ending](tmp_path / f"1.{ending}", X[:10])
    with pytest.raises(DataError, match=rf"1.{ending}: has changed since it was scanned"):
        source.reduce(FOLD)
    (tmp_path / f"1.{ending}").unlink()
    with pytest.raises(DataError, match=rf"1.{ending}: is gone since it was scanned"):
        source.reduce(FOLD)
    assert rows_of(tmp_path) == 2000


def test_a_file_that_goes_in_the_middle_of_a_fit_leaves_the_last_fit(tmp_path):
    write_parquet(tmp_path / "a.parquet", X)
    model = GaussianMixture(3, random_state=0).fit(X)
    before = model.means_.copy()
    model.set_params(callback=lambda it: (tmp_path / "a.parquet").unlink(missing_ok=True))
    with pytest.raises(DataError, match="is gone"):
        model.fit(scan(tmp_path))
    np.testing.assert_array_equal(model.means_, before)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (table(X).drop_columns("b"), r"1.parquet: no column 'b', which .*0.parquet has"),
        (
            table(X).set_column(1, "b", pa.array(["x"] * 1000)),
            r"1.parquet: column 'b' is string, but double in .*0.parquet",
        ),
    ],
)
def test_files_with_other_columns_are_named(other, message, tmp_path):
    write_parquet(tmp_path / "0.parquet", X)
    parquet.write_table(other, tmp_path / "1.parquet")
    with pytest.raises(DataError, match=message):
        rows_of(tmp_path)


def test_text_tables_with_other_columns_are_named(tmp_path):
    write_csv(tmp_path / "0.csv", X)
    (tmp_path / "1.csv").write_text("a,c\n1,2\n")
    with pytest.raises(DataError, match=r"1.csv: no column 'b', which .*0.csv has"):
        rows_of(tmp_path)
    (tmp_path / "1.csv").write_text("a,b,c\n1,2,3\n1,nought,3\n")
    with pytest.raises(DataError, match=r"1.csv: column 'b' is text, such as 'nought', but"):
        rows_of(tmp_path)


def test_columns_go_by_name_whatever_their_order_kind_and_company(tmp_path):
    write_parquet(tmp_path / "0.parquet", X)
    shuffled = table(X).select(["c", "a", "b"]).append_column("more", pa.array(["x"] * 1000))
    parquet.write_table(shuffled, tmp_path / "1.parquet")
    whole = pa.table({"a": [1, 2], "b": pa.nulls(2), "c": pa.array([1, 2], pa.float32())})
    parquet.write_table(whole, tmp_path / "2.parquet")
    rows, _ = scan(tmp_path).read()
    last = [[1, np.nan, 1], [2, np.nan, 2]]
    np.testing.assert_array_equal(rows, np.vstack([X, X, last]))


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow", "npy"])
def test_missing_values_are_counted_and_named_by_column(ending, tmp_path):
    rows = X.copy()
    rows[[3, 500, 999], 1] = np.nan
    rows[7, 2] = np.inf
    name = "column 1" if ending == "npy" else "column 'b'"
    WRITERS[ending](tmp_path / f"a.{ending}", rows)
    WRITERS[ending](tmp_path / f"b.{ending}", X)
    with pytest.raises(DataError, match=rf"3 NaN in {name}; 1 infinity.*of 2000 rows"):
        GaussianMixture().fit(scan(tmp_path))
    model = GaussianMixture(2, random_state=0).fit(X)
    with pytest.raises(DataError, match=rf"3 NaN in {name}"):
        model.predict(scan(tmp_path))


def test_nulls_are_missing_values(tmp_path):
    data = pa.table({"a": [1.0, None, 3], "b": pa.array([1, 2, None], pa.int32())})
    parquet.write_table(data, tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("a,b\n1,1\n,2\n3,NA\n")
    for name in ("a.parquet", "a.csv"):
        with pytest.raises(
            DataError, match=r"1 NaN in column 'a'; 1 NaN in column 'b', in 2 of 3 rows"
        ):
            GaussianMixture().fit(scan(tmp_path / name))


def test_empty_files_row_groups_and_partitions_hold_no_rows(tmp_path):
    with parquet.ParquetWriter(tmp_path / "a.parquet", table(X).schema) as writer:
        for part in (table(X[:0]), table(X[:1]), table(X[:0]), table(X[1:])):
            writer.write_table(part)
    write_parquet(tmp_path / "0.parquet", X[:0])
    assert rows_of(tmp_path) == 1000
    text = tmp_path / "text"
    text.mkdir()
    (text / "0.csv").touch()  # as Spark writes an empty partition
    (text / "1.csv").write_text("a,b,c\n")
    write_csv(text / "2.csv", X)
    (text / "3.csv").write_text("a,b,c\n")
    assert rows_of(text) == 1000


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow", "npy", "h5"])
def test_data_without_rows_are_refused(ending, tmp_path):
    WRITERS[ending](tmp_path / f"a.{ending}", X[:0])
    with pytest.raises(DataError, match="has no rows"):
        GaussianMixture().fit(scan(tmp_path))
    with pytest.raises(DataError, match="has no rows"):
        scan(tmp_path).read()


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path):
    """The limit on the size of files stands for the disk; in a process of its own."""
    write_parquet(tmp_path / "a.parquet", X)
    code = f"""
import resource, warnings
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from gaussmix import scan, GaussianMixture
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = GaussianMixture(3, random_state=0).fit(scan({str(tmp_path)!r}, cache={str(tmp_path)!r}))
assert ["each pass decodes" in str(w.message) for w in caught] == [True], caught
print(model.lower_bound_.hex())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    expected = GaussianMixture(3, random_state=0).fit(scan(tmp_path / "a.parquet"))
    assert done.stdout.strip() == expected.lower_bound_.hex()
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize(
    ("ending", "limit"),
    [("csv", 20_000), ("parquet", 20_000), ("parquet", 100), ("arrow", 20_000), ("npy", 100)],
)
def test_a_full_disk_leaves_no_half_predictions(ending, limit, tmp_path):
    rows, _ = blobs(n=3000)
    write_parquet(tmp_path / "data.parquet", rows)
    GaussianMixture(3, random_state=0).fit(rows).mixture_.save(tmp_path / "model.json")
    out = tmp_path / f"labels.{ending}"
    out.write_text("the last ones")
    done = subprocess.run(
        [COMMAND, "predict", "model.json", "data.parquet", "-o", out.name],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == f"error: {out.name}: file too large\n"
    assert out.read_text() == "the last ones"
    assert {p.name for p in tmp_path.iterdir()} == {"data.parquet", "model.json", out.name}


def test_headers_of_npy_files_are_read_by_many_threads_at_once(tmp_path):
    """A collection of garbage that lets other threads run, in the midst of parsing."""
    path = tmp_path / "rows.npy"
    np.save(path, np.zeros((10, 3)))
    failed = []

    def read():
        for _ in range(100):
            try:
                with Npy().opening(path, None):
                    pass
            except Exception as error:
                failed.append(error)

    def pause(*_):
        time.sleep(1e-5)

    thresholds = gc.get_threshold()
    gc.callbacks.append(pause)
    try:
        gc.set_threshold(50)
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(pause)
    assert failed == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", [name for name in WRITERS if name != "zarr"])
def test_flipped_bits_end_in_an_error_that_names_the_file(ending, tmp_path):
    """In the head, at the end, and anywhere; numbers that changed cannot be told from others."""
    path = tmp_path / f"a.{ending}"
    WRITERS[ending](path, X[:100])
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    told = []
    for trial in range(int(os.environ.get("GAUSSMIX_FUZZ", "0")) or 150):
        content = bytearray(good)
        first, last = [(0, 800), (-1500, 0), (-len(good), 0)][trial % 3]
        at = int(rng.integers(first, last)) % len(good)
        content[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(content)
        try:
            GaussianMixture(1, n_jobs=1).fit(scan(path))
        except DataError as error:
            if str(path) not in str(error):  # numbers that were read, and cannot be fitted
                told.append(str(error))
    assert all(re.search("column|X: |rows", message) for message in told), told


def test_an_array_that_claims_more_than_its_file_has_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", X)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content.replace(b"(1000, 3)", b"(9999, 3)"))
    with pytest.raises(DataError, match=r"a.npy: cannot be read as npy: claims float64 of shape"):
        scan(tmp_path / "a.npy")


@pytest.mark.parametrize("path", ["a" * 5000 + ".csv", "a\0b.csv", "a" * 300 + "/*.parquet"])
def test_a_path_that_no_file_can_have_is_told(path):
    with pytest.raises(DataError, match=r"cannot be looked for|no such file|matches no file"):
        scan(path)
