"""Model, checkpoint and statistics files that lie: our own error or an equal value, and no code."""

from __future__ import annotations

import copy
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gaussmix import (
    Checkpoint,
    CheckpointError,
    FitInterrupted,
    GaussianMixture,
    Mixture,
    ModelFileError,
    SufficientStatistics,
    datasets,
    federated,
)
from gaussmix.components.noise import Noise
from gaussmix.exceptions import DataError, ParameterError, StatisticsFileError
from gaussmix.interchange.model import load_model, model_from_result, save_model

X = datasets.iris().rows
# How many are tried of each kind; GAUSSMIX_FUZZ=10000 makes it a long run.
MANY = int(os.environ.get("GAUSSMIX_FUZZ", "0")) or 150
STRANGE = [
    None, True, False, 0, -1, 1, 2.5, -0.5, 1e308, -1e308, float("nan"), float("inf"), 10**400,
    2**63, "", "a", "0", [], [1.0], [[1.0]], {}, {"a": 1}, {"array": "a0"}, {"array": []},
    {"tuple": 3}, {"tuple": [1, 2]}, {"dict": {}}, {"statistics": {}}, {"noise": {}}, [[]] * 3,
    [None] * 4, [1, [2]], "[" * 50, {"array": "json"},
]  # fmt: skip


def interrupt(iteration):
    if iteration.number == 8:
        raise KeyboardInterrupt


def fit(path=None, *, resume=True, **options):
    checkpoint = None if path is None else Checkpoint(path, resume=resume)
    return GaussianMixture(
        2, random_state=0, noise=0.1, tol=1e-9, init_params="random", max_iter=30, n_init=2,
        checkpoint=checkpoint, **options,
    ).fit(X)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    save_model(model_from_result(fit().result_), folder / "model.json")
    start = GaussianMixture(3, random_state=0).fit(X).mixture_
    federated.Site(X).statistics(start).save(folder / "statistics.npz")
    with pytest.raises(FitInterrupted):
        fit(folder / "checkpoint.npz", callback=interrupt)
    return folder


def read_model(path):
    model = load_model(path)
    model.mixture.predict(X)
    model.mixture.sample(3, 0)
    return model.mixture.to_fields()


def read_statistics(path):
    return SufficientStatistics.load(path).to_fields()


def read_checkpoint(path):
    found = fit(path)
    assert np.isfinite(found.lower_bound_)
    return found.mixture_.to_fields()


READERS = {
    "model.json": (read_model, ModelFileError),
    "statistics.npz": (read_statistics, StatisticsFileError),
    "checkpoint.npz": (read_checkpoint, CheckpointError),
}


