"""Many data sets that are read portion by portion: the same as those in memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from gaussmix import DataError, ParameterError, scan
from gaussmix.fitting import portions
from gaussmix.fitting.portions import portions_of

KEYS = ["c", "a", "b", "long name", "e"]


def table(order, keys=KEYS):
    """A table of 5 groups of different sizes, rows in an order."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(5), [40, 7, 1, 30, 22])
    x, w = rng.normal(size=(100, 2)), rng.integers(1, 4, 100).astype(float)
    order = {"together": np.arange(100), "mixed": rng.permutation(100)}[order]
    names = np.array(keys)[codes[order]]
    return pa.table({"gene": names, "x": x[order, 0], "w": w[order], "y": x[order, 1]})


def expected(whole):
    """Groups in the order of their first rows, by a plain loop."""
    found = {}
    for row in whole.to_pylist():
        found.setdefault(row["gene"], []).append((row["x"], row["y"], row["w"]))
    return {key: np.array(rows) for key, rows in found.items()}


def write(whole, path):
    if path.suffix == ".csv":
        csv.write_csv(whole, path)
    elif path.suffix == ".arrow":
        feather.write_feather(whole, path)
    else:
        parquet.write_table(whole, path, row_group_size=13)


@pytest.mark.parametrize("most", [2**28, 700])
@pytest.mark.parametrize("order", ["together", "mixed"])
@pytest.mark.parametrize("ending", [".parquet", ".csv", ".arrow"])
def test_groups_of_a_column_are_those_of_a_loop(ending, order, most, tmp_path, monkeypatch):
    monkeypatch.setattr(portions, "_BYTES", most)
    whole, path = table(order), tmp_path / f"a{ending}"
    write(whole, path)
    found = list(portions_of(scan(path), "gene", "w"))
    assert (len(found) > 1) == (most < 2**28)
    assert all(own.names == ("x", "y") for own in found)
    keys = [key for own in found for key in own.keys]
    sets = [rows for own in found for rows in own.sets]
    weights = [each for own in found for each in own.weights]
    wanted = expected(whole)
    assert keys == list(wanted)
    for rows, own, rest in zip(sets, weights, wanted.values(), strict=True):
        np.testing.assert_array_equal(np.column_stack([rows, own]), rest)


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_a_column_of_numbers_or_categories_is_no_feature(kind, tmp_path):
    whole = table("mixed", [7, 3, 1, 4, 10] if kind == "numbers" else KEYS)
    if kind == "categories":
        whole = whole.set_column(0, "gene", whole["gene"].dictionary_encode())
    write(whole, tmp_path / "a.parquet")
    (found,) = portions_of(scan(tmp_path / "a.parquet"), "gene", None)
    assert found.names == ("x", "w", "y")
    assert found.keys == list(expected(whole))


def test_row_groups_are_data_sets(tmp_path, monkeypatch):
    monkeypatch.setattr(portions, "_BYTES", 500)
    whole = table("together").drop_columns(["gene", "w"])
    write(whole, tmp_path / "a.parquet")
    write(whole.slice(0, 20), tmp_path / "b.parquet")
    found = list(portions_of(scan(tmp_path / "*.parquet"), None, None))
    assert len(found) > 2
    assert [key for own in found for key in own.keys] == list(range(10))
    lengths = [len(rows) for own in found for rows in own.sets]
    assert lengths == [*[13] * 7, 9, 13, 7]
    rows = np.concatenate([rows for own in found for rows in own.sets])
    np.testing.assert_array_equal(rows[:100, 0], whole["x"].to_numpy())


def test_iterators_are_taken_portion_by_portion(monkeypatch):
    monkeypatch.setattr(portions, "_MOST_SETS", 3)
    found = list(portions_of((np.full((4, 1), g) for g in range(7)), None, None))
    assert [own.keys for own in found] == [[0, 1, 2], [3, 4, 5], [6]]
    named = iter([("x", np.zeros((3, 1))), ("y", np.ones((3, 1)))])
    (found,) = portions_of(named, None, iter([np.ones(3), np.ones(3)]))
    assert found.keys == ["x", "y"]
    assert len(found.weights) == 2


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t: portions_of(scan(t / "a.csv"), None, None), "by: say which column"),
        (lambda t: portions_of(scan(t / "a.csv"), "g", None), "no column 'g'"),
        (lambda t: portions_of(scan(t / "a.csv"), "gene", np.ones(5)), "name of a column"),
        (lambda t: portions_of(scan(t / "holes.parquet"), "gene", None), "no value in 'gene'"),
        (lambda t: portions_of(scan(t / "one.parquet"), "x", None), "besides 'x'"),
        (lambda t: portions_of(scan(t / "n.npy"), "x", None), "no names"),
        (lambda t: portions_of(iter([np.ones(3)]), "x", None), "by: is for"),
    ],
)
def test_what_cannot_be_is_refused(call, told, tmp_path):
    write(table("mixed"), tmp_path / "a.csv")
    holes = table("mixed").set_column(0, "gene", pa.array([None, *["a"] * 99]))
    write(holes, tmp_path / "holes.parquet")
    write(table("mixed").select(["x"]), tmp_path / "one.parquet")
    np.save(tmp_path / "n.npy", np.ones((4, 2)))
    with pytest.raises((DataError, ParameterError), match=told):
        list(call(tmp_path))
