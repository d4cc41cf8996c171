"""The command line: output, files, exit codes, Ctrl-C; in real processes but for mistakes."""

from __future__ import annotations

import inspect
import json
import os
import pty
import signal
import subprocess
import tempfile
import time

import numpy as np
import pytest
from pyarrow import csv, parquet
from rich.console import Console

from gaussmix import (
    BayesianGaussianMixture,
    FitInterrupted,
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
    StudentMixture,
    plot,
)
from gaussmix.cli import fit
from gaussmix.cli import plot as kinds_of_plot
from gaussmix.cli.console import in_options
from gaussmix.cli.report import model_report, number
from gaussmix.fitting.fit import fit_mixture as fit_mixture_of_rows
from gaussmix.interchange.model import Model, load_model
from gaussmix.mixture.datasets import iris
from tests.commands import COMMAND, spawned
from tests.tables import write_table

# Options of gaussmix fit that no argument of the estimator stands for.
NOT_FITTED = {
    "dataset",
    "separator",
    "decimal",
    "missing",
    "data",
    "columns",
    "weights",
    "out",
    "json",
    "resume",
    "bayesian",
    "concentration",
    "by",
    "errors",  # of `fit`, as the next
    "deviations",
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with iris.csv and a model fitted to it by the command line."""
    folder = tmp_path_factory.mktemp("work")
    flowers = iris()
    species = np.array(flowers.class_names)[flowers.classes]
    columns = dict(zip(flowers.names, flowers.rows.T.copy(), strict=True))
    write_table(folder / "iris.csv", {**columns, "species": species})
    done = spawned("fit", "iris.csv", "-k", 3, "--out", "model.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "'species' (text, such as 'setosa')" in done.stderr
    assert "Model saved to model.json" in done.stderr
    assert "log-likelihood     -180.18" in done.stdout
    assert "petal width" in done.stdout
    return folder


def test_iris_prints_the_lesson_and_draws_it(tmp_path):
    done = spawned("iris", "--out", "pictures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in ("sepal length", "weight", "BIC", "converged", "setosa", "K-means", "Rand"):
        assert word in done.stdout
    assert "log-likelihood     -180.185" in done.stdout  # of all four attributes
    told = " ".join(done.stdout.split())
    assert "EM misplaces 5 of 150 flowers and K-means 16" in told
    assert "EM 0.904, K-means 0.730" in told
    assert "5 flowers (68, 70, 72, 77, 83, counted from 0). K-means misplaces 16." in told
    assert "sepal length & width another optimum is 2.6 higher in log-likelihood, +1.0" in told
    assert "BIC prefers fewer than 3 on all four attributes, sepal length & width" in told
    # 15 log 150 = 75.2; from 574.0 to 580.8 BIC rises by 6.8, so the fit gains 68.3.
    assert "15 parameters more than with 2 components cost 75 and gain 68;" in told
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b[" not in done.stdout  # piped: no colours, no progress
    assert done.stderr == ""
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert len(pictures) == 5
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in pictures)
    assert "Pictures in pictures:" in done.stdout
    assert all(path.name in done.stdout for path in pictures)


def test_iris_as_json(tmp_path, gaussmix):
    done = gaussmix("iris", "--json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["fit"]["log_likelihood"] == pytest.approx(-180.1855, abs=1e-3)
    assert answer["adjusted_rand_index"]["mixture"] > 0.9
    assert answer["adjusted_rand_index"]["kmeans"] < 0.75
    assert len(answer["labels"]) == 150
    assert answer["misplaced"] == [68, 70, 72, 77, 83]
    # Of sepals most of two species are in one component, and which are misplaced says nothing.
    assert answer["first_two_attributes"]["misplaced"] is None
    assert answer["first_two_attributes"]["adjusted_rand_index"]["mixture"] > 0.5
    assert len(answer["univariate"]["mixture"]["means"][0]) == 1
    prefers = {
        names: min(by_size, key=by_size.get)
        for names, by_size in answer["bic_by_components"].items()
    }
    assert list(prefers.values()) == ["2", "2", "3", "2"]  # petals by themselves show three
    assert len(answer["pictures"]) == 5


@pytest.mark.parametrize(
    "columns", ["sepal length,sepal width,petal length,petal width", "0,1", "petal length"]
)
def test_iris_fit_and_select_give_one_answer(columns, work, here):
    """The same columns, size and family are the same optimum, whichever command is asked."""
    names = columns.replace("0,1", "sepal length,sepal width")
    asked = ["--columns", names, "--json"]
    found = {}
    for command in (
        ["iris", "--features", columns, "--json"],
        ["fit", "iris.csv", "-k", "3", *asked],
        ["select", "iris.csv", "-k", "3", "-c", "full", *asked],
    ):
        code, out, err = here(*command, cwd=work)
        assert code == 0, err
        found[command[0]] = json.loads(out)["fit"]
    values = [fit["log_likelihood"] for fit in found.values()]
    assert max(values) - min(values) < 1e-4
    # The lesson shows the whole ascent: a race's iterations are over before those that count.
    trace = found["iris"]["trace"]
    assert len(trace) > 20
    assert np.diff(trace).min() > -1e-9


def test_pictures_of_the_same_columns_show_the_fit_of_the_text(tmp_path, here, monkeypatch):
    drawn = []
    draw = plot.univariate

    def spy(mixture, *given, **options):
        drawn.append(mixture)
        return draw(mixture, *given, **options)

    monkeypatch.setattr(plot, "univariate", spy)
    code, out, err = here("iris", "--features", "petal length", "--json", cwd=tmp_path)
    assert code == 0, err
    told = json.loads(out)["mixture"]
    assert len(drawn) == 2
    assert all(mixture.weights.tolist() == told["weights"] for mixture in drawn)


def test_iris_where_one_start_ends_elsewhere_reports_the_fit_of_many(tmp_path, here):
    code, out, err = here("iris", "--features", "sepal length", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert "log-likelihood     -175.09" in out
    told = " ".join(out.split())
    assert "ends at log-likelihood -139.30" in told
    assert "optimum is 35.8 higher in log-likelihood, but a component collapses there" in told


@pytest.mark.parametrize("features", ["petal width", "2,3", "petal length, sepal w"])
def test_iris_takes_names_beginnings_and_positions(features, tmp_path, here):
    code, out, err = here("iris", "--features", features, "--json", cwd=tmp_path)
    assert code == 0, err
    assert len(json.loads(out)["mixture"]["means"][0]) == features.count(",") + 1


@pytest.mark.parametrize("features", ["leaf", "sepal", "9", "0,0", "0,sepal length", ""])
def test_iris_refuses_unknown_attributes(features, tmp_path, here):
    code, _, err = here("iris", "--features", features, cwd=tmp_path)
    assert code == 1
    assert "--features" in err
    assert list(tmp_path.iterdir()) == []


def test_sizes_beats_kmeans(tmp_path, gaussmix):
    done = gaussmix("sizes", "--json", cwd=tmp_path)
    scores = json.loads(done.stdout)["adjusted_rand_index"]
    assert scores["mixture"] > 0.9
    assert scores["kmeans"] < 0.6
    people = gaussmix("sizes", "--samples", 500, "--out", "here", cwd=tmp_path)
    assert people.returncode == 0, people.stderr
    assert (tmp_path / "here" / "sizes.png").exists()
    lines = people.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    truth = next(line.split() for line in lines if line.startswith(" long "))
    assert truth[1::2] == ["0.25", "10.50", "-1.50", "2.65", "1.84"]
    np.testing.assert_allclose(
        list(map(float, truth[2::2])), [0.25, 10.5, -1.5, 2.65, 1.84], rtol=0.3
    )
    # Rows of the table of labels are in the order of the columns: most are on the diagonal.
    tables = [
        line.split()
        for line in lines
        if line.split()[:1] in (["wide"], ["dot"], ["dash"], ["long"])
    ]
    for k, (row, name) in enumerate(zip(tables[-4:], ("wide", "dot", "dash", "long"), strict=True)):
        assert row[0] == name
        counts = [0 if cell == "·" else int(cell) for cell in row[1:5]]
        assert counts.index(max(counts)) == k


def test_predict_writes_labels_and_responsibilities(work, gaussmix):
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
    done = spawned("predict", "model.json", "iris.csv", cwd=work)
    (work / "piped.csv").write_text(done.stdout)
    assert csv.read_csv(work / "piped.csv").num_rows == 150
    summary = spawned("predict", "model.json", "iris.csv", "--json", cwd=work)
    assert sum(json.loads(summary.stdout)["counts"]) == 150


def test_show_prints_the_model_and_json_is_the_file(work, gaussmix):
    done = gaussmix("show", "model.json", cwd=work)
    assert "Component 2" in done.stdout
    assert "VVV (full)" in done.stdout
    machine = gaussmix("show", "model.json", "--json", cwd=work)
    assert json.loads(machine.stdout) == json.loads((work / "model.json").read_text())


@pytest.mark.parametrize("kind", [*kinds_of_plot._KINDS, None])
def test_plot_draws_every_kind(kind, work, here):
    options = [] if kind is None else ["--kind", kind]
    picture = work / f"{kind}.png"
    code, _, err = here("plot", "model.json", "iris.csv", *options, "-o", str(picture), cwd=work)
    assert code == 0, err
    assert picture.read_bytes()[:4] == b"\x89PNG"
    code, _, err = here("plot", "model.json", *options, "-o", str(picture), cwd=work)
    if kind in kinds_of_plot._OF_ROWS:
        assert (code, f"--kind {kind}: is of rows; give DATA" in err) == (1, True)
    else:
        assert code == 0, err


def test_plot_marks_rows_that_are_not_in_the_component_of_their_class(work, here, monkeypatch):
    seen, draw = [], plot.misplaced

    def spy(*given, **more):
        seen.append(draw(*given, **more))
        return seen[-1]

    monkeypatch.setattr(plot, "misplaced", spy)
    data = ["plot", "model.json", "iris.csv"]
    for more in (["--classes", "species"], ["--kind", "misplaced", "--classes", "species"]):
        code, _, err = here(*data, *more, "--features", "petal length,petal width", cwd=work)
        assert code == 0, err
    names = [text.get_text() for text in seen[0].get_legend().get_texts()]
    assert names == ["setosa", "versicolor", "virginica", "misplaced: 5 of 150 (3.3 %)"]
    for more, message in (
        (["--kind", "misplaced"], "--kind misplaced: goes with --classes"),
        (["--kind", "pairs", "--classes", "species"], "--kind misplaced: goes with --classes"),
        (["--classes", "kind"], "no column 'kind'"),
    ):
        code, _, err = here(*data, *more, cwd=work)
        assert (code, message in err) == (1, True), err


def test_plot_takes_features_and_names_mistakes(work, gaussmix):
    good = gaussmix("plot", "model.json", "--features", "petal length,petal width", cwd=work)
    assert good.returncode == 0, good.stderr
    good = gaussmix("plot", "model.json", "iris.csv", "--kind", "uncertainty", cwd=work)
    assert good.returncode == 0, good.stderr
    for options, message in [
        (["--kind", "pie"], "--kind: expected one of clusters"),
        (["--kind", "uncertainty"], "--kind uncertainty: is of rows; give DATA"),
        (["--out", "a.doc"], "unknown kind of picture"),
        (["--features", "leaf,petal width"], "no feature is called 'leaf'"),
        (
            ["--kind", "univariate", "--features", "petal length,petal width"],
            "--features: this picture needs one",
        ),
        (["--kind", "clusters", "--features", "petal width"], "--features: this picture needs two"),
    ]:
        done = gaussmix("plot", "model.json", *options, cwd=work)
        assert done.returncode == 1
        assert message in done.stderr


def test_fit_with_columns_weights_and_starts(work, gaussmix):
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
        (["fit", "iris.csv", "--bayesian", "--noise", "0.1"], "--noise: a Bayesian mixture has"),
        (["fit", "iris.csv", "--bayesian", "--prior"], "--prior: a Bayesian mixture has none"),
        (["fit", "iris.csv", "--bayesian", "--density", "student"], "--density student: a Bay"),
        (["fit", "iris.csv", "--concentration", "1"], "--concentration: only with --bayesian"),
        (["fit", "iris.csv", "--bayesian", "--concentration", "0"], "--concentration: expected a"),
        (["iris", "--components", "0"], "--components: expected an integer of at least 1"),
        (
            ["plot", "model.json", "iris.csv", "--kind", "density", "--features", "petal width"],
            "this picture needs two",
        ),
        (["predict", "iris.csv", "iris.csv"], "not a gaussmix model file"),
        (["predict", "model.json", "nan.csv"], "no column"),
        (["predict", "model.json", "few.npy"], "fitted to 4"),
        (["predict", "model.json", "iris.csv", "-o", "a.xlsx"], "unknown ending"),
        (["predict", "model.json", "none.csv", "-o", "a.xlsx"], "unknown ending"),
        (["predict", "model.json", "none.csv", "-o", "iris.csv/a.csv"], "cannot be made"),
        (["predict", "model.json", "iris.csv", "-o", "iris.csv"], "is read by this command"),
        (["predict", "model.json", "iris.csv", "--columns", ""], "--columns: expected names"),
        (["show", "none.json"], "none.json: no such file"),
        (["show", "folder"], "folder: is a directory"),
        (["show", "empty.csv"], "empty.csv: not a gaussmix model file"),
        (["show", "few.npy"], "few.npy: not a gaussmix model file"),
        (["fit", "empty.csv"], "empty.csv: is empty"),
        (["fit", "header.csv"], "header.csv: has no rows"),
        (["fit", "folder"], "folder: is a folder"),
        (["fit", "iris.csv", "--columns", ""], "--columns: expected names"),
        (["fit", "iris.csv", "--columns", " , "], "--columns: expected names"),
        (["fit", "nan.csv", "--columns", "b,b"], "--columns: 'b' given more than once"),
        (["fit", "none.csv", "-o", "folder"], "--out: folder is a folder"),
        (["fit", "none.csv", "-o", "iris.csv/m.json"], "--out: the folder iris.csv cannot be made"),
        (["fit", "iris.csv", "-o", "iris.csv"], "--out: iris.csv is read by this command"),
        (["fit", "iris.csv", "-k", "500"], "--components: 500 components need"),
        (["fit", "const.csv"], "use --covariance spherical"),
        (["fit", "const.csv"], "DATA: constant: column 'tol'"),
        (["fit", "gap.csv"], "1 of the 3 values of column 'a' is not a number, such as '?'"),
        (["fit", "iris.csv", "-o", "fifo"], "--out: fifo is not a regular file"),
        (["iris", "--out", "iris.csv"], "--out: the folder iris.csv cannot be made"),
        (["sizes", "--out", "iris.csv"], "--out: the folder iris.csv cannot be made"),
        (["plot", "model.json", "-o", "folder"], "unknown kind of picture"),
        (["plot", "model.json", "--features", "leaf"], "--features: no feature is called 'leaf'"),
    ],
)
def test_mistakes_get_one_message_and_exit_code_1(arguments, message, work, here):
    (work / "nan.csv").write_text("a,b\n1,2\n,3\n4,9\n")
    (work / "gap.csv").write_text("a,b\n1,2\n?,3\n4,9\n")
    (work / "const.csv").write_text("tol,b\n1,2\n1,3\n1,9\n")
    (work / "header.csv").write_text("a,b\n")
    (work / "empty.csv").touch()
    (work / "folder").mkdir(exist_ok=True)
    if not (work / "fifo").exists():
        os.mkfifo(work / "fifo")
    np.save(work / "few.npy", np.zeros((3, 2)))
    code, out, err = here(*arguments, cwd=work)
    assert code == 1
    assert out == ""
    notes = [line for line in err.splitlines() if not line.startswith("left out")]
    assert len(notes) == 1
    assert notes[0].startswith("error:") and message in notes[0]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("covariance_type: unknown family 'ful'.", "--covariance: unknown family 'ful'."),
        ("or use covariance_type='diag'", "or use --covariance diag"),
        ("use n_components <= 3", "use --components <= 3"),
        ("raise max_iter, or tol", "raise --max-iter, or --tol"),
        ("counts as sample_weight", "counts as --weights"),
        ("arbitrary: raise reg_covar, use fewer", "arbitrary: raise --reg-covar, use fewer"),
        ("X: 1 NaN in column 'X'", "DATA: 1 NaN in column 'X'"),
        ("columns: no feature is called 'a'", "--features: no feature is called 'a'"),
        # Names of the user's own are theirs.
        ("constant: column 'tol' (always 1)", "constant: column 'tol' (always 1)"),
        ("/data/tol/max_iter.csv: is empty", "/data/tol/max_iter.csv: is empty"),
        ("shape (n_components, n_features)", "shape (n_components, n_features)"),
    ],
)
def test_messages_name_options(message, told):
    assert in_options(message) == told


def test_every_argument_of_the_estimator_that_has_an_option_is_translated():
    options = inspect.signature(fit.command).parameters
    told = {
        word.strip(":")
        for name in {*StudentMixture().get_params(), *GaussianMixtureIC().get_params()}
        for word in (
            in_options(f"raise {name} now").split()[1],
            in_options(f"{name}: no").split()[0],
        )
    }
    assert {f"--{name.replace('_', '-')}" for name in options if name not in NOT_FITTED} <= told
    assert in_options("remove the noise; a prior helps") == "remove the noise; a prior helps"
    assert in_options("Xerr: no") == "--errors: no"


def test_warnings_name_options(work, gaussmix):
    done = gaussmix("fit", "iris.csv", "-k", 3, "--max-iter", 2, "--tol", 1e-9, cwd=work)
    assert done.returncode == 0
    assert "warning: not converged after 2 iterations: raise --max-iter, or --tol" in done.stderr
    assert "raise --max-iter, or --tol" in done.stdout
    (work / "line.csv").write_text("a,b\n" + "0,0\n" * 20 + "5,1\n6,3\n7,1\n9,2\n")
    done = gaussmix("fit", "line.csv", "-k", 2, cwd=work)
    assert "raise --reg-covar" in done.stderr
    for text in (done.stderr, done.stdout):
        assert "reg_covar" not in text and "max_iter" not in text


def test_what_was_guessed_about_a_table_is_told(work, gaussmix):
    (work / "bare.csv").write_text("1,5;2\n2,5;3\n3,0;7\n")
    done = gaussmix("fit", "bare.csv", "--json", cwd=work)
    assert "bare.csv: the first line holds numbers, not names" in done.stderr
    assert "decimal comma" in done.stderr
    mixture = json.loads(done.stdout)["mixture"]
    assert mixture["feature_names"] == ["x0", "x1"]
    assert mixture["means"] == [[pytest.approx(7 / 3), pytest.approx(4)]]


def test_columns_with_commas_are_chosen_in_quotes(work, gaussmix):
    (work / "units.csv").write_text('"length, cm",b,c\n1,2,3\n2,3,9\n4,1,5\n')
    done = gaussmix("fit", "units.csv", "--columns", 'c,"length, cm"', "--json", cwd=work)
    assert json.loads(done.stdout)["mixture"]["feature_names"] == ["c", "length, cm"]


@pytest.mark.parametrize("width", [45, 80, 110, 200])
@pytest.mark.parametrize("n_features", [1, 2, 5, 9])
def test_numbers_are_never_cut_off(width, n_features, capsys):
    rng = np.random.default_rng(n_features)
    means = rng.normal(size=(2, n_features)) * 10.0 ** np.arange(-4, n_features - 4)
    mixture = Mixture([0.25, 0.75], means, np.abs(rng.normal(size=(2, n_features))))
    Console(width=width, highlight=False).print(model_report(Model(mixture)))
    out = capsys.readouterr().out
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= width
    for value in [*mixture.weights, *means[:, :8].ravel()]:
        assert number(value) in out


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_fit_that_cannot_be_saved_is_saved_elsewhere(
    interrupted, work, tmp_path, here, monkeypatch
):
    """The folder goes while the fit is running, which no check before it can see."""
    folder, spare = tmp_path / "gone", tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))

    def fit_mixture(*args, **kwargs):
        folder.rmdir()
        folder.touch()
        result = fit_mixture_of_rows(*args, **kwargs)
        if interrupted:
            raise FitInterrupted(result)
        return result

    monkeypatch.setattr(fit, "fit_mixture", fit_mixture)
    code, out, err = here("fit", "iris.csv", "-o", str(folder / "model.json"), cwd=work)
    assert code == (130 if interrupted else 1)
    assert ("interrupted after" if interrupted else "cannot be written") in err
    assert interrupted or "log-likelihood" in out
    (saved,) = spare.iterdir()
    assert str(saved) in err
    assert load_model(saved).fit.n_rows == 150


def test_a_closed_pipe_does_not_lose_the_fit(work):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "fit", "iris.csv", "-o", "piped.json"],
        cwd=work, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert load_model(work / "piped.json").fit.n_rows == 150


def test_names_with_brackets_are_printed_as_they_are(work, gaussmix):
    rng = np.random.default_rng(0)
    columns = {"len [cm]": rng.standard_normal(50), "w [/x]": rng.standard_normal(50)}
    write_table(work / "units.csv", columns)
    done = gaussmix("fit", "units.csv", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "len [cm]" in done.stdout
    assert "w [/x]" in done.stdout


def test_help_version_and_wrong_usage(tmp_path, gaussmix):
    assert "iris" in gaussmix("--help", cwd=tmp_path).stdout
    for command in ("iris", "sizes", "fit", "predict", "show", "plot"):
        assert "--help" in gaussmix(command, "--help", cwd=tmp_path).stdout
    # Lines of help are the terminal's, not the source's.
    assert "asks BIC how many" in gaussmix("iris", "--help", cwd=tmp_path).stdout
    assert gaussmix("--version", cwd=tmp_path).stdout.startswith("gaussmix 0.")
    assert gaussmix("fit", cwd=tmp_path).returncode == 2
    assert gaussmix("fly", cwd=tmp_path).returncode == 2


def test_ctrl_c_saves_the_best_state(tmp_path):
    np.save(tmp_path / "big.npy", np.random.default_rng(0).standard_normal((200_000, 8)))
    for patience in (4, 12, 40):  # a busy machine may not have come to the second iteration
        process = subprocess.Popen(
            [*COMMAND, "fit", "big.npy", "-k", "12", "--tol", "0", "--max-iter", "100000",
             "-o", "model.json"],
            cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(patience)
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=60)
        saved = tmp_path / "model.json"
        model = json.loads(saved.read_text()) if saved.exists() else {}
        if model.get("fit") and len(model["fit"]["trace"]) > 1:
            break
    assert process.returncode == 130
    assert "interrupted" in message
    assert "model.json" in message
    assert "Traceback" not in message
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


def test_a_fit_with_noise_is_shown_predicted_and_drawn(work, gaussmix):
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.standard_normal((150, 2)), rng.uniform(-9, 9, (40, 2))])
    write_table(work / "noisy.csv", {"a": rows[:, 0], "b": rows[:, 1]})
    done = gaussmix("fit", "noisy.csv", "--noise", 0.1, "--prior", "-o", "noisy.json", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "a uniform background (label -1)" in done.stdout
    assert "a uniform background" in gaussmix("show", "noisy.json", cwd=work).stdout
    done = gaussmix("predict", "noisy.json", "noisy.csv", "-o", "noisy.parquet", "--json", cwd=work)
    answer = json.loads(done.stdout)
    assert 20 < answer["noise"] < 60
    assert sum(answer["counts"]) + answer["noise"] == 190
    table = parquet.read_table(work / "noisy.parquet")
    assert "responsibility_noise" in table.column_names
    assert (table["label"].to_numpy() == -1).sum() == answer["noise"]
    for kind in ("clusters", "density", "pairs"):
        picture = work / f"noisy-{kind}.png"
        done = gaussmix("plot", "noisy.json", "noisy.csv", "--kind", kind, "-o", picture, cwd=work)
        assert done.returncode == 0, done.stderr
    done = gaussmix("fit", "noisy.csv", "--noise", 2, cwd=work)
    assert "--noise: expected a share between 0 and 1" in done.stderr


def test_a_bayesian_fit_keeps_the_components_in_use(work, gaussmix):
    done = gaussmix("fit", "iris.csv", "-k", 9, "--bayesian", "-o", "bayesian.json", cwd=work)
    assert done.returncode == 0, done.stderr
    model = load_model(work / "bayesian.json")
    expected = BayesianGaussianMixture(9, random_state=np.random.default_rng(0)).fit(iris().rows)
    assert model.mixture.n_components == expected.n_effective_ < 9
    assert model.mixture.feature_names == tuple(iris().names)
    assert model.fit.is_bound and model.fit.log_likelihood == expected.lower_bound_
    np.testing.assert_array_equal(model.mixture.means, expected.prune().means_)
    shown = gaussmix("show", "bayesian.json", cwd=work).stdout
    assert "lower bound" in shown and "BIC" not in shown
    few = gaussmix("fit", "iris.csv", "-k", 9, "--bayesian", "--concentration", 50, cwd=work)
    assert few.stdout != done.stdout


def test_iris_says_when_a_component_has_collapsed(tmp_path, here):
    code, _, err = here("iris", "--features", "sepal width", cwd=tmp_path)
    assert code == 0
    assert err.count("sepal width: covariance collapsed") == 1


def test_missing_values_are_not_seen_and_told_in_tables(tmp_path, here):
    rows = iris().rows[:, :2].copy()
    rows[::5, 0], rows[::7, 1] = np.nan, np.nan
    lines = ["long,wide", *(",".join("" if v != v else str(v) for v in row) for row in rows)]
    (tmp_path / "holes.csv").write_text("\n".join(lines))
    how = ("fit", "holes.csv", "-k", "2", "--incomplete", "em", "-o", "m.json")
    code, out, err = here(*how, cwd=tmp_path)
    assert code == 0, err
    told = [line.split() for line in out.splitlines()]
    assert ["long", "30", "20.0%"] in told
    assert ["wide", "22", "14.7%"] in told
    assert ["nothing", "103", "68.7%"] in told
    assert ["everything", "5", "3.3%"] in told
    assert "of 5 rows nothing is seen" in " ".join(err.split())
    expected = GaussianMixture(2, missing="em", random_state=0).fit(rows)
    assert Mixture.load(tmp_path / "m.json").allclose(expected.mixture_)
    how = ("predict", "m.json", "holes.csv", "--incomplete", "em", "-o", "labels.csv")
    code, _, err = here(*how, cwd=tmp_path)
    assert code == 0, err
    found = csv.read_csv(tmp_path / "labels.csv")["label"].to_numpy()
    np.testing.assert_array_equal(found, expected.predict(rows))
