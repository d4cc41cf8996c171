"""gaussmix bootstrap and gaussmix lrt."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from gaussmix import GaussianMixture, StudentMixture, inference
from gaussmix.mixture.datasets import iris
from tests.commands import in_this_process
from tests.tables import write_table

X = iris().rows[:, :2]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    names = iris().names[:2]
    counts = np.arange(150) % 3
    write_table(folder / "a.csv", {**dict(zip(names, X.T.copy(), strict=True)), "count": counts})
    return folder


@pytest.fixture
def run(monkeypatch, capsys, work):
    command = in_this_process(monkeypatch, capsys)
    return lambda *words: command(*words, cwd=work)


@pytest.mark.parametrize("kind", ["weighted", "information"])
def test_bootstrap_prints_and_writes_what_inference_finds(kind, run, work):
    columns = ("--columns", ",".join(iris().names[:2]))
    words = ("bootstrap", "a.csv", *columns, "-k", 2, "--kind", kind, "-B", 20, "-o", "b.csv")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "standard error" in done.stdout
    covariance = next(line for line in done.stdout.splitlines() if "covariance   0" in line)
    assert covariance.count(iris().names[0]) == 2
    found = json.loads(run(*words, "--json").stdout)
    model = GaussianMixture(2, random_state=np.random.default_rng(0), tol=1e-8).fit(X)
    if kind == "information":
        expected = inference.information(model, X)
    else:
        expected = inference.bootstrap(model, X, kind, 20, random_state=0)
    errors = [row["standard_error"] for row in found["parameters"]]
    np.testing.assert_allclose(
        errors, [row["standard_error"] for row in expected.rows()], rtol=1e-3
    )
    with (work / "b.csv").open() as stream:
        table = list(csv.DictReader(stream))
    np.testing.assert_allclose([float(row["standard_error"]) for row in table], errors)


def test_bootstrap_of_students_t(run):
    words = ("bootstrap", "a.csv", "-k", 2, "--kind", "information", "--density", "student")
    columns = ("--columns", ",".join(iris().names[:2]))
    found = json.loads(run(*words, *columns, "--dof", "5", "--json").stdout)["parameters"]
    rng = np.random.default_rng(0)
    model = StudentMixture(2, dof=5, random_state=rng, tol=1e-8).fit(X)
    expected = inference.information(model, X).rows()
    assert [row["parameter"] for row in found] == [row["parameter"] for row in expected]
    errors = ([row["standard_error"] for row in rows] for rows in (found, expected))
    np.testing.assert_allclose(*errors, rtol=1e-3)


def test_lrt_of_students_t(run):
    words = ("lrt", "a.csv", "-k", 2, "-B", 9, "--density", "student", "--json")
    columns = ("--columns", ",".join(iris().names[:2]))
    coded = json.loads(run(*words, *columns, "-c", "CCCC").stdout)  # teigen's code of both
    found = json.loads(run(*words, *columns, "-c", "EEE", "--dof", "equal").stdout)
    assert found == coded
    expected = inference.likelihood_ratio_test(
        X, "EEE", 2, 9, density="student", dof="equal", random_state=0
    )
    assert found["tests"][0]["statistic"] == pytest.approx(expected.statistics[0], rel=1e-9)


def test_lrt_prints_and_writes_the_tests(run, work):
    words = ("lrt", "a.csv", "-c", "EEE", "-k", 2, "-B", 9, "--weights", "count", "-o", "t.csv")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "1 component of EEE at level 0.05" in done.stdout
    found = json.loads(run(*words, "--json").stdout)
    expected = inference.likelihood_ratio_test(
        X, "EEE", 2, 9, sample_weight=np.arange(150) % 3, random_state=0
    )
    assert [row["p_value"] for row in found["tests"]] == expected.p_values.tolist()
    assert found["n_components"] == expected.n_components
    assert (work / "t.csv").read_text().startswith('"n_components","against"')


def test_an_interruption_prints_what_is_done(run, monkeypatch):
    monkeypatch.setattr("gaussmix.inference.resampling._MOST_FITS", 10)
    own, calls = inference.resampling._batch, []

    def stop(*given):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return own(*given)

    monkeypatch.setattr("gaussmix.inference.resampling._batch", stop)
    done = run("bootstrap", "a.csv", "-k", 2, "-B", 50)
    assert done.returncode == 130
    assert "20 of 50" in done.stderr
    assert "20 nonparametric replicates" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("bootstrap", "a.csv", "--kind", "x"), "--kind: expected one of"),
        (("bootstrap", "a.csv", "-B", 1), "--resamples"),
        (("bootstrap", "a.csv", "--level", 95), "--level: must lie between"),
        (("bootstrap", "a.csv", "-o", "b.npy"), "numbers alone"),
        (("lrt", "a.csv", "-k", 1), "--max-components"),
        (("lrt", "a.csv", "--noise", 2), "--noise: expected a share"),
        (("lrt", "a.csv", "-B", 0), "--resamples"),
    ],
)
def test_what_cannot_be_is_refused(words, told, run):
    done = run(*words)
    assert done.returncode == 1
    assert told in done.stderr
