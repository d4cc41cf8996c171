"""The command line with Student's t."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gaussmix import Mixture, StudentMixture
from gaussmix.cli.app import run
from tests.tables import write_table


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(m, 1, (80, 2)) for m in (0, 9)] + [rng.uniform(-40, 40, (12, 2))])
    write_table(tmp_path / "rows.csv", {"a": X[:, 0], "b": X[:, 1]})
    return X


def gaussmix(monkeypatch, capsys, *words):
    monkeypatch.setattr("sys.argv", ["gaussmix", *map(str, words)])
    code = run()
    return code, capsys.readouterr()


def test_fit_show_predict_and_plot(here, monkeypatch, capsys, tmp_path):
    code, told = gaussmix(
        monkeypatch, capsys, "fit", "rows.csv", "-k", 2, "--density", "student", "--dof", "equal",
        "-o", "m.json", "--json",
    )  # fmt: skip
    assert code == 0, told.err
    fitted = json.loads(told.out)
    alone = StudentMixture(2, dof="equal", random_state=np.random.default_rng(0)).fit(here)
    assert fitted["fit"]["n_parameters"] == alone.result_.n_parameters
    assert fitted["fit"]["log_likelihood"] == pytest.approx(alone.result_.log_likelihood, rel=1e-9)
    np.testing.assert_allclose(Mixture.load("m.json").density.dofs, alone.dofs_, rtol=1e-6)
    code, told = gaussmix(monkeypatch, capsys, "show", "m.json")
    assert code == 0 and f"dof {alone.dofs_[0]:.4g}" in told.out and "scale" in told.out
    code, told = gaussmix(monkeypatch, capsys, "predict", "m.json", "rows.csv")
    assert code == 0 and len(told.out.splitlines()) == 173
    for kind in ("clusters", "density", "pairs", "univariate", "uncertainty"):
        code, told = gaussmix(
            monkeypatch, capsys, "plot", "m.json", "rows.csv", "--kind", kind, "-o", f"{kind}.png"
        )
        assert code == 0, told.err
        assert (tmp_path / f"{kind}.png").stat().st_size > 1000


def test_select_tries_densities(here, monkeypatch, capsys):
    code, told = gaussmix(
        monkeypatch, capsys, "select", "rows.csv", "-k", "2", "--families", "VVV,EEE", "--density",
        "normal,student", "--dof", "free,4", "--json", "-o", "s.json",
    )  # fmt: skip
    assert code == 0, told.err
    names = sorted(row["family"] for row in json.loads(told.out)["results"])
    assert names == ["EEE", "EEE dof 4", "EEE free", "VVV", "VVV dof 4", "VVV free"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--dof", "3"], "--dof: only with --density student"),
        (["--density", "student", "--dof", "x"], "--dof: expected 'free', 'equal'"),
        (["--density", "student", "-c", "UUUC", "--dof", "3"], "--dof: the code UUUC"),
        (["--density", "cauchy"], "--density: unknown density 'cauchy'. Known: normal, student"),
    ],
)
def test_mistakes_are_told(here, monkeypatch, capsys, words, told):
    code, found = gaussmix(monkeypatch, capsys, "fit", "rows.csv", "-k", 2, *words)
    assert code != 0
    assert told in " ".join(found.err.split())
