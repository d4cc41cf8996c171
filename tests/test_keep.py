"""`gaussmix predict --keep`: columns of any type go along, in the order of the rows."""

from __future__ import annotations

import datetime
import decimal
import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from pyarrow import feather, parquet

from gaussmix import GaussianMixture, Mixture
from gaussmix.cli import data
from gaussmix.rows.files import carried
from tests.variants import blobs

ROWS, _ = blobs(n=1000, d=2, k=2)
N = len(ROWS)
RNG = np.random.default_rng(3)
WORDS = np.array(["plain", 'a "quoted", word', "zwei\nZeilen", "NA", "ß漢🙂", "007", " edge "])
TEXT = pa.array([None if i % 9 == 4 else str(WORDS[i % 7]) for i in range(N)])
COLUMNS = {
    "id": pa.array(2**53 + 1 + np.arange(N)),
    "big": pa.array(2**64 - 1 - np.arange(N, dtype=np.uint64)),
    "text": TEXT,
    "day": pa.array([datetime.date(1900, 1, 1) + datetime.timedelta(i) for i in range(N)]),
    "time": pa.array(np.arange(N) * 1_000_003, pa.timestamp("us", tz="UTC")),
    "price": pa.array([decimal.Decimal(i).scaleb(-3) for i in range(N)], pa.decimal128(12, 3)),
    "flag": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(N)]),
    "kind": pa.array(RNG.choice(["u", "v", "w"], N)).dictionary_encode(),
}
NESTED = {"list": pa.array([[i, None] for i in range(N)]), "bytes": pa.array([b"\0\xff"] * N)}
KEPT = ",".join(COLUMNS)


def table(columns=COLUMNS):
    measured = {"a": pa.array(ROWS[:, 0]), "b": pa.array(ROWS[:, 1])}
    return pa.table({**dict(list(columns.items())[::2]), **measured, **columns})


@pytest.fixture(params=["loaded", "scanned"])
def run(request, here, monkeypatch):
    if request.param == "scanned":
        monkeypatch.setattr(data, "_LOADED_BYTES", 0)
    return here


@pytest.fixture
def folder(tmp_path):
    GaussianMixture(2, random_state=0).fit(ROWS).mixture_.save(tmp_path / "bare.json")
    named = Mixture.load(tmp_path / "bare.json")
    Mixture(named.weights, named.means, named.covariances, ["a", "b"]).save(tmp_path / "m.json")
    return tmp_path


def check(found, columns=COLUMNS):
    """Columns are as they were, types and all, and labels are their rows'."""
    for name, values in columns.items():
        plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        kept = found[name].combine_chunks()
        kept = kept.dictionary_decode() if pa.types.is_dictionary(kept.type) else kept
        assert kept.type == plain.type, name
        assert kept.equals(plain), name
    assert found.column_names[: len(columns)] == list(columns)
    assert found.num_rows == N


@pytest.mark.parametrize("ending", ["parquet", "feather"])
@pytest.mark.parametrize("out", ["parquet", "arrow"])
def test_types_are_kept(ending, out, run, folder):
    every = {**COLUMNS, **NESTED}
    if ending == "parquet":
        parquet.write_table(table(every), folder / "x.parquet", row_group_size=170)
    else:
        feather.write_feather(table(every), str(folder / "x.feather"), chunksize=90)
    code, _, err = run(
        "predict", "m.json", f"x.{ending}", "--keep", ",".join(every), "-o", f"y.{out}", cwd=folder
    )
    assert code == 0, err
    found = (parquet.read_table if out == "parquet" else feather.read_table)(folder / f"y.{out}")
    check(found, every)
    np.testing.assert_array_equal(found["label"], Mixture.load(folder / "m.json").predict(ROWS))


def text_of(values):
    return pa.csv.read_csv(
        io.BytesIO(values),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(COLUMNS, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            quoted_strings_can_be_null=False,
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
    )


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "tsv"])
def test_text_is_kept_as_it_stands(ending, run, folder):
    """Of a table of text every column is text: no zero, digit or word is lost."""
    buffer = io.BytesIO()
    delimiter = "\t" if ending == "tsv" else ","
    pa.csv.write_csv(table(COLUMNS), buffer, pa.csv.WriteOptions(delimiter=delimiter))
    written = gzip.compress(buffer.getvalue()) if ending.endswith("gz") else buffer.getvalue()
    (folder / f"x.{ending}").write_bytes(written)
    code, _, err = run(
        "predict", "m.json", f"x.{ending}", "--keep", KEPT, "-o", "y.csv", cwd=folder
    )
    assert code == 0, err
    whole = io.BytesIO()
    pa.csv.write_csv(table(COLUMNS).select(list(COLUMNS)), whole)
    found, expected = text_of((folder / "y.csv").read_bytes()), text_of(whole.getvalue())
    for name in COLUMNS:
        assert found[name].combine_chunks().equals(expected[name].combine_chunks()), name


