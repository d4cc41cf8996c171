"""Tables of text of odd make: read right, or refused with a reason."""

from __future__ import annotations

import gc
import os
import pickle
import threading

import numpy as np
import pytest

from gaussmix import DataError, GaussianMixture, ParameterError, scan
from tests.odd_texts import ODD_TEXTS
from tests.variants import blobs

# Marks between cells that must be said, as they are marks of other things, too.
UNSEEN = {"separator: caret": "^", "separator: colon": ":", "two characters (::)": "::"}


def written(odd, folder):
    path = folder / f"table{odd.ending}"
    path.write_bytes(odd.content)
    return path


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=lambda odd: odd.name)
def test_odd_texts_are_read_right_or_refused(odd, tmp_path):
    path = written(odd, tmp_path)
    separator = UNSEEN.get(odd.name)
    if odd.columns is None or separator:
        with pytest.raises(DataError, match=str(path)):
            scan(path, list(odd.only) or None)
    if odd.columns is not None:
        found = scan(path, list(odd.only) or None, separator=separator)
        assert set(found.names) == set(odd.columns)
        rows, _ = found.read()
        assert found.n_rows == len(rows)
        for j, name in enumerate(found.names):
            np.testing.assert_array_equal(rows[:, j], odd.columns[name], err_msg=name)


def test_there_are_many_of_them():
    assert len({odd.name for odd in ODD_TEXTS}) == len(ODD_TEXTS) >= 60


def test_what_is_said_of_a_file_wins_over_what_it_shows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1,234;2\n5,678;?\n")
    with pytest.raises(DataError, match=r"'1,234' in row 1: say decimal='\.' or decimal=','"):
        scan(path, missing_values=["?"])
    as_comma = scan(path, decimal=",", missing_values=["?"])
    np.testing.assert_array_equal(as_comma.read()[0], [[1.234, 2], [5.678, np.nan]])
    assert "numbers are read with a decimal comma" in as_comma.notes
    as_dot = scan(path, decimal=".", missing_values=["?"])
    np.testing.assert_array_equal(as_dot.read()[0], [[1234, 2], [5678, np.nan]])
    assert "commas are read as marks of thousands" in as_dot.notes
    path.write_text("a b\n1.5  2\n3    4\n")
    np.testing.assert_array_equal(scan(path, separator=" ").read()[0], [[1.5, 2], [3, 4]])
    path.write_text("a;b\n1.5;2\n3;4\n")
    with pytest.raises(DataError, match="1 of the 2 values of column 'a' is not a number"):
        scan(path, decimal=",")
    with pytest.raises(DataError, match=r"line 1 has 2 cells|marks that were not expected"):
        scan(path, separator="|")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal": ";"}, "decimal: expected"),
        ({"separator": ""}, "separator: expected one to four characters"),
        ({"separator": "::::::"}, "separator: expected one to four characters"),
        ({"missing_values": "?"}, "missing_values: expected a sequence of str, got '\\?'"),
    ],
)
def test_wrong_options_are_named(options, message, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ParameterError, match=message):
        scan(tmp_path / "a.csv", **options)


@pytest.mark.parametrize("option", ["separator", "decimal", "missing_values"])
def test_formats_that_are_not_text_have_no_use_for_the_options_of_text(option, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    value = {"missing_values": ["?"]}.get(option, ",")
    with pytest.raises(DataError, match=f"npy has no use for {option}; leave it out"):
        scan(tmp_path / "a.npy", **{option: value})


def test_names_with_signs_of_globs_are_that_file_alone(tmp_path):
    (tmp_path / "a1.csv").write_text("a,b\n9,9\n9,9\n")
    for name in ("a[1].csv", "a*.csv", "a?.csv", "it's.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
        assert scan(tmp_path / name).read()[0].tolist() == [[1, 2]]


def test_copies_go_with_the_scan(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    path = tmp_path / "a.csv"
    path.write_bytes("größe,b\n1,2\n3,5\n".encode("latin-1"))
    found = scan(path)
    assert found.names == ("größe", "b")
    assert "the text is not in UTF-8: read as Windows-1252 (Latin-1)" in found.notes
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    again = pickle.loads(pickle.dumps(found))
    assert again.read()[0].tolist() == [[1, 2], [3, 5]]
    del found, again
    gc.collect()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_file_that_changes_is_noticed_whatever_it_was_copied_to(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("größe,b\n1,2\n3,5\n".encode("latin-1"))
    found = scan(path)
    path.write_text("größe,b\n1,2\n")
    with pytest.raises(DataError, match="has changed since it was scanned"):
        found.read()


def test_a_fit_to_text_is_the_fit_in_memory_for_any_number_of_threads(tmp_path):
    X, _ = blobs(n=40_000, d=3, k=3)
    (tmp_path / "a.csv").write_text(
        "a;b;c\n" + "".join(";".join(map(repr, row)) + "\n" for row in X.tolist()).replace(".", ",")
    )
    expected = GaussianMixture(3, random_state=0, n_jobs=1).fit(X)
    for n_jobs in (1, 3):
        model = GaussianMixture(3, random_state=0, n_jobs=n_jobs).fit(scan(tmp_path / "a.csv"))
        np.testing.assert_array_equal(model.means_, expected.means_)
        assert model.lower_bound_ == expected.lower_bound_


def test_files_that_are_written_in_several_ways_go_together(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1.5,2\n")
    (tmp_path / "2.csv").write_text("b;a\n2;2,5\n")
    (tmp_path / "3.csv").write_text('"a"\t"b"\tnote\r\n3.5\t3\tx\r\n')
    assert scan(tmp_path).read()[0].tolist() == [[1.5, 2], [2.5, 2], [3.5, 3]]


def test_text_is_read_in_threads_and_forked_processes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    assert scan(path).n_rows == 2
    counts = []
    threads = [
        threading.Thread(target=lambda: counts.append(scan(path).read()[0].sum())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts == [10.0] * 4
    child = os.fork()
    if child == 0:
        os._exit(0 if scan(path).read()[0].sum() == 10 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


WRITTEN = {
    "plain": ("a,b\n", "{i},{i}.5\n"),
    "padded": ("a,b\n", " {i} , \n"),
    "decimal comma": ("a;b\n", "{i},25;{i}\n"),
    "thousands": ("a,b\n", '"{i:,}","{i:,}.5"\n'),
    "flags": ("a,b\n", "{i},true\n"),
    "spaces": ("a   b\n", "{i}   {i}.5\n"),
    "missing words": ("a,b,c\n", "{i},n.d.,word {i}\n"),
    "text": ("a,b,c\n", '{i},"x, y",word\n'),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_rows_keep_their_order(how, tmp_path):
    """In blocks that several threads parse, whatever is asked of the cells."""
    header, line = WRITTEN[how]
    n = 150_000
    path = tmp_path / "a.csv"
    path.write_text(header + "".join(line.format(i=i) for i in range(n)))
    rows, _ = scan(path, missing_values=["n.d.", "?", "-999"]).read()
    assert len(rows) == n
    assert np.array_equal(np.floor(rows[:, 0]), np.arange(n))


def test_line_ends_in_quotes_of_a_large_file_make_no_rows(tmp_path):
    """The second line of each note has as many marks as a row, block after block."""
    path = tmp_path / "a.csv"
    note = '"note ' + "z" * 60 + '\n7,7,and more"'
    path.write_text("a,b,note\n" + "".join(f"{i % 7}.5,{i % 5},{note}\n" for i in range(60_000)))
    assert scan(path).n_rows == 60_000
    assert len(scan(path, ["a", "b"]).read()[0]) == 60_000
