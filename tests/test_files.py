"""Model files and tables: what is written is read back, whole or not at all."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pyarrow import feather, parquet

from gaussmix import DataError, GaussianMixture, Mixture, ModelFileError
from gaussmix.interchange.model import Model, load_model, model_from_result, save_model
from gaussmix.numerics.atomic import writing
from tests.tables import read_table, write_table
from tests.variants import STRUCTURES, blobs, random_mixture


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("shared", [False, True])
def test_a_mixture_survives_to_the_last_bit(structure, shared, tmp_path):
    mixture = random_mixture(structure, shared=shared)
    mixture.save(tmp_path / "m.json")
    assert Mixture.load(tmp_path / "m.json") == mixture


def test_a_fit_survives_with_its_figures(tmp_path):
    X, _ = blobs()
    fitted = GaussianMixture(3, random_state=0).fit(X)
    model = model_from_result(fitted.result_)
    save_model(model, tmp_path / "m.json")
    loaded = load_model(tmp_path / "m.json")
    assert loaded.fit == model.fit
    assert loaded.mixture == fitted.mixture_
    assert loaded.fit.bic == pytest.approx(fitted.bic(X))
    assert loaded.fit.aic == pytest.approx(fitted.aic(X))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "not a gaussmix model file"),
        ("[1, 2]", "not a gaussmix model file"),
        ('{"a": 1}', "not a gaussmix model file"),
        ('{"format": "gaussmix-model", "version": 99}', "format version 99.*upgrade"),
        ('{"format": "gaussmix-model", "version": 1}', "damaged model file: no 'mixture'"),
        ("\x00\x01", "not a gaussmix model file"),
        ("[" * 100_000, "not a gaussmix model file"),
    ],
)
def test_foreign_files_are_refused(text, message, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(ModelFileError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [0.5, 0.1, 0.1]}, "sum to 1"),
        ({"weights": [1.0]}, "weights"),
        ({"means": [1.0]}, "means"),
        ({"covariances": {"structure": "odd", "shared": False, "values": []}}, "no 'odd'"),
        ({"weights": "x"}, "damaged"),
    ],
)
def test_damaged_files_are_refused(change, message, tmp_path):
    path = tmp_path / "m.json"
    random_mixture(STRUCTURES[0]).save(path)
    content = json.loads(path.read_text())
    content["mixture"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(ModelFileError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [{"log_likelihood": "abc"}, {"log_likelihood": None}, {"n": 0}, {"trace": "abc"},
     {"trace": []}, {"family": "ZZZ"}, {"status": "GOOD"}],
)  # fmt: skip
def test_damaged_fit_figures_are_refused(change, tmp_path):
    X, _ = blobs(n=50)
    path = tmp_path / "m.json"
    save_model(model_from_result(GaussianMixture(2, random_state=0).fit(X).result_), path)
    content = json.loads(path.read_text())
    content["fit"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(ModelFileError, match="damaged model file"):
        load_model(path)


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "kept.txt"
    path.write_text("old")

    def fail():
        with writing(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]
    with writing(tmp_path / "new" / "deep.txt") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "new" / "deep.txt").read_text() == "whole"


TABLE = pa.table(
    {
        "a": [1.0, 2.0, None],
        "n": pa.array([1, 2, 3], pa.int32()),
        "flag": [True, False, True],
        "name": ["x", "y", "z"],
    }
)
WRITERS = {
    "csv": pa.csv.write_csv,
    "tsv": lambda t, p: pa.csv.write_csv(t, p, pa.csv.WriteOptions(delimiter="\t")),
    "parquet": parquet.write_table,
    "feather": lambda t, p: feather.write_feather(t, str(p)),
    "arrow": lambda t, p: feather.write_feather(t, str(p)),
}


@pytest.fixture(params=list(WRITERS))
def file(request, tmp_path):
    path = tmp_path / f"data.{request.param}"
    WRITERS[request.param](TABLE, path)
    return path


def test_numeric_columns_are_read_and_others_described(file):
    table = read_table(file)
    assert table.names == ("a", "n", "flag")
    np.testing.assert_array_equal(table.rows, [[1, 1, 1], [2, 2, 0], [np.nan, 3, 1]])
    assert table.left_out[0] in {"'name' (string, such as 'x')", "'name' (text, such as 'x')"}
    assert len(table.left_out) == 1


def test_columns_are_chosen_by_name_in_the_order_asked(file):
    assert read_table(file, ["n", "a"]).names == ("n", "a")
    with pytest.raises(DataError, match="no column 'zz'; it has 'a', 'n', 'flag', 'name'"):
        read_table(file, ["zz"])
    with pytest.raises(DataError, match="not numeric: 'name'"):
        read_table(file, ["a", "name"])


def test_float32_stays_float32(tmp_path):
    parquet.write_table(pa.table({"a": pa.array([1.5], pa.float32())}), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").rows.dtype == np.float32


def test_npy_files(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.arange(6).reshape(3, 2))
    assert read_table(path).rows.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert read_table(path, ["1"]).rows.tolist() == [[1], [3], [5]]
    with pytest.raises(DataError, match="positions from 0 to 1"):
        read_table(path, ["7"])
    np.save(path, np.array(["a", {}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read as npy"):
        read_table(path)
    np.save(path, np.zeros((2, 2, 2)))
    with pytest.raises(DataError, match="expected numbers of shape"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "no such file"),
        ("a.xlsx", b"x", "unknown ending '.xlsx'; expected one of"),
        ("a.parquet", b"junk", "cannot be read as parquet"),
        ("a.csv", b"", "is empty"),
        ("e.npy", b"", "is empty"),
        ("e.parquet", b"", "is empty"),
        ("i.csv", b"\x89PNG\r\n\x1a\n\0\0", "not text in UTF-8"),
        (
            "f.csv",
            b"a,b\n1,2\n3\n",
            "cannot be read as csv: line 3 has 1 cell where 2 are expected",
        ),
        ("b.csv", b"a,b\n", "has no rows"),
        ("c.csv", b"a\nx\ny\n", "no numeric columns"),
        ("d.csv", b"a,a\n1,2\n3,4\n", "several columns are called 'a'"),
    ],
)
def test_unreadable_tables_are_refused(name, content, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(path)


def test_a_folder_is_not_a_table(tmp_path):
    (tmp_path / "data.csv").mkdir()
    for folder in (tmp_path, tmp_path / "data.csv"):
        with pytest.raises(DataError, match="is a folder"):
            read_table(folder)


def written(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2.5\n3,4\n", ("x0", "x1")),
        ("1.5\n2.5\n", ("x0",)),
        ("-1e3,.5\n3,4\n", ("x0", "x1")),
        ("1,2.5", ("x0", "x1")),  # a single row
        ('"1","2.5"\n"3","4"\n', ("x0", "x1")),
        ("1,NA\n3,4\n", ("x0", "x1")),
        ("5.1,0.2,setosa\n4.9,0.3,setosa\n", ("x0", "x1")),  # the file of the UCI repository
    ],
)
def test_a_first_line_of_numbers_is_a_row(text, names, tmp_path):
    table = read_table(written(tmp_path / "a.csv", text))
    assert table.names == names
    assert len(table.rows) == len(text.split())
    assert "columns are called x0" in table.notes[0]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1,2\n", ("a", "b")),
        ("a, b \n1, 2\n", ("a", "b")),
        ("\ufeffa,b\n1,2\n", ("a", "b")),
        ("\n\na,b\n1,2\n", ("a", "b")),
        ("land,2019,2020\nDE,1,2\nFR,3,4\n", ("2019", "2020")),
        ("name,1,2,3\nx,1.5,2,9\n", ("1", "2", "3")),
        ('"length, cm","width; cm"\n1,2\n3,4\n', ("length, cm", "width; cm")),
        ("a,b;c\n1,2\n3,4\n", ("a", "b;c")),
    ],
)
def test_names_in_the_first_line_stay_names(text, names, tmp_path):
    table = read_table(written(tmp_path / "a.csv", text))
    assert table.names == names
    assert table.notes == ()


@given(
    rows=arrays(
        float, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(-1e6, 1e6)
    ),
    dialect=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ",")]),
    header=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_text_tables_are_read_however_they_are_written(
    rows, dialect, header, ending, tmp_path_factory
):
    delimiter, decimal = dialect
    lines = [delimiter.join(repr(float(v)).replace(".", decimal) for v in row) for row in rows]
    assume(rows.shape[1] > 1 or decimal == ".")  # a single column shows no separator
    names = tuple(f"n{j}" for j in range(rows.shape[1]))
    if header:
        lines = [delimiter.join(names), *lines]
    path = tmp_path_factory.mktemp("text") / "a.csv"
    table = read_table(written(path, ending.join(lines) + ending))
    np.testing.assert_array_equal(table.rows, rows)
    assert table.names == (names if header else tuple(f"x{j}" for j in range(rows.shape[1])))
    assert ("numbers are read with a decimal comma" in table.notes) == (decimal == ",")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n?,4\n3,5\n", r"1 of the 3 values of column 'a' is not a number.* '\?'"),
        ("a\n1\n2\n3\n?\n-\n", "2 of the 5 values of column 'a' are not numbers"),
        ("a;b\n1,5;2\n2,5;x\n3,5;4\n", "1 of the 3 values of column 'b'"),
        ("a,b\n1,2\n?,?\n3,5\n", "'a'.*; 1 of the 3 values of column 'b'"),
    ],
)
def test_text_among_numbers_is_refused(text, message, tmp_path):
    path = written(tmp_path / "a.csv", text)
    with pytest.raises(DataError, match=f"{message}.*empty cell means missing.*--columns"):
        read_table(path)


def test_text_among_numbers_is_refused_where_it_is_asked_for_only(tmp_path):
    path = written(tmp_path / "a.csv", "a,b\n1,2\n?,4\n3,5\n")
    assert read_table(path, ["b"]).rows.tolist() == [[2], [4], [5]]
    with pytest.raises(DataError, match="column 'a'"):
        read_table(path, ["a", "b"])
    parquet.write_table(
        pa.table({"code": pa.array(["1", "2", "?"]).dictionary_encode()}), tmp_path / "a.parquet"
    )
    with pytest.raises(DataError, match="1 of the 3 values of column 'code'"):
        read_table(tmp_path / "a.parquet")


def test_columns_without_a_name_or_values_are_left_out(tmp_path):
    path = written(tmp_path / "a.csv", ",a,empty,day\n0,1.5,,2020-01-01\n1,2.5,,2020-01-02\n")
    table = read_table(path)
    assert table.names == ("a",)
    assert table.left_out == (
        "a column without a name",
        "'empty' (without values)",
        "'day' (text, such as '2020-01-01')",
    )


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "arrow", "feather", "ipc", "npy"])
def test_written_tables_are_read_back(ending, tmp_path):
    path = tmp_path / f"out.{ending}"
    write_table(path, {"label": np.arange(3), "p": np.array([0.1, 0.25, 1 / 3])})
    table = read_table(path)
    np.testing.assert_array_equal(table.rows, [[0, 0.1], [1, 0.25], [2, 1 / 3]])
    assert len(list(tmp_path.iterdir())) == 1


def test_a_hand_built_model_has_no_fit(tmp_path):
    save_model(Model(Mixture([1.0], [0.0], [1.0])), tmp_path / "m.json")
    assert load_model(tmp_path / "m.json").fit is None
