"""The command line on files, folders and globs, loaded or read anew in each pass."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pyarrow import csv, parquet

from gaussmix import Mixture
from gaussmix.cli import data
from tests.tables import read_table
from tests.test_scan import WRITERS, X, table, write_csv, write_parquet


@pytest.fixture(params=["loaded", "scanned"])
def run(request, here, monkeypatch):
    if request.param == "scanned":
        monkeypatch.setattr(data, "_LOADED_BYTES", 0)
    return here


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "parts").mkdir()
    for i, rows in enumerate(np.split(X, 4)):
        write_parquet(tmp_path / "parts" / f"{i}.parquet", rows)
    write_parquet(tmp_path / "whole.parquet", X)
    return tmp_path


@pytest.mark.parametrize(
    "paths",
    [["parts"], ["parts/*.parquet"], [f"parts/{i}.parquet" for i in range(4)]],
    ids=["folder", "glob", "files"],
)
def test_fit_predict_and_plot_take_whatever_files_there_are(paths, run, folder):
    assert run("fit", "whole.parquet", "-k", "3", "-o", "whole.json", cwd=folder)[0] == 0
    code, out, err = run("fit", *paths, "-k", "3", "-o", "model.json", cwd=folder)
    assert code == 0, err
    assert "rows               1000" in out
    assert Mixture.load(folder / "model.json").allclose(Mixture.load(folder / "whole.json"))
    code, _, err = run("predict", "model.json", *paths, "-o", "labels.parquet", cwd=folder)
    assert code == 0, err
    assert err == "1000 rows labelled in labels.parquet\n"
    mixture = Mixture.load(folder / "model.json")
    found = parquet.read_table(folder / "labels.parquet")
    np.testing.assert_array_equal(found["label"], mixture.predict(X))
    np.testing.assert_allclose(found["log_density"], mixture.logpdf(X), rtol=1e-12)
    np.testing.assert_allclose(
        found["responsibility_2"], mixture.responsibilities(X)[:, 2], atol=1e-12
    )
    code, _, err = run("plot", "model.json", *paths, "-o", "picture.png", cwd=folder)
    assert code == 0, err
    assert (folder / "picture.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "arrow", "feather", "npy"])
def test_predictions_are_written_part_by_part_in_every_format(ending, run, folder):
    run("fit", "parts", "-k", "3", "-o", "model.json", cwd=folder)
    out = f"labels.{ending}"
    code, printed, err = run("predict", "model.json", "parts", "-o", out, "--json", cwd=folder)
    assert code == 0, err
    rows = read_table(folder / out).rows
    mixture = Mixture.load(folder / "model.json")
    np.testing.assert_array_equal(rows[:, 0], mixture.predict(X))
    np.testing.assert_allclose(rows[:, 2:], mixture.responsibilities(X), atol=1e-12)
    figures = json.loads(printed)
    assert figures["counts"] == np.bincount(mixture.predict(X)).tolist()
    assert figures["mean_log_density"] == pytest.approx(mixture.logpdf(X).mean())


def test_select_goes_through_files(run, folder):
    options = ["-k", "2-3", "--families", "VVV,EEI", "--json"]
    (folder / "x").mkdir()
    answers = []
    for path in ("parts/*.parquet", "whole.parquet"):
        code, out, err = run("select", path, *options, cwd=folder)
        assert code == 0, err
        answers.append(json.loads(out))
    first, second = (answer["results"] for answer in answers)
    assert [row["bic"] for row in first] == pytest.approx([row["bic"] for row in second])
    assert (folder / answers[0]["picture"]).exists()
    assert "*" not in answers[0]["picture"]


def test_weights_are_a_column_of_files(run, folder):
    weights = np.arange(1000) % 4.0
    parquet.write_table(table(X).append_column("n", [weights]), folder / "w.parquet")
    code, out, err = run("fit", "w.parquet", "--weights", "n", "--json", cwd=folder)
    assert code == 0, err
    answer = json.loads(out)
    assert answer["fit"]["n"] == 1500
    assert answer["mixture"]["feature_names"] == ["a", "b", "c"]
    mean = np.average(X, axis=0, weights=weights)
    np.testing.assert_allclose(answer["mixture"]["means"][0], mean, rtol=1e-12)
    for name, message in [
        ("zz", "--weights: w.parquet: no column 'zz'"),
        ("a", "--weights: 192 weights are negative"),
    ]:
        code, _, err = run("fit", "w.parquet", "--weights", name, cwd=folder)
        assert code == 1
        assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "none/*.csv"], "none/*.csv: matches no file"),
        (["fit", "empty"], "empty: is a folder without any .arrow"),
        (["fit", "whole.parquet", "a.csv"], "are of different formats"),
        (["fit", "broken"], "broken/1.parquet: cannot be read as parquet"),
        (["fit", "gap"], "1.parquet: no column 'b', which gap/0.parquet has"),
        (["fit", "parts", "-o", "parts/0.parquet"], "--out: parts/0.parquet is read by this"),
        (["predict", "model.json", "parts", "-o", "parts/0.parquet"], "is read by this command"),
        (["predict", "model.json", "a.csv"], "no column 'b'"),
    ],
)
def test_mistakes_get_one_message(arguments, message, run, folder):
    run("fit", "whole.parquet", "-o", "model.json", cwd=folder)
    (folder / "a.csv").write_text("a,x\n1,2\n2,4\n5,1\n")
    (folder / "empty").mkdir()
    for name in ("broken", "gap"):
        (folder / name).mkdir()
        write_parquet(folder / name / "0.parquet", X)
    (folder / "broken" / "1.parquet").write_bytes(b"PAR1 no more")
    parquet.write_table(table(X).drop_columns("b"), folder / "gap" / "1.parquet")
    code, out, err = run(*arguments, cwd=folder)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith("error:") and message in err


def test_predictions_are_printed_part_by_part(folder, gaussmix):
    for i, rows in enumerate(np.split(X, 4)):
        write_csv(folder / f"{i}.csv", rows)
    gaussmix("fit", *sorted(folder.glob("?.csv")), "-k", 2, "-o", "model.json", cwd=folder)
    done = gaussmix("predict", "model.json", "?.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "out.csv").write_text(done.stdout)
    assert csv.read_csv(folder / "out.csv").num_rows == 1000


@pytest.mark.parametrize("ending", ["h5", "zarr", "npy"])
def test_arrays_are_data_too(ending, run, folder):
    WRITERS[ending](folder / f"a.{ending}", X)
    code, _, err = run("fit", f"a.{ending}", "-k", "3", "-o", "model.json", cwd=folder)
    assert code == 0, err
    code, out, err = run("predict", "model.json", f"a.{ending}", "--json", cwd=folder)
    assert code == 0, err
    assert json.loads(out)["rows"] == 1000