def test_folders_files_and_their_names_in_order(run, folder):
    (folder / "parts").mkdir()
    for i in range(4):
        (folder / "parts" / f"year=200{i}").mkdir()
        part = table().slice(i * 250, 250)
        parquet.write_table(
            part, folder / "parts" / f"year=200{i}" / "p.parquet", row_group_size=90
        )
    code, _, err = run(
        "predict", "m.json", "parts", "--keep", f"{KEPT},year", "-o", "y.parquet", cwd=folder
    )
    assert code == 0, err
    found = parquet.read_table(folder / "y.parquet")
    check(found)
    assert found["year"].to_pylist() == [f"200{i // 250}" for i in range(N)]


def test_standard_input_has_columns_that_go_along(run, folder, monkeypatch):
    given = io.BytesIO()
    pa.csv.write_csv(table().select(["a", "id", "b"]), given)

    class Input:
        buffer = io.BytesIO(given.getvalue())

    monkeypatch.setattr("gaussmix.cli.reading.sys.stdin", Input)
    code, _, err = run("predict", "m.json", "-", "--keep", "id,a", "-o", "y.parquet", cwd=folder)
    assert code == 0, err
    found = parquet.read_table(folder / "y.parquet")
    assert found["id"].to_pylist() == [str(2**53 + 1 + i) for i in range(N)]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_incomplete_rows_keep_their_place(ending, run, folder):
    rows = ROWS.copy()
    rows[::7, 0] = np.nan
    whole = table().set_column(
        table().column_names.index("a"), "a", pa.array(rows[:, 0], from_pandas=True)
    )
    if ending == "parquet":
        parquet.write_table(whole, folder / "x.parquet")
    else:
        pa.csv.write_csv(whole, folder / "x.csv")
    arguments = ["predict", "m.json", f"x.{ending}", "--keep", "id", "-o", "y.parquet"]
    code, _, err = run(*arguments, cwd=folder)
    assert code == 1 and "143 NaN in column 'a', in 143 of 1000 rows" in err
    assert "--incomplete drop" in err and not (folder / "y.parquet").exists()
    code, out, err = run(*arguments, "--incomplete", "drop", "--json", cwd=folder)
    assert code == 0, err
    assert "143 rows with a missing value: label -3" in err
    found = parquet.read_table(folder / "y.parquet")
    labels = found["label"].to_numpy()
    assert [int(i) for i in found["id"].to_pylist()] == [2**53 + 1 + i for i in range(N)]
    np.testing.assert_array_equal(np.flatnonzero(labels == -3), np.arange(N)[::7])
    assert np.isnan(found["log_density"].to_numpy()[::7]).all()
    figures = json.loads(out)
    assert figures["incomplete"] == 143 and sum(figures["counts"]) == N - 143
    assert figures["mean_log_density"] == pytest.approx(np.nanmean(found["log_density"]))


def test_only_blocks_are_held(folder, here, monkeypatch):
    """As many rows wait as one block of answers and one batch of the file have."""
    monkeypatch.setattr(data, "_LOADED_BYTES", 0)
    n = 400_000
    rows = RNG.normal(size=(n, 2))
    whole = pa.table({"a": rows[:, 0], "b": rows[:, 1], "id": np.arange(n)})
    parquet.write_table(whole, folder / "x.parquet", row_group_size=50_000)
    most = 0

    class Watched(carried.Carried):
        def take(self, n_rows):
            nonlocal most
            found = super().take(n_rows)
            most = max(most, n_rows + sum(map(len, self._waiting)))
            return found

    monkeypatch.setattr("gaussmix.cli.predict.Carried", Watched)
    code, _, err = here(
        "predict", "m.json", "x.parquet", "--keep", "id", "-o", "y.parquet", cwd=folder
    )
    assert code == 0, err
    assert most < n / 2
    found = parquet.read_table(folder / "y.parquet")
    np.testing.assert_array_equal(found["id"], np.arange(n))
    np.testing.assert_array_equal(found["label"], Mixture.load(folder / "m.json").predict(rows))


