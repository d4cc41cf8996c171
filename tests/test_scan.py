"""Files of any size: every format gives what the same rows in memory give."""

from __future__ import annotations

import gc
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pytest
import zarr
from pyarrow import dataset, feather, parquet

from gaussmix import DataError, GaussianMixture, GaussianMixtureIC, Mixture, ParameterError, scan
from gaussmix.components.families import get_family
from gaussmix.components.moments import PRODUCTS
from gaussmix.rows import MemorySource, ScanSource, open_source
from gaussmix.rows.files import formats
from gaussmix.rows.source import Output
from gaussmix.rows.summary import SummaryFold
from tests.variants import blobs

if TYPE_CHECKING:
    from gaussmix.mixture.evaluate import Evaluator

X, LABELS = blobs(n=1000, d=3, k=3)
NAMES = ("a", "b", "c")
# Where the rows are divided among files: one of them has a single row, and one has none.
CUTS = [400, 401, 401, 800]


def table(rows):
    return pa.table(dict(zip(NAMES, rows.T.copy(), strict=True)))


def write_parquet(path, rows):
    parquet.write_table(table(rows), path, row_group_size=150)


def write_csv(path, rows):
    # Arrow writes all digits, so the numbers that are read are the same to the last bit.
    pa.csv.write_csv(table(rows), path)


def write_tsv(path, rows):
    pa.csv.write_csv(table(rows), path, pa.csv.WriteOptions(delimiter="\t"))


def write_feather(path, rows):
    feather.write_feather(table(rows), str(path), chunksize=90)


def write_hdf5(path, rows):
    with h5py.File(path, "w") as file:
        file.create_dataset("group/rows", data=rows, chunks=(64, 3) if len(rows) > 64 else None)


def write_zarr(path, rows):
    zarr.create_array(path, data=rows, chunks=(max(1, min(70, len(rows))), 3))


WRITERS = {
    "parquet": write_parquet,
    "csv": write_csv,
    "tsv": write_tsv,
    "arrow": write_feather,
    "npy": np.save,
    "h5": write_hdf5,
    "zarr": write_zarr,
}


@pytest.fixture(scope="module", params=list(WRITERS))
def folder(request, tmp_path_factory):
    """The rows of X in several files of one format."""
    where = tmp_path_factory.mktemp(request.param)
    for i, rows in enumerate(np.split(X, CUTS)):
        WRITERS[request.param](where / f"{i}.{request.param}", rows)
    (where / "_SUCCESS").touch()
    (where / "readme.md").write_text("not data")
    return where


def test_all_formats_are_tested():
    same = {".pq": ".parquet", ".ipc": ".arrow", ".feather": ".arrow", ".hdf5": ".h5"}
    same |= {".tab": ".tsv", ".txt": ".csv", ".dat": ".csv", ".data": ".csv", ".asc": ".csv"}
    plain = {ending for ending in formats() if ending.count(".") == 1}
    assert {same.get(ending, ending) for ending in plain} == {f".{name}" for name in WRITERS}


def in_memory(**options):
    return GaussianMixture(3, random_state=0, **options).fit(X)


