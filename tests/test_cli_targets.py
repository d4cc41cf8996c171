"""gaussmix classify, regress and outliers: what they print and write is what the library says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gaussmix import MixtureClassifier, MixtureOutlierDetector, MixtureRegressor
from gaussmix.mixture.datasets import iris
from tests.commands import in_this_process

FLOWERS = iris()
NAMES = np.array(FLOWERS.class_names)[FLOWERS.classes]


@pytest.fixture
def run(monkeypatch, capsys):
    return in_this_process(monkeypatch, capsys)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("targets")
    lines = ["a,b,c,d,species"]
    for i, (row, name) in enumerate(zip(FLOWERS.rows, NAMES, strict=True)):
        lines.append(",".join([*map(repr, row.tolist()), "" if i % 10 == 9 else name]))
    (folder / "iris.csv").write_text("\n".join(lines) + "\n")
    (folder / "holes.csv").write_text("\n".join([*lines, ",1,2,3,setosa"]) + "\n")
    return folder


def table_of(path):
    return np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf8")


def test_classify_learns_from_rows_with_a_class_and_tells_those_of_all(work, run):
    done = run("classify", "iris.csv", "-l", "species", "-c", "VVV", "-o", "c.csv", cwd=work)
    assert done.returncode == 0, done.stderr
    known = np.arange(150) % 10 != 9
    model = MixtureClassifier(families="VVV", random_state=0).fit(FLOWERS.rows[known], NAMES[known])
    validated = model.cross_validate(FLOWERS.rows[known], NAMES[known], cv=10)
    assert f"BIC              {model.bic_:.3f}" in done.stdout
    assert str(validated) in done.stdout
    table = table_of(work / "c.csv")
    assert [own.strip('"') for own in table["class"]] == model.predict(FLOWERS.rows).tolist()
    proba = np.column_stack([table[f"probability_{name}"] for name in model.classes_])
    np.testing.assert_allclose(proba, model.predict_proba(FLOWERS.rows), rtol=1e-9)
    done = run(
        "classify", "iris.csv", "-l", "species", "-c", "VVV", "--json", "--folds", 2, cwd=work
    )
    figures = json.loads(done.stdout)
    assert 0 <= figures["error"] < 0.1 and figures["families"] == ["VVV"] * 3
    assert sum(figures["unlabelled"].values()) == 15


def test_regress_predicts_a_column_from_the_others(work, run):
    given = ("regress", "iris.csv", "-t", "d", "-k", "2")
    done = run(*given, "-o", "r.csv", "--json", cwd=work)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["components"] == 2 and 0.9 < figures["r2"] < 1
    model = MixtureRegressor(2, random_state=0).fit(FLOWERS.rows[:, :3], FLOWERS.rows[:, 3])
    mean, std = model.predict(FLOWERS.rows[:, :3], return_std=True)
    table = table_of(work / "r.csv")
    np.testing.assert_allclose(table["prediction"], mean, rtol=1e-9)
    np.testing.assert_allclose(table["standard_deviation"], std, rtol=1e-9)


def test_outliers_are_those_of_the_detector(work, run):
    given = ("outliers", "iris.csv", "-k", "2", "--false-alarm", "0.02")
    done = run(*given, "-o", "o.csv", cwd=work)
    assert done.returncode == 0, done.stderr
    model = MixtureOutlierDetector(2, false_alarm=0.02, random_state=0).fit(FLOWERS.rows)
    table = table_of(work / "o.csv")
    np.testing.assert_array_equal(table["label"], model.predict(FLOWERS.rows))
    np.testing.assert_allclose(table["surprise_c"], model.explain(FLOWERS.rows)[:, 2], rtol=1e-9)
    assert f"{model.offset_:.4f}" in done.stdout
    lowest = model.score_samples(FLOWERS.rows).argmin()
    assert f" {lowest} " in done.stdout


def test_missing_values_are_taken_if_that_is_said(work, run):
    for given in (
        ("classify", "-l", "species", "-c", "EEE"),
        ("outliers",),
        ("regress", "-t", "d"),
    ):
        command, *options = given
        assert "--incomplete em" in run(command, "holes.csv", *options, cwd=work).stderr
        few = {
            "classify": ["--folds", 2],
            "regress": ["-k", 1, "--folds", 2],
            "outliers": ["-k", 1],
        }
        done = run(command, "holes.csv", *options, *few[command], "--incomplete", "em", cwd=work)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("classify", "iris.csv", "-l", "kind"), "no column 'kind'"),
        (("classify", "iris.csv", "-l", "species", "--columns", "a,species"), "leave it out"),
        (("regress", "iris.csv", "-t", "species"), "does not hold numbers"),
        (("outliers", "iris.csv", "--false-alarm", "2"), "--false-alarm: expected a share"),
        (("outliers", "iris.csv", "-o", "iris.csv"), "is read by this command"),
    ],
)
def test_what_cannot_be_is_said(given, message, work, run):
    done = run(*given, cwd=work)
    assert done.returncode == 1
    assert message in done.stderr