def attempt(path, read, error):
    """Read a file that somebody changed: our own error, or a value of finite numbers."""
    try:
        return read(path)
    except error:
        return None
    except DataError:  # a model may be too far from the rows at hand, or too narrow
        if read is not read_model:
            raise
        return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_flipped_bits_and_cuts(name, files, tmp_path):
    read, error = READERS[name]
    good = (files / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(good)
    expected = read(path)
    rng = np.random.default_rng(len(good))
    for trial in range(MANY):
        content = bytearray(good)
        if trial % 5 == 4:
            content = content[: rng.integers(len(content))]
        else:
            # The heads of parts and the directory at the end are most of what can be believed.
            ends = trial % 2 and name.endswith("npz")
            places = [rng.integers(max(0, len(good) - 1500) if ends else 0, len(good))]
            for at in places * int(rng.integers(1, 3)):
                content[at] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        found = attempt(path, read, error)
        if found is not None and name.endswith("npz"):  # each number has a checksum
            assert repr(found) == repr(expected)


def change(value, rng):
    """Change one thing somewhere in plain values."""
    holders = []

    def walk(item):
        if isinstance(item, dict | list) and item:
            holders.append(item)
            for inner in item.values() if isinstance(item, dict) else item:
                walk(inner)

    walk(value)
    holder = holders[rng.integers(len(holders))]
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    key = keys[rng.integers(len(keys))]
    kind = rng.integers(4)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[str(rng.integers(9))] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(STRANGE[rng.integers(len(STRANGE))])
    return value


def spoiled(array, rng):
    """Return an array with something else in it, or of another shape or kind."""
    kind = rng.integers(7)
    other = np.array(array)
    if kind == 0 and other.size:
        other.ravel()[rng.integers(other.size)] = rng.choice([np.nan, np.inf, -1.0, 0.0, 1e300])
    elif kind == 1:
        other = -other
    elif kind == 2:
        other = other[..., :-1] if other.ndim else other
    elif kind == 3:
        other = other[None]
    elif kind == 4:
        other = other.astype(rng.choice(["f2", "i8", "c16", "U5", "bool"]))
    elif kind == 5:
        other = np.zeros_like(other)
    else:
        other = other * 1e200
    return other


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_anything_else_where_something_stood(name, files, tmp_path):
    """Files that are whole, and say what nothing here has written."""
    read, error = READERS[name]
    path = tmp_path / name
    rng = np.random.default_rng(1)
    if name.endswith("npz"):
        with np.load(files / name) as held:
            arrays = dict(held)
        whole = json.loads(arrays.pop("json").tobytes())
    else:
        whole = json.loads((files / name).read_text())
    for _ in range(MANY):
        content = copy.deepcopy(whole)
        if name.endswith("json"):
            path.write_text(json.dumps(change(content, rng)))
        else:
            others = dict(arrays)
            if rng.random() < 0.5:
                content = change(content, rng)
            else:
                victim = str(rng.choice(list(others)))
                others[victim] = spoiled(others[victim], rng)
            text = np.frombuffer(json.dumps(content).encode(), np.uint8)
            np.savez(path, json=text, **others)
        attempt(path, read, error)


NOISE = {
    "lower above upper": {"lower": [1e9] * 4},
    "short": {"lower": [0.0, 0.0]},
    "small axes": {"axes": [[1, 0], [0, 1]]},
    "NaN": {"upper": [float("nan")] * 4},
    "infinite": {"upper": [float("inf")] * 4},
    "weight": {"weight": float("nan")},
    "no weight": {"weight": 0.0},
    "more than all the weight": {"weight": 1.5},
    "axes of zeros": {"axes": [[0.0] * 4] * 4},
    "skew axes": {"axes": [[1.0, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]},
    "nested": {"lower": [[0.0] * 4]},
}


@pytest.mark.parametrize("name", NOISE)
def test_a_background_that_is_none_is_refused(name, files, tmp_path):
    whole = json.loads((files / "model.json").read_text())
    whole["mixture"]["noise"].update(NOISE[name])
    (tmp_path / "model.json").write_text(json.dumps(whole))
    with pytest.raises(ModelFileError, match="damaged model file: noise: "):
        Mixture.load(tmp_path / "model.json")
    # What is built by hand is no better than what is in a file.
    mixture = Mixture.load(files / "model.json")
    held = {**mixture.noise.to_fields(), **NOISE[name]}
    noise = Noise(**{key: np.array(v) if key != "weight" else v for key, v in held.items()})
    with pytest.raises(ParameterError, match="noise: "):
        Mixture(mixture.weights, mixture.means, mixture.covariances, noise=noise)


def head(shape):
    """Return the header of an array that may not follow."""
    buffer = io.BytesIO()
    content = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, content)
    return buffer.getvalue()


def repacked(source, target, part, content, compression=zipfile.ZIP_STORED):
    """Copy a file with another content of one part."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))


@pytest.mark.parametrize("shape", [(10**9,), (10**12,), (2**63, 2**63), (-3,), (3, 10**15)])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_more_numbers_than_there_are_bytes_are_not_believed(shape, compression, files, tmp_path):
    path = tmp_path / "statistics.npz"
    repacked(files / path.name, path, "a1.npy", head(shape), compression)
    with pytest.raises(StatisticsFileError, match="damaged gaussmix-statistics file"):
        SufficientStatistics.load(path)


def test_a_part_that_swells_is_not_unpacked(files, tmp_path):
    path = tmp_path / "statistics.npz"
    bomb = head((10**7,)) + bytes(8 * 10**7)
    repacked(files / path.name, path, "a1.npy", bomb, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    with pytest.raises(StatisticsFileError, match="compressed"):
        SufficientStatistics.load(path)


def test_the_same_numbers_cannot_be_meant_again_and_again(files, tmp_path):
    path = tmp_path / "statistics.npz"
    with np.load(files / path.name) as held:
        arrays = dict(held)
    whole = json.loads(arrays.pop("json").tobytes())
    whole["content"]["dict"]["more"] = [{"array": "big"}] * 100_000
    np.savez(
        path, json=np.frombuffer(json.dumps(whole).encode(), np.uint8), big=np.ones(10**5), **arrays
    )
    with pytest.raises(StatisticsFileError, match="the same numbers are all over it"):
        SufficientStatistics.load(path)


@pytest.mark.parametrize(
    "text",
    [
        '{"format": ' + "[" * 10**6,
        '{"format": "gaussmix-model", "version": 1, "mixture": ' + '{"a":' * 10**5,
        '{"format": "gaussmix-model", "version": true}',
        '{"format": "gaussmix-model", "version": ' + "1" * 5000 + "}",
        '{"format": "gaussmix-model", "version": 1, "mixture": {"means": 1' + "0" * 400 + "}}",
        "[" + "[]," * 10**5,
    ],
)
def test_text_that_is_absurd_is_refused(text, tmp_path):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelFileError):
        Mixture.load(tmp_path / "model.json")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a file without end")
def test_a_file_without_end_is_refused():
    with pytest.raises(ModelFileError, match="not a gaussmix model file"):
        Mixture.load("/dev/zero")


def test_deep_content_of_an_archive_is_refused(tmp_path):
    for depth in (400, 10**5):
        text = (
            '{"format": "gaussmix-statistics", "version": 1, "content": '
            + '{"dict": {"a": ' * depth + "0" + "}}" * depth + "}"
        )  # fmt: skip
        np.savez(tmp_path / "deep.npz", json=np.frombuffer(text.encode(), np.uint8))
        with pytest.raises(StatisticsFileError):
            SufficientStatistics.load(tmp_path / "deep.npz")
