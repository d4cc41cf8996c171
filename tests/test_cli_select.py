"""gaussmix select in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from rich.columns import Columns
from rich.console import Console

from gaussmix.cli.report import contingency_table
from gaussmix.cli.select import _table
from gaussmix.exceptions import ParameterError
from gaussmix.interchange.model import load_model
from gaussmix.mixture.datasets import iris
from tests.commands import COMMAND, spawned
from tests.tables import write_table


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    flowers = iris()
    write_table(folder / "iris.csv", dict(zip(flowers.names, flowers.rows.T.copy(), strict=True)))
    return folder


def test_select_prints_the_best_models_draws_and_saves(work):
    done = spawned(
        "select", "iris.csv", "-k", "1-3", "-c", "EEE,full", "--init", "kmeans",
        "-o", "best.json", "--top", 2, cwd=work,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()[:2] in ("1 ", "2 ")]
    assert lines[0][1:5] == ["VVV", "2", "574.018", "0.000"]
    assert lines[1][1:4] == ["VVV", "3", "580.839"]
    assert float(lines[1][4]) == pytest.approx(6.821, abs=2e-3)
    assert (work / "best-bic.png").read_bytes()[:4] == b"\x89PNG"
    assert "best-bic.png" in done.stdout
    assert "Model saved to best.json" in done.stderr
    assert "\x1b[" not in done.stdout
    shown = spawned("show", "best.json", cwd=work)
    assert "Mixture of 2 components in 4 features" in shown.stdout
    assert spawned("predict", "best.json", "iris.csv", cwd=work).returncode == 0


@pytest.mark.parametrize("width", [60, 80, 110])
def test_tables_are_whole_on_narrow_terminals(width):
    """Columns go below each other; no figure and no heading is cut."""
    row = {"family": "VVV", "n_components": 3, "n_parameters": 17, "n_iter": 500}
    cells = [
        {**row, "bic": 33280.21 + k, "log_likelihood": -16576.54, "converged": k == 1}
        for k in range(3)
    ]

    class Found:
        criterion = "bic"

        def best(self, count):
            return cells[:count]

    console = Console(width=width)
    counts = np.arange(60).reshape(2, 30)
    names = [f"k{k}" for k in range(30)]
    with console.capture() as shown:
        console.print(_table(Found(), 3))
        console.print(Columns([contingency_table("title", counts, "cluster", ["a", "b"], names)]))
    text = shown.get()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    heads = ["BIC", "difference", "log-likelihood", "parameters", "iterations", *names]
    figures = ["33280.210", "33282.210", "-16576.540", "converged)", "59"]
    assert [word for word in (*heads, *figures) if word not in words] == []
    if width >= 80:
        assert words.count("family") == {80: 2, 110: 1}[width]


def test_select_as_json_by_another_criterion(work, gaussmix):
    done = gaussmix(
        "select", "iris.csv", "--components", "2,3", "--families", "VVV", "--criterion", "icl",
        "--columns", "petal length,petal width", "--plot", "pictures/icl.svg", "--json", cwd=work,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert [row["n_components"] for row in answer["results"]] == [2, 3]
    assert answer["criterion"] == "icl"
    least = min(answer["results"], key=lambda row: row["icl"])
    assert len(answer["mixture"]["weights"]) == least["n_components"]
    assert answer["picture"] == "pictures/icl.svg"
    assert (work / "pictures" / "icl.svg").exists()


def test_models_that_cannot_be_fitted_are_counted_and_explained(work, gaussmix):
    np.save(work / "few.npy", np.random.default_rng(0).standard_normal((5, 2)))
    done = gaussmix("select", "few.npy", "-k", "1,6-7", "-c", "VII,VVI", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "4 of 6 models could not be fitted" in done.stdout
    assert "4 (VII, VVI 6-7): --components: 6 components" in done.stdout
    assert (work / "gaussmix-output" / "select" / "few-bic.png").exists()
    assert load_model(work / "gaussmix-output" / "select" / "few-bic.json").mixture.n_components
    as_json = json.loads(gaussmix("select", "few.npy", "-k", "1,6", "--json", cwd=work).stdout)
    assert as_json["results"][-1]["bic"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv"], "none.csv: no such file"),
        (["iris.csv", "-k", "a-b"], "--components: expected numbers such as 3, 1-9"),
        (["iris.csv", "-k", "0-2"], "--components: expected an integer of at least 1"),
        (["iris.csv", "-c", "ful"], "--families: unknown family 'ful'. Did you mean 'full'"),
        (["iris.csv", "--criterion", "magic"], "--criterion: unknown criterion 'magic'"),
        (["iris.csv", "--init", "magic"], "unknown start 'magic'"),
        (["iris.csv", "--jobs", "0"], "--jobs: expected an integer of at least 1, got 0"),
    ],
)
def test_mistakes_get_one_message_and_exit_code_1(arguments, message, work, gaussmix):
    done = gaussmix("select", *arguments, cwd=work)
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    assert message in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_jobs_do_not_change_the_answer(tmp_path, gaussmix):
    rng = np.random.default_rng(0)  # so many rows that models are fitted one by one
    np.save(
        tmp_path / "two.npy",
        rng.standard_normal((60_000, 2)) + 4 * rng.integers(2, size=60_000)[:, None],
    )
    common = ("select", "two.npy", "-k", "1-2", "-c", "EII,VVI", "--json")
    alone, beside = (
        json.loads(gaussmix(*common, *more, cwd=tmp_path).stdout) for more in ((), ("--jobs", 2))
    )
    assert beside == alone
    assert len(alone["results"]) == 4


def test_numbers_of_components():
    from gaussmix.cli.select import parse_sizes

    assert parse_sizes("3") == [3]
    assert parse_sizes("1-3, 6,8-9") == [1, 2, 3, 6, 8, 9]
    for wrong in ("", "3-1", "a", "1-", "-2"):
        with pytest.raises(ParameterError, match="--components"):
            parse_sizes(wrong)


def test_ctrl_c_keeps_the_models_done(tmp_path):
    # The first models take milliseconds, those with many components minutes.
    np.save(tmp_path / "big.npy", np.random.default_rng(0).standard_normal((200_000, 8)))
    for patience in (5, 15, 40):  # a busy machine may not have come that far
        process = subprocess.Popen(
            [*COMMAND, "select", "big.npy", "-k", "1,60", "-c", "EEE,VII", "-o", "model.json"],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "MPLBACKEND": "Agg"},
        )  # fmt: skip
        time.sleep(patience)
        process.send_signal(signal.SIGINT)
        printed, message = process.communicate(timeout=60)
        if "interrupted after 2 models" in message:
            break
    assert process.returncode == 130, message
    assert "interrupted after 2 models" in message
    assert "Traceback" not in message
    assert "VII" in printed
    model = json.loads((tmp_path / "model.json").read_text())
    assert len(model["mixture"]["weights"]) == 1


def test_select_prints_the_table_of_latent_profile_analysis(work, gaussmix):
    done = gaussmix(
        "select", "iris.csv", "-k", "1-2", "-c", "EEE", "--table", "profiles", cwd=work
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert {"family", "sabic", "entropy"} <= set(head.split())
    assert [row.split()[:2] for row in rows[:2]] == [["EEE", "1"], ["EEE", "2"]]
    refused = gaussmix("select", "iris.csv", "--table", "all", cwd=work)
    assert refused.returncode == 2 or "--table" in refused.stderr