@pytest.mark.parametrize("cache", [False, True])
def test_a_fit_to_files_is_the_fit_in_memory(folder, cache):
    found = scan(folder, cache=cache)
    expected = in_memory()
    model = GaussianMixture(3, random_state=0).fit(found)
    assert model.n_iter_ == expected.n_iter_
    np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-9)
    np.testing.assert_allclose(model.covariances_, expected.covariances_, rtol=1e-9)
    np.testing.assert_allclose(model.lower_bounds_, expected.lower_bounds_, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(found), expected.predict(X))
    np.testing.assert_allclose(model.predict_proba(found), expected.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(model.score_samples(found), expected.score_samples(X), rtol=1e-9)
    assert model.bic(found) == pytest.approx(expected.bic(X), rel=1e-12)
    assert found.n_rows == 1000
    if found.names is not None:
        assert model.feature_names_in_.tolist() == list(NAMES)


def test_a_mixture_takes_files_too(folder):
    mixture = in_memory().mixture_
    found = scan(folder)
    np.testing.assert_array_equal(mixture.predict(found), mixture.predict(X))
    np.testing.assert_allclose(mixture.logpdf(found), mixture.logpdf(X), rtol=1e-9)
    np.testing.assert_allclose(
        mixture.responsibilities(found), mixture.responsibilities(X), atol=1e-12
    )


def test_families_and_sizes_are_chosen_as_in_memory(tmp_path):
    write_parquet(tmp_path / "a.parquet", X)
    options = {"n_components": [2, 3], "families": ["EEE", "VVI"], "random_state": 0}
    expected = GaussianMixtureIC(**options).fit(X)
    found = GaussianMixtureIC(**options).fit(scan(tmp_path))
    assert (found.best_family_, found.n_components_) == (
        expected.best_family_,
        expected.n_components_,
    )
    assert found.criterion_ == pytest.approx(expected.criterion_, rel=1e-9)
    with pytest.raises(DataError, match="cross-validation needs rows in memory"):
        GaussianMixtureIC(criterion="cv", **options).fit(scan(tmp_path))


@pytest.mark.parametrize("n_jobs", [1, 3])
@pytest.mark.parametrize("block_rows", [1, 7, 64, 5000])
def test_results_do_not_depend_on_blocks_or_threads(folder, block_rows, n_jobs):
    source = ScanSource(scan(folder).reader(), n_jobs=n_jobs, block_rows=block_rows)
    memory = MemorySource(X, n_jobs=1, block_rows=block_rows)
    for _ in range(2):  # the second pass knows how many rows there are
        found, expected = (s.reduce(SummaryFold(PRODUCTS, 3)) for s in (source, memory))
        assert found.total.n_rows == 1000
        np.testing.assert_allclose(found.total.means, expected.total.means, rtol=1e-11)
        np.testing.assert_allclose(found.total.scatters, expected.total.scatters, rtol=1e-11)
        np.testing.assert_array_equal(found.minimum, expected.minimum)
    output = Output("self", 8, width=3)
    np.testing.assert_array_equal(source.map(lambda rows, _: rows, output), X)
    with closing(source.stream(lambda rows, _: rows, output)) as parts:
        np.testing.assert_array_equal(np.concatenate(list(parts)), X)


def test_rows_are_drawn_as_in_memory(folder):
    source = open_source(scan(folder))
    for n_rows in (50, 1000, 5000):
        drawn = source.sample(n_rows, np.random.default_rng(3))
        expected = MemorySource(X).sample(n_rows, np.random.default_rng(3))
        np.testing.assert_array_equal(drawn[0], expected[0])
        np.testing.assert_array_equal(drawn[1], expected[1])


def test_weights_known_labels_and_noise_go_by_the_place_of_a_row(folder):
    rng = np.random.default_rng(5)
    weights = rng.integers(0, 4, 1000).astype(float)
    known = np.where(rng.random(1000) < 0.2, LABELS, -1)
    noisy = rng.random(1000) < 0.1
    found = scan(folder)
    for options, arguments in [
        ({}, {"sample_weight": weights}),
        ({}, {"known": known}),
        ({"noise": noisy}, {"sample_weight": weights}),
        ({"init_params": LABELS}, {}),
    ]:
        model = GaussianMixture(3, random_state=0, **options)
        expected = GaussianMixture(3, random_state=0, **options).fit(X, **arguments)
        model.fit(found, **arguments)
        np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-9)
        np.testing.assert_allclose(model.weights_, expected.weights_, rtol=1e-9)
    with pytest.raises(ParameterError, match=r"shape == \(3,\), expected \(1000,\)"):
        model.fit(found, sample_weight=[1, 2, 3])


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow"])
def test_weights_may_be_a_column(ending, tmp_path):
    weights = np.random.default_rng(0).integers(0, 3, 1000).astype(float)
    data = table(X).append_column("count", pa.array(weights))
    for i, part in enumerate((data.slice(0, 700), data.slice(700))):
        {
            "parquet": lambda t, p: parquet.write_table(t, p, row_group_size=90),
            "csv": pa.csv.write_csv,
            "arrow": lambda t, p: feather.write_feather(t, str(p)),
        }[ending](part, tmp_path / f"{i}.{ending}")
    expected = GaussianMixture(3, random_state=0).fit(X, sample_weight=weights)
    for columns in (None, NAMES, (*NAMES, "count")):
        for cache in (False, True):
            found = scan(tmp_path, columns, cache=cache)
            model = GaussianMixture(3, random_state=0).fit(found, sample_weight="count")
            np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-9)
            assert model.feature_names_in_.tolist() == list(NAMES)
            assert model.score(found, sample_weight="count") if columns != NAMES else True
    source = open_source(scan(tmp_path), "count")
    assert source.has_zero_weights
    drawn = source.sample(100, np.random.default_rng(1))
    again = MemorySource(X, weights).sample(100, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn[0], again[0])
    np.testing.assert_array_equal(drawn[1], again[1])
    for name, message in [("nil", "no column 'nil'"), ("a", "weights are negative")]:
        with pytest.raises((DataError, ParameterError), match=message):
            GaussianMixture().fit(scan(tmp_path), sample_weight=name)


