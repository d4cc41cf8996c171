"""gaussmix fit --by: one model for each group of rows."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from gaussmix import fit_many
from gaussmix.fitting import portions
from gaussmix.interchange.model import load_model
from gaussmix.mixture.datasets import iris
from tests.commands import in_this_process
from tests.tables import write_table


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    flowers = iris()
    columns = {"species": np.array(["setosa", "versicolor", "a b/c"])[flowers.classes]}
    columns |= dict(zip(flowers.names[:2], flowers.rows.T[:2].copy(), strict=True))
    order = np.random.default_rng(0).permutation(150)
    mixed = {name: values[order] for name, values in columns.items()}
    write_table(folder / "a.csv", mixed)
    write_table(folder / "a.parquet", mixed)
    return folder


@pytest.fixture
def run(monkeypatch, capsys, work):
    command = in_this_process(monkeypatch, capsys)
    return lambda *words: command("fit", *words, cwd=work)


def expected():
    flowers = iris()
    return {
        name: flowers.rows[flowers.classes == k][:, :2]
        for k, name in enumerate(["setosa", "versicolor", "a b/c"])
    }


@pytest.mark.parametrize("most", [2**28, 500])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_each_group_has_its_model(ending, most, run, work, monkeypatch):
    monkeypatch.setattr(portions, "_BYTES", most)
    done = run(f"a.{ending}", "--by", "species", "-k", 1, "-o", "t.csv")
    assert done.returncode == 0, done.stderr
    assert "3 groups in t.csv" in done.stderr
    assert "setosa" in done.stdout
    fits = fit_many(expected(), 1)
    with (work / "t.csv").open() as stream:
        rows = {row["species"]: row for row in csv.DictReader(stream)}
    found = json.loads(run(f"a.{ending}", "--by", "species", "--json").stdout)
    assert {own["key"] for own in found["groups"]} == set(rows) == set(fits.keys)
    names = iris().names
    for key, means, value in zip(fits.keys, fits.means, fits.log_likelihood, strict=True):
        assert float(rows[key]["log_likelihood"]) == pytest.approx(value)
        assert float(rows[key][f"mean_{names[1]}"]) == pytest.approx(means[0, 1])
        assert float(rows[key]["rows"]) == 50


def test_a_folder_gets_a_model_file_a_group(run, work):
    done = run("a.csv", "--by", "species", "-k", 2, "-o", "models")
    assert done.returncode == 0, done.stderr
    assert f"Means of {iris().names[0]}; those of all features" in done.stdout
    files = sorted(path.name for path in (work / "models").iterdir())
    assert files == ["a_b_c.json", "setosa.json", "versicolor.json"]
    model = load_model(work / "models" / "setosa.json")
    assert model.mixture.feature_names == tuple(iris().names[:2])


def test_a_group_without_a_model_has_a_reason(run, work):
    write_table(
        work / "few.csv", {"g": np.array([1, 1, 1, 1, 2]), "x": np.array([0.0, 1, 5, 6, 9])}
    )
    done = run("few.csv", "--by", "g", "-k", 2, "-c", "E", "-o", "few-out.csv")
    assert done.returncode == 0, done.stderr
    assert "note: g 2 has no model: " in done.stderr
    with (work / "few-out.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["component"] for row in rows] == ["0", "1", "-1"]
    assert rows[-1]["reason"]


@pytest.mark.parametrize(("word", "count"), [("drop", 48), ("em", 50), ("error", None)])
def test_missing_values_of_groups_are_what_was_said(word, count, run, work):
    rows = np.random.default_rng(0).standard_normal((100, 2))
    rows[[0, 2], 0] = np.nan
    groups = np.array(["x", "y"])[np.arange(100) % 2]
    write_table(work / "holes.csv", {"g": groups, "a": rows[:, 0], "b": rows[:, 1]})
    done = run("holes.csv", "--by", "g", "--columns", "a,b", "--incomplete", word, "--json")
    assert done.returncode == 0, done.stderr
    found = {row["key"]: row for row in json.loads(done.stdout)["groups"]}
    assert found["y"]["rows"] == 50
    assert found["x"].get("rows") == count
    whole = rows[::2][~np.isnan(rows[::2]).any(axis=1)]
    if word == "drop":
        np.testing.assert_allclose(found["x"]["means"], [whole.mean(axis=0)])
    if word == "error":
        assert "g x has no model" in done.stderr and "--incomplete em" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "x"), "no column 'x'"),
        (("--by", "species", "--reg-covar", 0.1), "without --reg-covar"),
        (("--by", "species", "--noise", 1.1), "--noise"),
        (("--by", "species", "-o", "a.npy"), "numbers alone"),
        (("--by", "species", "-o", "a.json"), "unknown ending"),
        (("--by", "species", "-k", 0), "--components"),
    ],
)
def test_what_cannot_be_is_refused(words, told, run):
    done = run("a.csv", *words)
    assert done.returncode == 1
    assert told in done.stderr


def test_groups_take_what_fits_take(run):
    words = ("--noise", 0.1, "--prior", "--starts", 2, "--init", "mbahc")
    done = run("a.csv", "--by", "species", "-k", 2, *words, "--json")
    assert done.returncode == 0, done.stderr
    for row in json.loads(done.stdout)["groups"]:
        assert sum(row["weights"]) < 1.0
