"""A fit that was cut off goes on to the result it would have had, to the last bit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import warnings
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone

from gaussmix import (
    Checkpoint,
    CheckpointError,
    ConjugatePrior,
    FitInterrupted,
    GaussianMixture,
    ParameterError,
    Progress,
    Status,
)
from gaussmix.cli import app
from gaussmix.components.families import get_family
from gaussmix.em.keeper import Keeper
from gaussmix.em.loop import fit
from gaussmix.exceptions import GaussmixError
from gaussmix.interchange.checkpoint import open_keeper
from gaussmix.numerics.encoding import load_values, save_values
from gaussmix.rows import MemorySource
from gaussmix.rows.summary import SummaryFold
from tests.variants import FAMILIES, blobs, problem

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
# Slow enough for leaps, taken and taken back.
X, LABELS = blobs(n=600, d=2, seed=3, separation=0.7)
SLOW = {"random_state": 0, "tol": 1e-8, "init_params": "random"}


class CutOff:
    """A callback that stops a fit as Ctrl-C does, at the call of this number."""

    def __init__(self, at):
        self.left = at

    def __call__(self, iteration):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def goes_on(model, path, at, X=X, known=None, weights=None):
    """Fit without interruption; fit, cut off, and go on; return both."""
    whole = clone(model).fit(X, None, weights, known=known)
    cut = clone(model).set_params(checkpoint=Checkpoint(path, seconds=0), callback=CutOff(at))
    with pytest.raises(FitInterrupted):
        cut.fit(X, None, weights, known=known)
    # What is saved at each pass is there, whatever becomes of the process.
    assert path.exists()
    went_on = (
        clone(model)
        .set_params(checkpoint=Checkpoint(path, resume=True))
        .fit(X, None, weights, known=known)
    )
    return whole, went_on


def same(one, other):
    histories = [model.history_ for model in (one, other)]
    return (
        one.mixture_ == other.mixture_
        and one.status_ is other.status_
        and histories[0].log_likelihood == histories[1].log_likelihood
        and histories[0].collapsed == histories[1].collapsed
        and histories[0].rejected == histories[1].rejected
    )


@every_family
@pytest.mark.parametrize("at", [9])
def test_a_fit_goes_on_to_the_same_bits(family, at, tmp_path):
    model = GaussianMixture(3, covariance_type=family, **SLOW)
    whole, went_on = goes_on(model, tmp_path / "fit.ckpt", at)
    assert same(whole, went_on)
    assert whole.history_.rejected + len(whole.history_) > at


@pytest.mark.parametrize("at", range(0, 60, 6))
def test_wherever_it_is_cut_off(at, tmp_path):
    """In the first, second and third start, before and after leaps."""
    model = GaussianMixture(3, n_init=3, **{**SLOW, "tol": 1e-5})
    assert same(*goes_on(model, tmp_path / "fit.ckpt", at))


OPTIONS = {
    "race": {"init_params": "race"},
    "plain": {"accelerate": False, "max_iter": 50},
    "prior": {"prior": ConjugatePrior(shrinkage=0.1)},
    "noise": {"noise": 0.1},
    "marked noise": {"noise": np.arange(600) % 20 == 0},
    "equal weights": {"equal_weights": True},
    "reg_covar": {"reg_covar": 1e-3},
    "given": {"init_params": LABELS},
    "MT19937": {"random_state": np.random.Generator(np.random.MT19937(3)), "n_init": 2},
    "factory": {"init_params": LABELS},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.filterwarnings("ignore")
def test_with_every_option(name, tmp_path):
    model = GaussianMixture(3, **{**SLOW, **OPTIONS[name]})
    data = (lambda: iter(np.array_split(X, 5))) if name == "factory" else X
    weights = None if name == "factory" else np.linspace(0.5, 2.0, len(X))
    known = np.where(np.arange(len(X)) % 4, -1, LABELS) if name == "given" else None
    at = 2 if name == "race" else 4  # a race leaves few iterations
    assert same(*goes_on(model, tmp_path / "fit.ckpt", at, data, known, weights))


def test_random_numbers_of_no_seed_are_in_the_file_too(tmp_path):
    path = tmp_path / "fit.ckpt"
    model = GaussianMixture(3, n_init=4, tol=1e-4, init_params="random_from_data")
    cut = clone(model).set_params(checkpoint=Checkpoint(path, passes=1), callback=CutOff(5))
    with pytest.raises(FitInterrupted):
        cut.fit(X)
    content = path.read_bytes()
    results = []
    for _ in range(2):
        path.write_bytes(content)
        results.append(clone(model).set_params(checkpoint=Checkpoint(path, resume=True)).fit(X))
    assert same(*results)


def test_a_finished_fit_is_returned_again_and_may_go_further(tmp_path):
    path = tmp_path / "fit.ckpt"
    model = GaussianMixture(3, **{**SLOW, "max_iter": 10, "checkpoint": Checkpoint(path)})
    again = clone(model).set_params(checkpoint=Checkpoint(path, resume=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
        passes = []
        again.set_params(callback=lambda iteration: passes.append(iteration.number)).fit(X)
    assert same(model, again)
    assert again.status_ is Status.MAX_ITERATIONS
    assert len(passes) <= 1
    further = again.set_params(max_iter=1000).fit(X)
    assert same(further, GaussianMixture(3, **SLOW).fit(X))
    # A file that is finished may be replaced.
    model.set_params(max_iter=1000).fit(X)
    assert same(model, further)


def test_what_moves_in_a_fit_is_its_state_and_comes_back_from_a_file(tmp_path):
    """A fit goes on from its state alone: nothing else in it moves, and files keep all of it."""
    family = get_family("full")
    source = MemorySource(X)
    posed = problem(source, source.reduce(SummaryFold(family.held.moment, 2)), family, 3, tol=1e-8)
    start = GaussianMixture(3, **{**SLOW, "max_iter": 1, "tol": 0})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture = start.fit(X).mixture_

    class Watch(Keeper):
        saves = True

        def __init__(self, given=None):
            self.given, self.states = given, []

        def restored(self, state):
            return state if self.given is None else self.given

        def keep(self, state):
            self.states.append(state)

    watch = Watch()
    whole = fit(posed, mixture, keeper=watch)
    leapt = [state for state in watch.states if state.leaping]
    assert leapt and any(state.leaps.lengths for state in watch.states)
    for state in (watch.states[0], leapt[0], watch.states[-1]):
        save_values(tmp_path / "state", "state", 1, {"state": state})
        again = load_values(tmp_path / "state", "state", 1, GaussmixError)["state"]
        rest = fit(posed, mixture, keeper=Watch(again))
        assert rest.mixture == whole.mixture
        assert rest.history.log_likelihood == whole.history.log_likelihood
        assert rest.statistics is not None


# -- real processes ---------------------------------------------------------------------

SCRIPT = """
import sys, time
import numpy as np
from gaussmix import Checkpoint, GaussianMixture
X = np.load(sys.argv[1])
def slowly():
    for part in np.array_split(X, 4):
        time.sleep(0.005)
        yield part