def test_columns_are_chosen_by_name_in_the_order_asked(tmp_path):
    odd = ["x.y", ".z", "len [cm]", "größe"]
    columns = dict(zip(odd, np.arange(12.0).reshape(4, 3), strict=True))
    parquet.write_table(pa.table({**columns, "name": ["p", "q", "r"]}), tmp_path / "a.parquet")
    found = scan(tmp_path / "a.parquet")
    assert found.names == tuple(odd)
    assert found.left_out == ("'name' (string, such as 'p')",)
    rows, _ = scan(tmp_path / "a.parquet", odd[::-1]).read()
    np.testing.assert_array_equal(rows.T, np.arange(12.0).reshape(4, 3)[::-1])
    for columns, message in [(["zz"], "no column 'zz'"), (["name"], "not numeric: 'name'")]:
        with pytest.raises(DataError, match=message):
            scan(tmp_path / "a.parquet", columns)
    for columns in ("a", [], ["x.y", "x.y"]):
        with pytest.raises(ParameterError, match=r"columns: (expected a sequence|some are given)"):
            scan(tmp_path / "a.parquet", columns)


def test_paths_are_files_folders_globs_and_several_of_them(folder):
    (first, *_, last) = sorted(p for p in folder.iterdir() if p.suffix in formats())
    ending = first.suffix
    for path in (folder, str(folder), f"{folder}/*{ending}", f"{folder.parent}/**/*{ending}"):
        if "**" not in str(path):
            np.testing.assert_array_equal(scan(path).read()[0], X)
    np.testing.assert_array_equal(scan([last, first]).read()[0], np.vstack([X[800:], X[:400]]))
    for path, message in [
        (folder / "none.csv", "no such file"),
        (f"{folder}/*.xyz", "matches no file"),
        ([], "got none"),
        ([folder, first], "is named more than once"),
        (folder / "readme.md", "unknown ending '.md'; expected one of .arrow"),
    ]:
        with pytest.raises(DataError, match=message):
            scan(path)


def test_what_is_no_path_and_a_path_that_was_not_opened(tmp_path):
    write_csv(tmp_path / "a.csv", X)
    with pytest.raises(ParameterError, match="path: expected a path or a sequence of paths, got 5"):
        scan(5)
    with pytest.raises(DataError, match=r"s3://b/a.csv: is an address; only files of this machine"):
        scan("s3://b/a.csv")
    with pytest.raises(ParameterError, match=r"cache: the folder .*a.csv.* cannot be made: "):
        scan(tmp_path, cache=tmp_path / "a.csv" / "b")
    with pytest.raises(DataError, match=r"X: is a path; gaussmix.scan\('.*a.csv'\) opens it"):
        GaussianMixture().fit(tmp_path / "a.csv")


def test_files_of_several_formats_and_folders_without_any_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"is a folder without any .arrow"):
        scan(tmp_path)
    write_csv(tmp_path / "a.csv", X)
    np.save(tmp_path / "a.npy", X)
    with pytest.raises(DataError, match="of different formats"):
        scan(tmp_path)


