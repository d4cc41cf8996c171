"""The command line in real processes: output, files, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv, parquet

from gaussmix.datasets import iris
from gaussmix.io.tables import write_table

COMMAND = [str(Path(sys.executable).parent / "gaussmix")]


def gaussmix(*arguments, cwd):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "MPLBACKEND": "Agg"},
        check=False,
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with iris.csv and a model fitted to it by the command line."""
    folder = tmp_path_factory.mktemp("work")
    flowers = iris()
    species = np.array(flowers.class_names)[flowers.classes]
    columns = dict(zip(flowers.names, flowers.rows.T.copy(), strict=True))
    write_table(folder / "iris.csv", {**columns, "species": species})
    done = gaussmix("fit", "iris.csv", "-k", 3, "--out", "model.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "'species' (string, such as 'setosa')" in done.stderr
    assert "Model saved to model.json" in done.stderr
    assert "log-likelihood     -180.18" in done.stdout
    assert "petal width" in done.stdout
    return folder


def test_iris_prints_the_lesson_and_draws_it(tmp_path):
    done = gaussmix("iris", "--out", "pictures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in ("sepal length", "weight", "BIC", "converged", "setosa", "K-means", "Rand"):
        assert word in done.stdout
    assert "\x1b[" not in done.stdout  # piped: no colours, no progress
    assert done.stderr == ""
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert len(pictures) == 4
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in pictures)
    assert all(str(Path("pictures") / path.name) in done.stdout for path in pictures)


def test_iris_as_json_on_all_attributes(tmp_path):
    done = gaussmix("iris", "--features", "all", "--json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["fit"]["log_likelihood"] == pytest.approx(-180.1855, abs=1e-3)
    assert answer["adjusted_rand_index"]["mixture"] > 0.9
    assert answer["adjusted_rand_index"]["kmeans"] < 0.75
    assert len(answer["labels"]) == 150


@pytest.mark.parametrize("features", ["petal width", "2,3", "petal length, sepal w"])
def test_iris_takes_names_beginnings_and_positions(features, tmp_path):
    done = gaussmix("iris", "--features", features, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["mixture"]["means"][0]) == features.count(",") + 1


def test_iris_refuses_unknown_attributes(tmp_path):
    for features in ("leaf", "sepal", "9", "0,0", ""):
        done = gaussmix("iris", "--features", features, cwd=tmp_path)
        assert done.returncode == 1
        assert "--features" in done.stderr


def test_sizes_beats_kmeans(tmp_path):
    done = gaussmix("sizes", "--json", cwd=tmp_path)
    scores = json.loads(done.stdout)["adjusted_rand_index"]
    assert scores["mixture"] > 0.9
    assert scores["kmeans"] < 0.6
    people = gaussmix("sizes", "--samples", 500, "--out", "here", cwd=tmp_path)
    assert people.returncode == 0, people.stderr
    assert (tmp_path / "here" / "sizes.png").exists()


def test_predict_writes_labels_and_responsibilities(work):
    done = gaussmix("predict", "model.json", "iris.csv", "--out", "labels.parquet", cwd=work)
    assert done.returncode == 0, done.stderr
    table = parquet.read_table(work / "labels.parquet")
    assert table.column_names == [
        "label", "log_density", "responsibility_0", "responsibility_1", "responsibility_2",
    ]  # fmt: skip
    resp = np.column_stack([table[f"responsibility_{k}"].to_numpy() for k in range(3)])
    np.testing.assert_allclose(resp.sum(axis=1), 1.0)
    np.testing.assert_array_equal(resp.argmax(axis=1), table["label"].to_numpy())
    assert table["log_density"].to_numpy().sum() == pytest.approx(-180.1855, abs=1e-3)


def test_predict_without_out_is_csv_on_stdout(work):
    done = gaussmix("predict", "model.json", "iris.csv", cwd=work)
    (work / "piped.csv").write_text(done.stdout)
    assert csv.read_csv(work / "piped.csv").num_rows == 150
    summary = gaussmix("predict", "model.json", "iris.csv", "--json", cwd=work)
    assert sum(json.loads(summary.stdout)["counts"]) == 150


def test_show_prints_the_model_and_json_is_the_file(work):
    done = gaussmix("show", "model.json", cwd=work)
    assert "Component 2" in done.stdout
    assert "VVV (full)" in done.stdout
    machine = gaussmix("show", "model.json", "--json", cwd=work)
    assert json.loads(machine.stdout) == json.loads((work / "model.json").read_text())


@pytest.mark.parametrize("kind", ["clusters", "density", "pairs", "univariate", "trace", None])
def test_plot_draws_every_kind(kind, work):
    options = [] if kind is None else ["--kind", kind]
    picture = work / f"{kind}.png"
    done = gaussmix("plot", "model.json", "iris.csv", *options, "--out", picture, cwd=work)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes()[:4] == b"\x89PNG"
    alone = gaussmix("plot", "model.json", *options, "--out", picture, cwd=work)
    assert alone.returncode == 0, alone.stderr


def test_plot_takes_features_and_names_mistakes(work):
    good = gaussmix("plot", "model.json", "--features", "petal length,petal width", cwd=work)
    assert good.returncode == 0, good.stderr
    for options, message in [
        (["--kind", "pie"], "--kind: expected one of clusters"),
        (["--out", "a.doc"], "unknown kind of picture"),
        (["--features", "leaf,petal width"], "no feature is called 'leaf'"),
    ]:
        done = gaussmix("plot", "model.json", *options, cwd=work)
        assert done.returncode == 1
        assert message in done.stderr


def test_fit_with_columns_weights_and_starts(work):
    write_table(work / "hist.csv", {"bin": np.arange(5.0), "count": np.array([1, 5, 9, 5, 1])})
    done = gaussmix("fit", "hist.csv", "--weights", "count", "--json", cwd=work)
    answer = json.loads(done.stdout)
    assert answer["fit"]["n"] == 21
    assert answer["mixture"]["means"] == [[pytest.approx(2.0)]]
    done = gaussmix(
        "fit", "iris.csv", "-k", 2, "-c", "VVI", "--columns", "petal length,petal width",
        "--starts", 3, "--json", cwd=work,
    )  # fmt: skip
    assert json.loads(done.stdout)["fit"]["family"] == "VVI"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "none.csv"], "none.csv: no such file"),
        (["fit", "iris.csv", "-k", "0"], "--components: expected an integer of at least 1"),
        (["fit", "iris.csv", "-c", "ful"], "Did you mean 'full'"),
        (["fit", "iris.csv", "--columns", "leaf"], "no column 'leaf'"),
        (["fit", "iris.csv", "--columns", "species"], "not numeric: 'species'"),
        (["fit", "iris.csv", "--weights", "leaf"], "--weights"),
        (["fit", "iris.csv", "-k", "2", "--init", "magic"], "unknown start 'magic'"),
        (["fit", "nan.csv"], "1 NaN in column 'a'"),
        (["iris", "--components", "0"], "--components: expected an integer of at least 1"),
        (
            ["plot", "model.json", "iris.csv", "--kind", "density", "--features", "petal width"],
            "this picture needs two",
        ),
        (["predict", "iris.csv", "iris.csv"], "not a gaussmix model file"),
        (["predict", "model.json", "nan.csv"], "no column"),
        (["predict", "model.json", "few.npy"], "fitted to 4"),
        (["predict", "model.json", "iris.csv", "-o", "a.xlsx"], "unknown ending"),
        (["show", "none.json"], "none.json"),
    ],
)
def test_mistakes_get_one_message_and_exit_code_1(arguments, message, work):
    (work / "nan.csv").write_text("a,b\n1,2\n,3\n4,9\n")
    np.save(work / "few.npy", np.zeros((3, 2)))
    done = gaussmix(*arguments, cwd=work)
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    assert "error:" in done.stderr
    assert message in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_names_with_brackets_are_printed_as_they_are(work):
    rng = np.random.default_rng(0)
    columns = {"len [cm]": rng.standard_normal(50), "w [/x]": rng.standard_normal(50)}
    write_table(work / "units.csv", columns)
    done = gaussmix("fit", "units.csv", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "len [cm]" in done.stdout
    assert "w [/x]" in done.stdout


def test_help_version_and_wrong_usage(tmp_path):
    assert "iris" in gaussmix("--help", cwd=tmp_path).stdout
    for command in ("iris", "sizes", "fit", "predict", "show", "plot"):
        assert "--help" in gaussmix(command, "--help", cwd=tmp_path).stdout
    assert gaussmix("--version", cwd=tmp_path).stdout.startswith("gaussmix 0.")
    assert gaussmix("fit", cwd=tmp_path).returncode == 2
    assert gaussmix("fly", cwd=tmp_path).returncode == 2


def test_ctrl_c_saves_the_best_state(tmp_path):
    np.save(tmp_path / "big.npy", np.random.default_rng(0).standard_normal((200_000, 8)))
    process = subprocess.Popen(
        [*COMMAND, "fit", "big.npy", "-k", "12", "--tol", "0", "--max-iter", "100000",
         "-o", "model.json"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in message
    assert "model.json" in message
    assert "Traceback" not in message
    model = json.loads((tmp_path / "model.json").read_text())
    assert model["fit"]["status"] == "INTERRUPTED"
    assert len(model["fit"]["trace"]) > 1


def test_progress_appears_on_a_terminal_only(work):
    controller, terminal = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "fit", "iris.csv", "-k", "3", "--starts", "10"],
        cwd=work, stdout=subprocess.PIPE, stderr=terminal, timeout=60,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"}, check=True,
    )  # fmt: skip
    os.close(terminal)
    shown = os.read(controller, 1_000_000).decode()
    os.close(controller)
    assert "iteration" in shown
    assert b"iteration " not in done.stdout