REFUSED = {
    "unknown": (["x.parquet", "--keep", "id,nope"], "no column 'nope'; it has"),
    "clash": (["x.parquet", "--keep", "label"], "an answer called 'label' already"),
    "clash of shares": (["x.parquet", "--keep", "responsibility_1"], "already; rename"),
    "twice": (["x.parquet", "--keep", "id,id"], "--keep: 'id' given more than once"),
    "nothing": (["x.parquet", "--keep", ","], "--keep: expected names"),
    "array": (["x.npy", "--keep", "id"], "columns of an array have no names"),
    "numbers alone": (["x.parquet", "--keep", "id", "-o", "y.npy"], "y.npy holds numbers alone"),
    "nested as text": (["x.parquet", "--keep", "list", "-o", "y.csv"], "no place in a table"),
    "nested printed": (["x.parquet", "--keep", "list"], "no place in a table"),
    "other types": (["p1.parquet", "p2.parquet", "--keep", "id"], "p2.parquet: column 'id' is"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_is_written(what, folder, here):
    arguments, told = REFUSED[what]
    parquet.write_table(table({**COLUMNS, **NESTED}), folder / "x.parquet")
    np.save(folder / "x.npy", ROWS)
    for name, ids in (("p1", np.arange(3)), ("p2", ["x", "y", "z"])):
        own = pa.table({"a": ROWS[:3, 0], "b": ROWS[:3, 1], "id": pa.array(ids)})
        parquet.write_table(own, folder / f"{name}.parquet")
    model = "bare.json" if "x.npy" in arguments else "m.json"
    before = sorted(folder.iterdir())
    code, _, err = here("predict", model, *arguments, cwd=folder)
    assert code == 1 and told in err and "Traceback" not in err
    assert sorted(folder.iterdir()) == before


def test_measured_columns_may_be_kept_and_wider_integers_of_later_files(folder, here):
    for name, kind in (("p1", pa.int64()), ("p2", pa.int32())):
        own = pa.table({"a": ROWS[:3, 0], "b": ROWS[:3, 1], "id": pa.array([1, 2, 3], kind)})
        parquet.write_table(own, folder / f"{name}.parquet")
    code, _, err = here(
        "predict", "m.json", "p1.parquet", "p2.parquet", "--keep", "id,a", "-o", "y.parquet",
        cwd=folder,
    )  # fmt: skip
    assert code == 0, err
    found = parquet.read_table(folder / "y.parquet")
    assert found["id"].to_pylist() == [1, 2, 3] * 2
    np.testing.assert_array_equal(found["a"], np.tile(ROWS[:3, 0], 2))


def test_categories_differ_from_file_to_file(folder, here):
    for name, words in (("p1", ["u", "v", "u"]), ("p2", ["w", "u", "w"])):
        kinds = pa.array(words).dictionary_encode()
        own = pa.table({"a": ROWS[:3, 0], "b": ROWS[:3, 1], "kind": kinds})
        feather.write_feather(own, str(folder / f"{name}.feather"))
    for out in ("arrow", "parquet", "csv"):
        code, _, err = here(
            "predict", "m.json", "p1.feather", "p2.feather", "--keep", "kind", "-o", f"y.{out}",
            cwd=folder,
        )  # fmt: skip
        assert code == 0, err
    assert feather.read_table(folder / "y.arrow")["kind"].to_pylist() == list("uvuwuw")
    assert parquet.read_table(folder / "y.parquet")["kind"].to_pylist() == list("uvuwuw")


def test_a_space_separated_table(folder, here):
    lines = [
        "name     a     b",
        *(f"n{i:03d}   {x:.6f}    {y:.6f}" for i, (x, y) in enumerate(ROWS)),
    ]
    (folder / "x.txt").write_text("\n".join(lines) + "\n")
    code, out, err = here("predict", "m.json", "x.txt", "--keep", "name", cwd=folder)
    assert code == 0, err
    assert [line.split(",")[0].strip('"') for line in out.splitlines()[1:]] == [
        f"n{i:03d}" for i in range(N)
    ]