def test_folders_of_hive_give_their_keys_where_they_are_asked_for(tmp_path):
    data = table(X).append_column("year", pa.array(2000 + LABELS))
    dataset.write_dataset(
        data, tmp_path, format="parquet", partitioning=["year"], partitioning_flavor="hive"
    )
    order = np.argsort(LABELS, kind="stable")
    found = scan(tmp_path)
    assert found.left_out == ("'year' (from the names of folders)",)
    np.testing.assert_array_equal(found.read()[0], X[order])
    rows, _ = scan(tmp_path, ["year", "b"]).read()
    np.testing.assert_array_equal(rows, np.column_stack([2000 + LABELS, X[:, 1]])[order])
    np.testing.assert_array_equal(scan(tmp_path / "year=2001").read()[0], X[LABELS == 1])
    repeated = data.filter(pa.compute.equal(data["year"], 2000))  # as polars writes it
    parquet.write_table(repeated, next((tmp_path / "year=2000").iterdir()))
    for names in (NAMES, ("year", "b")):
        rows, _ = scan(tmp_path, None if names is NAMES else names).read()
        assert rows.shape == (1000, len(names))
        assert (names is NAMES) or rows[0, 0] == 2000
    for path in tmp_path.glob("*"):
        path.rename(path.with_name(path.name.replace("=2", "=y")))
    with pytest.raises(DataError, match="'year' is 'y001' in the name of its folder"):
        scan(tmp_path, ["year", "b"]).read()


def test_float32_stays_float32_unless_some_file_has_more(tmp_path):
    write_parquet(tmp_path / "a.parquet", X.astype(np.float32))
    assert scan(tmp_path).dtype == np.float32
    assert scan(tmp_path).read()[0].dtype == np.float32
    source = open_source(scan(tmp_path))
    seen = source.map(lambda rows, _: rows.dtype == np.float32, Output("single", 8, dtype=bool))
    assert seen.all()
    write_parquet(tmp_path / "b.parquet", X)
    assert scan(tmp_path).dtype == np.float64
    np.testing.assert_array_equal(scan(tmp_path).read()[0][1000:], X)


def test_kinds_of_numbers_are_read_whatever_they_are(tmp_path):
    data = pa.table(
        {
            "i": pa.array([1, None, 3], pa.int8()),
            "u": pa.array([1, 2, None], pa.uint64()),
            "b": [True, None, False],
            "d": pa.array([1, 2, None], pa.int32()).cast(pa.decimal128(12, 2)),
            "h": pa.array([0.5, None, 1.5], pa.float16()),
            "t": pa.array([1, 2, 3], pa.timestamp("s")),
        }
    )
    expected = [[1, 1, 1, 1, 0.5], [np.nan, 2, np.nan, 2, np.nan], [3, np.nan, 0, np.nan, 1.5]]
    parquet.write_table(data, tmp_path / "a.parquet")
    feather.write_feather(data, str(tmp_path / "a.arrow"))
    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(scan(path).read()[0], expected)


def test_rows_of_several_text_files_are_counted_once_and_only_if_need_be(tmp_path):
    for name in "ab":
        write_csv(tmp_path / f"{name}.csv", X)
    found = scan(tmp_path)
    assert "rows not counted yet" in repr(found)
    GaussianMixture(3, random_state=0).fit(found)
    assert found.reader().known_rows == 2000
    assert "2000 rows" in repr(found)
    assert scan(tmp_path).n_rows == 2000
    assert "1000 rows" in repr(scan(tmp_path / "a.csv"))  # looked at as a whole


def test_all_of_a_column_decides_what_it_is(tmp_path):
    path = tmp_path / "a.csv"
    lines = [f"{i},{i % 2 == 0},{i},w{i}\n".lower() for i in range(3000)]
    path.write_text("".join(["n,flag,late,word\n", *lines, "0.5,false,1e3,w\n"]))
    found = scan(path)
    assert found.names == ("n", "flag", "late")
    assert found.read()[0][-1].tolist() == [0.5, 0, 1000]
    path.write_text("".join(["n,flag,late,word\n", *lines, "?,false,1,w\n"]))
    with pytest.raises(DataError, match=r"1 of the 3001 values of column 'n'.*'\?' in row 3001"):
        scan(path)