checkpoint = Checkpoint(sys.argv[2], passes=2, resume=True)
GaussianMixture(3, random_state=0, tol=1e-8, init_params="random", n_init=2, checkpoint=checkpoint,
                callback=lambda iteration: print(iteration.number, flush=True)).fit(slowly)
"""


def quickly():
    """The same rows; the bits of a fit do not depend on the blocks."""
    yield X


def start_process(tmp_path):
    np.save(tmp_path / "X.npy", X)
    arguments = [sys.executable, "-c", SCRIPT, tmp_path / "X.npy", tmp_path / "fit.ckpt"]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def wait_for(process, number):
    for line in process.stdout:
        if int(line) >= number:
            return
    raise AssertionError("the fit was over too soon")


def test_kill_9_in_the_middle_of_a_pass_twice_and_then_go_on(tmp_path):
    path = tmp_path / "fit.ckpt"
    for number in (9, 15):
        process = start_process(tmp_path)
        wait_for(process, number)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
    model = GaussianMixture(3, n_init=2, **SLOW)
    first = []
    went_on = clone(model).set_params(
        checkpoint=Checkpoint(path, resume=True), callback=lambda i: first.append(i.number)
    )
    assert same(went_on.fit(quickly), model.fit(quickly))
    # The second process began after the first one's checkpoint, and so did this one.
    assert first[0] >= 13


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_saves_too(tmp_path):
    process = start_process(tmp_path)
    wait_for(process, 5)
    process.send_signal(signal.SIGINT)
    process.wait()
    process.stdout.close()
    went_on = GaussianMixture(
        3, n_init=2, **SLOW, checkpoint=Checkpoint(tmp_path / "fit.ckpt", resume=True)
    )
    assert same(went_on.fit(quickly), GaussianMixture(3, n_init=2, **SLOW).fit(quickly))


# -- what is refused -------------------------------------------------------------------


@pytest.fixture
def unfinished(tmp_path):
    path = tmp_path / "fit.ckpt"
    model = GaussianMixture(3, **SLOW, checkpoint=path, callback=CutOff(5))
    with pytest.raises(FitInterrupted):
        model.fit(X)
    return path


def resumed(path, **options):
    return GaussianMixture(
        **{"n_components": 3, **SLOW, "checkpoint": Checkpoint(path, resume=True), **options}
    )


def test_an_unfinished_checkpoint_is_not_replaced(unfinished):
    content = unfinished.read_bytes()
    with pytest.raises(CheckpointError, match=r"not finished: use resume to go on"):
        GaussianMixture(3, **SLOW, checkpoint=str(unfinished)).fit(X)
    assert unfinished.read_bytes() == content


@pytest.mark.parametrize("length", [0, 1, 100, 0.5, -1])
def test_a_truncated_file_is_refused(unfinished, length):
    content = unfinished.read_bytes()
    cut = int(len(content) * length) if isinstance(length, float) else length
    unfinished.write_bytes(content[:cut])
    with pytest.raises(CheckpointError, match="damaged"):
        resumed(unfinished).fit(X)


def test_bits_that_changed_are_noticed(unfinished):
    content = bytearray(unfinished.read_bytes())
    with zipfile.ZipFile(unfinished) as file:
        entry = max(file.infolist(), key=lambda info: info.file_size)
    # In the middle of an array's numbers, where nothing but a checksum can tell.
    content[entry.header_offset + entry.compress_size // 2] ^= 0xFF
    unfinished.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        resumed(unfinished).fit(X)


def test_a_checkpoint_of_the_last_format_is_refused_by_name(tmp_path):
    path = tmp_path / "old.ckpt"
    save_values(path, "gaussmix-checkpoint", 3, {"finished": False})
    with pytest.raises(CheckpointError, match=r"version 3.*an earlier gaussmix wrote it"):
        open_keeper(Checkpoint(path, resume=True))


def test_other_files_are_refused_and_left_alone(tmp_path):
    model = tmp_path / "model.json"
    GaussianMixture(3, random_state=0).fit(X).mixture_.save(model)
    array = tmp_path / "array.npz"
    np.savez(array, a=np.zeros(3))
    plain = tmp_path / "array.npy"
    np.save(plain, np.zeros(3))
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, json=np.array([{"a": 1}], dtype=object))
    for path in (model, array, plain, pickled):
        content = path.read_bytes()
        for resume in (True, False):
            with pytest.raises(CheckpointError, match="gaussmix-checkpoint"):
                resumed(path, checkpoint=Checkpoint(path, resume=resume)).fit(X)
        assert path.read_bytes() == content


OTHERS = {
    "rows": (X[:-1], {}, "600 rows, and X has 599"),
    "values": (X + np.array([0.0, 1e-6]), {}, "column 1 has mean"),
    "spread": (X * [1.0, 1.0001], {}, "column 1 has"),
    "columns": (np.column_stack([X, X**2]), {}, "2 columns, and X has 4"),
    "size": (X, {"n_components": 4}, "n_components=3, and this one has n_components=4"),
    "family": (X, {"covariance_type": "EEE"}, "covariance_type='VVV', and this one .*'EEE'"),
    "prior": (X, {"prior": "conjugate"}, "prior=None"),
    "starts": (X, {"n_init": 2}, "n_init=1, and this one has n_init=2"),
    "start": (X, {"init_params": LABELS}, r"init_params='random'.*an array \(600,\)"),
    "generator": (
        X,
        {"random_state": np.random.Generator(np.random.MT19937(0))},
        "kind PCG64, and random_state is of the kind MT19937",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_fit_is_refused(other, unfinished):
    data, options, message = OTHERS[other]
    content = unfinished.read_bytes()
    with pytest.raises(CheckpointError, match=message):
        resumed(unfinished, **options).fit(data)
    assert unfinished.read_bytes() == content


def test_the_same_rows_from_another_source_go_on(unfinished):
    model = resumed(unfinished).fit(lambda: iter(np.array_split(X, 7)))
    assert model.mixture_.allclose(GaussianMixture(3, **SLOW).fit(X).mixture_, rtol=1e-3)


def test_a_checkpoint_that_cannot_be_written_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        GaussianMixture(3, checkpoint=tmp_path / "file" / "fit.ckpt").fit(X)


def test_a_disk_that_fills_up_does_not_end_the_fit(tmp_path):
    folder = tmp_path / "folder"
    path = folder / "fit.ckpt"
    moved = tmp_path / "moved"

    def vanish(iteration):
        if iteration.number == 3:
            folder.rename(moved)
            folder.write_text("in its place")

    model = GaussianMixture(3, **SLOW, checkpoint=Checkpoint(path, passes=1), callback=vanish)
    with pytest.warns(RuntimeWarning, match="could not be written.*goes on"):
        model.fit(X)
    assert same(model, GaussianMixture(3, **SLOW).fit(X))
    assert [p.name for p in moved.iterdir()] == ["fit.ckpt"]


def test_bad_options():
    for options, message in [({"seconds": -1}, "seconds"), ({"passes": 0}, "passes")]:
        with pytest.raises(ParameterError, match=f"checkpoint: {message}"):
            Checkpoint("x", **options)
    with pytest.raises(ParameterError, match="checkpoint: expected a path"):
        GaussianMixture(checkpoint=3).fit(X)


def test_nobody_who_keeps_costs_nothing():
    assert type(open_keeper(None)) is Keeper


# -- progress --------------------------------------------------------------------------


class Watcher:
    def __init__(self):
        self.told, self.iterations = [], []

    def __call__(self, iteration):
        self.iterations.append(iteration)

    def progress(self, progress):
        assert isinstance(progress, Progress)
        self.told.append(progress)


@pytest.mark.parametrize("factory", [False, True], ids=["array", "factory"])
def test_a_callback_with_progress_is_told_of_every_row(factory):
    rows, _ = blobs(n=150_000, d=3, seed=0)
    watcher = Watcher()
    data = (lambda: iter(np.array_split(rows, 40))) if factory else rows
    model = GaussianMixture(3, random_state=0, n_jobs=2, callback=watcher).fit(data)
    told = watcher.told
    by_pass = [max(p.rows for p in told if p.passes == i) for i in range(told[-1].passes + 1)]
    assert set(by_pass) == {len(rows)}
    # The first look and every E-step.
    assert len(by_pass) == 1 + model.n_iter_ + 1 + model.history_.rejected
    assert len(told) >= 2 * len(by_pass)
    assert told[0].n_rows == (None if factory else len(rows))
    assert told[-1].n_rows == len(rows)
    assert told[-1].iteration.number == model.n_iter_ - 1
    assert all(a.seconds <= b.seconds for a, b in pairwise(told))
    assert told[0].iteration is told[0].seconds_left is None


def test_a_callback_without_it_is_told_of_iterations_only():
    numbers = []
    model = GaussianMixture(3, random_state=0, callback=lambda i: numbers.append(i.number)).fit(X)
    assert numbers[0] == 0
    assert len(numbers) >= model.n_iter_


def test_time_left_shrinks_to_nothing():
    rows, _ = blobs(n=20_000, d=2, seed=2, separation=2.0)
    watcher = Watcher()
    options = {**SLOW, "tol": 1e-6, "accelerate": False, "callback": watcher}
    model = GaussianMixture(3, **options).fit(rows)
    left = [p.seconds_left for p in watcher.told if p.seconds_left is not None]
    assert model.converged_
    assert 0 <= left[-1] < 0.2 * max(left)


# -- the command line --------------------------------------------------------------------


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run `gaussmix fit` on the rows, in this process; return exit code and stderr."""
    np.save(tmp_path / "X.npy", X)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def run(*options):
        arguments = ["gaussmix", "fit", "X.npy", "-k", "3", "--init", "random", "--tol", "1e-8"]
        monkeypatch.setattr(sys, "argv", [*arguments, *map(str, options)])
        return app.run(), capsys.readouterr().err

    return run


def test_the_command_goes_on(command, tmp_path):
    assert command("--max-iter", 9, "--checkpoint", "fit.ckpt")[0] == 0
    assert command("--checkpoint", "fit.ckpt", "--resume", "-o", "b.json")[0] == 0
    assert command("-o", "a.json")[0] == 0
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def test_the_command_says_what_is_wrong_in_its_own_words(command, unfinished):
    for options, told in [
        (["--resume"], "--resume: needs --checkpoint"),
        (["--checkpoint", unfinished.parent], "is a folder"),
        (["--checkpoint", unfinished], "error: --checkpoint: .*use --resume to go on from it"),
        (["--checkpoint", unfinished, "--resume", "-c", "EEE"], "this one has --covariance EEE"),
        (["--checkpoint", "X.npy"], "X.npy: is not a gaussmix-checkpoint file"),
    ]:
        code, said = command(*options)
        assert code == 1
        assert re.search(told, said.replace("\n", " ")), said