def test_arrays_have_positions_and_may_have_one_column(tmp_path):
    np.save(tmp_path / "a.npy", X)
    np.testing.assert_array_equal(scan(tmp_path / "a.npy", [2, 0]).read()[0], X[:, [2, 0]])
    np.testing.assert_array_equal(scan(tmp_path / "a.npy", [-1]).read()[0], X[:, [2]])
    np.save(tmp_path / "b.npy", X[:, 1])
    assert scan(tmp_path / "b.npy").n_features == 1
    np.save(tmp_path / "c.npy", np.asfortranarray(X).astype(np.int16))
    assert scan(tmp_path / "c.npy").read()[0].tolist() == X.astype(np.int16).tolist()
    for path, options, message in [
        ("a.npy", {"columns": [3]}, "positions from 0 to 2, got 3"),
        (["a.npy", "b.npy"], {}, "b.npy: has 1 columns, but .*a.npy has 3"),
        ("a.npy", {"dataset": "x"}, "npy has no use for dataset; leave it out"),
    ]:
        paths = [tmp_path / p for p in ([path] if isinstance(path, str) else path)]
        with pytest.raises(DataError, match=message):
            scan(paths, **options)
    with pytest.raises(DataError, match="an array has no column called 'w'"):
        GaussianMixture().fit(scan(tmp_path / "a.npy"), sample_weight="w")


def test_one_of_several_arrays_is_chosen_by_its_name(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["deep/y"], file["words"] = X, X[:, :2], [b"a", b"b"]
    group = zarr.create_group(tmp_path / "a.zarr")
    group.create_array("x", data=X)
    group.create_array("deep/y", data=X[:, :2])
    for path in (tmp_path / "a.h5", tmp_path / "a.zarr"):
        np.testing.assert_array_equal(scan(path, dataset="x").read()[0], X)
        np.testing.assert_array_equal(scan(path, dataset="deep/y").read()[0], X[:, :2])
        with pytest.raises(
            DataError, match=r"holds the arrays .*; choose one with dataset \(--dataset\)"
        ):
            scan(path)
        with pytest.raises(DataError, match="no array 'z'; it has"):
            scan(path, dataset="z")
    with pytest.raises(DataError, match="expected numbers of shape"):
        scan(tmp_path / "a.h5", dataset="words")


def test_a_scan_survives_pickling(folder):
    source = open_source(scan(folder))
    copied = pickle.loads(pickle.dumps(source))
    fold = SummaryFold(PRODUCTS, 3)
    np.testing.assert_array_equal(copied.reduce(fold).minimum, source.reduce(fold).minimum)


def test_other_columns_than_the_model_has_are_refused(tmp_path):
    write_parquet(tmp_path / "a.parquet", X)
    model = in_memory()
    fitted = GaussianMixture(3, random_state=0).fit(scan(tmp_path, ["a", "b", "c"]))
    np.testing.assert_array_equal(model.predict(scan(tmp_path)), model.predict(X))
    for estimator in (fitted, fitted.mixture_):
        with pytest.raises(DataError, match="has columns c, b, a, but the model was fitted to a"):
            estimator.predict(scan(tmp_path, ["c", "b", "a"]))
    with pytest.raises(DataError, match="has 2 columns, but the model was fitted to 3"):
        model.predict(scan(tmp_path, ["a", "b"]))


# -- passes ----------------------------------------------------------------------------


class Failing(SummaryFold):
    def close(self, state):
        raise ZeroDivisionError("in the fold")


def test_an_error_in_a_thread_is_raised_and_no_thread_stays(folder):
    before = threading.active_count()
    source = ScanSource(scan(folder).reader(), n_jobs=3, block_rows=10)
    with pytest.raises(ZeroDivisionError, match="in the fold"):
        source.reduce(Failing(PRODUCTS, 3))
    with closing(source.stream(lambda rows, _: rows, Output("self", 8, 3))) as parts:
        next(parts)
    assert threading.active_count() == before
    assert source.reduce(SummaryFold(PRODUCTS, 3)).total.n_rows == 1000


def test_outputs_do_not_pile_up_where_nobody_takes_them(tmp_path):
    parquet.write_table(table(np.tile(X, (50, 1))), tmp_path / "a.parquet")
    source = ScanSource(scan(tmp_path).reader(), n_jobs=3, block_rows=100)
    count = [0]
    lock = threading.Lock()

    def block(rows, workspace):
        with lock:
            count[0] += len(rows)
        return rows

    with closing(source.stream(block, Output("self", 8, 3))) as parts:
        part = next(parts)
        threading.Event().wait(0.2)
        assert count[0] < 25_000
        assert len(part) + sum(map(len, parts)) == 50_000


def test_a_watcher_is_told_of_all_rows(folder):
    source = open_source(scan(folder))
    told = []
    source.watcher = told.append
    source.reduce(SummaryFold(PRODUCTS, 3))
    assert sum(told) == 1000


def test_labels_log_densities_and_responsibilities_are_streamed_together():
    mixture = Mixture([0.5, 0.5], X[:2], np.repeat(np.eye(3)[None], 2, axis=0))
    evaluator: Evaluator = mixture.evaluator(MemorySource(X))
    labels, log_density, responsibilities, _ = map(
        np.concatenate, zip(*evaluator.stream(), strict=True)
    )
    np.testing.assert_array_equal(labels, mixture.predict(X))
    np.testing.assert_array_equal(log_density, mixture.logpdf(X))
    np.testing.assert_array_equal(responsibilities, mixture.responsibilities(X))


def test_ctrl_c_in_a_pass_keeps_the_best_state(tmp_path):
    write_parquet(tmp_path / "a.parquet", np.tile(X, (100, 1)))
    code = f"""
from gaussmix import FitInterrupted, GaussianMixture, scan
tell = lambda iteration: print(iteration.number, flush=True)
model = GaussianMixture(20, tol=0, max_iter=10**6, init_params="k-means++", callback=tell)
try:
    model.fit(scan({str(tmp_path)!r}))
except FitInterrupted as interrupted:
    assert interrupted.result.mixture is model.mixture_
    print("kept")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while process.stdout.readline().strip() != "3":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    told, error = process.communicate(timeout=60)
    assert told.endswith("kept\n"), error
    assert (process.returncode, error) == (0, "")


def test_adding_a_format_is_adding_a_file(tmp_path):
    """The example of docs/extending.md, dropped into the folder, is read as all others."""
    page = (Path(__file__).parents[1] / "docs" / "extending.md").read_text()
    (example,) = [text for text in page.split("```python\n") if "class Pairs" in text]
    (tmp_path / "pairs.py").write_text(example.split("```")[0])
    X[:, :2].tofile(tmp_path / "a.pairs")
    code = f"""
import gaussmix.rows.files
gaussmix.rows.files.__path__.append({str(tmp_path)!r})
import numpy as np
rows, _ = gaussmix.scan({str(tmp_path / "a.pairs")!r}).read()
assert np.array_equal(rows, np.fromfile({str(tmp_path / "a.pairs")!r}).reshape(-1, 2))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# -- caches ----------------------------------------------------------------------------


def test_a_cache_in_a_folder_serves_later_scans(folder, tmp_path):
    family = get_family("VVV")
    fold = SummaryFold(family.held.moment, 3)
    expected = open_source(scan(folder)).reduce(fold)
    for _ in range(3):
        found = open_source(scan(folder, cache=tmp_path)).reduce(fold)
        np.testing.assert_allclose(found.total.scatters, expected.total.scatters, rtol=1e-12)
        (copy,) = tmp_path.iterdir()
        np.testing.assert_array_equal(np.load(copy), X)
    copy.unlink()  # by somebody else
    assert open_source(scan(folder, cache=tmp_path)).reduce(fold).total.n_rows == 1000
    assert copy.exists()
    other = scan(folder, [0, 1] if scan(folder).names is None else ["a", "b"], cache=tmp_path)
    np.testing.assert_array_equal(other.read()[0], X[:, :2])
    assert len(list(tmp_path.iterdir())) == 2


def test_a_temporary_cache_goes_with_the_scan(folder, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = scan(folder, cache=True)
    source = open_source(found)
    with pytest.raises(ZeroDivisionError):
        source.reduce(Failing(PRODUCTS, 3))
    assert list(tmp_path.glob("*/*")) == []  # a pass that is given up leaves no cache
    source.reduce(SummaryFold(PRODUCTS, 3))
    (copy,) = tmp_path.glob("*/*")
    assert np.load(copy).shape == (1000, 3)
    np.testing.assert_array_equal(source.map(lambda rows, _: rows, Output("self", 8, 3)), X)
    del found, source
    gc.collect()  # the error above held them, and itself
    assert list(tmp_path.iterdir()) == []


def test_a_cache_of_changed_files_is_not_used(tmp_path):
    path, cache = tmp_path / "a.csv", tmp_path / "cache"
    for rows in (X, X + 1, X[:500]):
        write_csv(path, rows)
        np.testing.assert_array_equal(scan(path, cache=cache).read()[0], rows)
        np.testing.assert_array_equal(scan(path, cache=cache).read()[0], rows)
    assert len(list(Path(cache).iterdir())) == 3
