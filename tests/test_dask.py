"""Dask collections give the fits and predictions of the same rows in memory."""

from __future__ import annotations

import os
import pickle
import signal
import tracemalloc

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from gaussmix import DataError, GaussianMixture, GaussianMixtureIC, ParameterError
from gaussmix.components.moments import PRODUCTS
from gaussmix.estimators.rows import open_rows
from gaussmix.rows import open_source
from gaussmix.rows.partitions import detached, fold_partition
from gaussmix.rows.summary import SummaryFold
from tests.engine import chosen, of_mixture

from .variants import FAMILIES, STRUCTURES, blobs, random_mixture

NAMES = ["a", "b", "c"]
X, LABELS = blobs(n=500, d=3, k=3, separation=2.0)
WEIGHTS = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)


def frame(rows=X):
    return pd.DataFrame(rows, columns=NAMES)


def in_array(rows):
    return da.from_array(rows, chunks=(130, 2))


def in_array_of_unknown_chunks(rows):
    """Partitions of 60, 0, 1 and more rows, as after a filter: Dask does not know their sizes."""
    array = da.from_array(rows, chunks=((60, 0, 1, len(rows) - 61), (3,)))
    return array[array[:, 0] > -np.inf]


def in_frame(rows):
    return dd.from_pandas(frame(rows), npartitions=4)


def in_frame_with_empty_partitions(rows):
    """Partitions of 0, 499 and 1 rows, without divisions."""
    whole = frame(rows)
    parts = [whole.iloc[:0], whole.iloc[:-1], whole.iloc[-1:]]
    return dd.from_delayed([dask.delayed(part) for part in parts], meta=whole.iloc[:0])


KINDS = [in_array, in_frame]
CUTS = [*KINDS, in_array_of_unknown_chunks, in_frame_with_empty_partitions]


def partitions(data):
    return len(np.ravel(data.to_delayed()[:, 0] if hasattr(data, "chunks") else data.to_delayed()))


def model(k=3, **options):
    return GaussianMixture(k, **{"random_state": 0, **options})


def plain(**options):
    """Few steps of plain EM, on which rounding has no time to grow."""
    return model(**{"tol": 0.0, "max_iter": 6, "accelerate": False, **options})


def parts(model):
    mixture = model.mixture_
    return mixture.weights, mixture.means, mixture.covariances.values


def assert_same_fit(found, expected, tolerance=1e-9):
    assert found.n_iter_ == expected.n_iter_
    np.testing.assert_allclose(found.lower_bounds_, expected.lower_bounds_, rtol=tolerance)
    for one, other in zip(parts(found), parts(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    assert found.result_.n == pytest.approx(expected.result_.n, rel=1e-12)
    assert found.result_.n_rows == expected.result_.n_rows


# -- the fit is that of rows in memory ----------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_every_family_fits_as_in_memory(family):
    options = {"covariance_type": family, "init_params": LABELS}
    expected = plain(**options).fit(X, sample_weight=WEIGHTS)
    found = plain(**options).fit(in_array(X), sample_weight=WEIGHTS)
    assert_same_fit(found, expected)


@pytest.mark.parametrize("make", CUTS)
def test_default_fit_is_that_in_memory(make):
    """The start draws the same rows, so the whole fit is the same."""
    assert_same_fit(model().fit(make(X)), model().fit(X))


@pytest.mark.parametrize("make", CUTS)
def test_predictions_are_lazy_and_those_in_memory(make):
    expected = model().fit(X)
    data = make(X)
    fitted = model().fit(data)
    for method in ("predict", "predict_proba", "score_samples"):
        found = getattr(fitted, method)(data)
        assert dask.is_dask_collection(found)
        assert len(np.ravel(found.to_delayed())) == partitions(data)
        computed = np.asarray(found.compute())
        np.testing.assert_allclose(computed, getattr(expected, method)(X), rtol=1e-9, atol=1e-12)
    for method in ("score", "bic", "aic", "icl"):
        assert getattr(fitted, method)(data) == pytest.approx(getattr(expected, method)(X))


def test_predictions_keep_index_divisions_and_names():
    whole = frame().set_index(np.arange(1000, 1500))
    data = dd.from_pandas(whole, npartitions=3)
    fitted = model(noise=0.05).fit(data)
    labels, shares = fitted.predict(data), fitted.predict_proba(data)
    assert labels.name == "label" and labels.divisions == data.divisions
    assert (labels.compute().index == whole.index).all()
    assert fitted.score_samples(data).name == "log_density"
    assert list(shares.columns) == [f"responsibility_{k}" for k in ("0", "1", "2", "noise")]
    assert labels.dtype == labels.compute().dtype
    assert fitted.feature_names_in_.tolist() == NAMES


WEIGHINGS = {
    "array in memory": lambda: (in_array(X), WEIGHTS),
    "a list": lambda: (in_frame(X), WEIGHTS.tolist()),
    "Dask array": lambda: (in_array(X), da.from_array(WEIGHTS, chunks=77)),
    "Dask series": lambda: (
        in_frame(X),
        dd.from_pandas(pd.Series(WEIGHTS), npartitions=4),
    ),
    "column": lambda: (dd.from_pandas(frame().assign(w=WEIGHTS), npartitions=4), "w"),
}


@pytest.mark.parametrize("how", WEIGHINGS)
def test_weights_are_those_in_memory(how):
    data, weights = WEIGHINGS[how]()
    expected = model().fit(X, sample_weight=WEIGHTS)
    found = model().fit(data, sample_weight=weights)
    assert_same_fit(found, expected)
    assert found.score(data, sample_weight=weights) == pytest.approx(
        expected.score(X, sample_weight=WEIGHTS)
    )


@pytest.mark.parametrize("make", KINDS)
def test_single_precision_is_read_as_in_memory(make):
    rows = X.astype(np.float32)
    fitted = model().fit(make(rows))
    assert_same_fit(fitted, model().fit(rows))
    np.testing.assert_array_equal(
        np.asarray(fitted.predict(make(rows))), model().fit(rows).predict(rows)
    )


def test_integers_booleans_and_nullable_columns_are_numbers():
    whole = pd.DataFrame(
        {
            "a": pd.array(np.round(10 * X[:, 0]).astype(int), dtype="Int64"),
            "b": pd.array(X[:, 1], dtype="double[pyarrow]"),
            "c": np.round(10 * X[:, 2]).astype(np.int32),
        }
    )
    expected = model().fit(whole.to_numpy(dtype=float))
    assert_same_fit(model().fit(dd.from_pandas(whole, npartitions=3)), expected)


@pytest.mark.parametrize("make", CUTS)
def test_known_labels_and_noise_masks_go_to_their_partitions(make):
    noise = np.arange(len(X)) % 11 == 0
    y = np.where((np.arange(len(X)) % 7 == 0) & ~noise, LABELS, -1)
    expected = model(noise=noise).fit(X, known=y)
    assert_same_fit(model(noise=noise).fit(make(X), known=y), expected, 1e-7)
    lazy = da.from_array(y, chunks=50)
    assert_same_fit(model(noise=noise).fit(make(X), known=lazy), expected, 1e-7)


@pytest.mark.parametrize("make", CUTS)
def test_order_of_work_does_not_matter(make):
    data = make(X)
    fits = []
    for settings in ({"scheduler": "sync"}, {"scheduler": "threads", "num_workers": 4}):
        with dask.config.set(settings):
            fits.append(model().fit(data).result_)
    assert fits[0].mixture == fits[1].mixture
    assert fits[0].history.log_likelihood == fits[1].history.log_likelihood


# -- passes ------------------------------------------------------------------------------


def counted(rows, n_parts=4):
    """A Dask array without known sizes, and the list of partitions loaded so far."""
    loaded = []

    def load(i):
        loaded.append(i)
        return np.array_split(rows, n_parts)[i]

    parts = [
        da.from_delayed(dask.delayed(load, pure=False)(i), (np.nan, rows.shape[1]), float)
        for i in range(n_parts)
    ]
    return da.concatenate(parts, allow_unknown_chunksizes=True), loaded


def test_rows_are_counted_by_the_first_pass_and_never_again():
    data, loaded = counted(X)
    source = open_source(data)
    source.reduce(SummaryFold(PRODUCTS, 3))
    assert sorted(loaded) == [0, 1, 2, 3]
    assert source.n_rows == len(X)
    source.sample(10**6, np.random.default_rng(0))
    assert len(loaded) == 8


def test_a_sample_reads_only_partitions_it_draws_from():
    data, loaded = counted(X)
    source = open_source(data)
    assert source.n_rows == len(X)
    loaded.clear()
    rows, weights = source.sample(1, np.random.default_rng(0))
    assert rows.shape == (1, 3) and weights.tolist() == [1.0] and len(loaded) == 1


def test_samples_are_those_in_memory():
    for weights in (None, WEIGHTS):
        rng = np.random.default_rng(5)
        expected = open_rows(GaussianMixture(), X, weights, reset=True).sample(40, rng)
        found = open_source(in_frame(X), weights).sample(40, np.random.default_rng(5))
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_data_that_change_between_passes_are_refused():
    sizes = iter([100] * 4 + [99] * 4)
    parts = [
        da.from_delayed(dask.delayed(lambda i: X[: next(sizes)], pure=False)(i), (np.nan, 3), float)
        for i in range(4)
    ]
    data = da.concatenate(parts, allow_unknown_chunksizes=True)
    source = open_source(data)
    with dask.config.set(scheduler="sync"):
        source.reduce(SummaryFold(PRODUCTS, 3))
        with pytest.raises(DataError, match=r"changes from pass to pass .400 rows before, 396 now"):
            source.reduce(SummaryFold(PRODUCTS, 3))


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_travels_is_a_few_times_the_parameters(structure):
    mixture = random_mixture(structure, k=16, d=8)
    moment = mixture.covariances.moment
    kernel = chosen(
        of_mixture(mixture),
        moment,
        False,
        np.zeros(8),
        np.full(8, 5.0),
    )
    kernel.known = np.full(10**6, -1)
    fold = kernel.fold
    bare, held = detached(fold)
    size = 8 * 16 * (1 + 8 + moment.n_terms(8))
    assert len(pickle.dumps(bare)) < 10 * size + 4096
    assert list(held) == ["known"] and fold.known is held["known"]
    part = fold_partition(bare, 0, [(np.zeros((1000, 8)), None)])
    assert len(pickle.dumps(part)) < 3 * size + 2048


def test_a_worker_needs_memory_for_a_block_only():
    rows = np.zeros((400_000, 4), dtype=np.int32)
    rows[::3] += 1
    data = da.from_array(rows, chunks=(400_000, 4))
    fold = SummaryFold(PRODUCTS, 4)
    source = open_source(data)
    source.reduce(fold)
    tracemalloc.start()
    try:
        source.reduce(fold)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * rows.size / 2


def test_the_watcher_is_told_each_partition():
    source = open_source(in_array(X))
    told = []
    source.watcher = told.append
    source.reduce(SummaryFold(PRODUCTS, 3))
    assert sorted(told) == [110, 130, 130, 130]


# -- a real cluster ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as processes,
        Client(processes) as client,
    ):
        yield client


def test_a_cluster_gives_the_same_and_names_errors(cluster):
    data = in_frame(X).persist()
    told = []
    fitted = model().fit(data)
    assert_same_fit(fitted, model().fit(X))
    np.testing.assert_array_equal(fitted.predict(data).compute(), fitted.predict(frame()))
    source = open_source(data)
    source.watcher = told.append
    source.reduce(SummaryFold(PRODUCTS, 3))
    assert told == [500]
    bad = in_frame(np.where(np.arange(500)[:, None] == [7, -1, -1], np.nan, X))
    with pytest.raises(DataError, match="1 NaN in column 'a'"):
        model().fit(bad)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_killed_worker_is_recomputed(cluster):
    data = in_array(X).persist()
    expected = model(tol=0.0, max_iter=8).fit(data).result_
    killed = []

    def kill(iteration):
        if iteration.number == 3:
            killed.append(next(iter(cluster.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    found = model(tol=0.0, max_iter=8, callback=kill).fit(data).result_
    assert killed
    assert found.mixture == expected.mixture
    assert found.history.log_likelihood == expected.history.log_likelihood


# -- bad input -------------------------------------------------------------------------------


def test_missing_values_are_counted_by_column():
    whole = frame().astype("double[pyarrow]")
    whole.iloc[[3, 200], 1] = None
    whole.iloc[400, 2] = np.inf
    with pytest.raises(DataError, match=r"2 NaN in column 'b'; 1 infinity in column 'c'.*500 rows"):
        model().fit(dd.from_pandas(whole, npartitions=4))
    with pytest.raises(DataError, match="2 NaN in column 1"):
        model().fit(da.from_array(whole.to_numpy(dtype=float), chunks=(100, 3)))


def odd_partition(change):
    """A frame whose second partition is not as its metadata say."""
    whole = frame()
    parts = [whole.iloc[:250], change(whole.iloc[250:])]
    return dd.from_delayed(
        [dask.delayed(part) for part in parts], meta=whole.iloc[:0], verify_meta=False
    )


BAD_DATA = {
    "strings": (
        lambda: dd.from_pandas(frame().assign(kind="x"), npartitions=2),
        "1 of 4 columns are not numeric: 'kind'",
    ),
    "a series": (lambda: in_frame(X)["a"], r"got a Series.*\.to_frame\(\)"),
    "one dimension": (lambda: in_array(X)[:, 0], r"2 dimensions, got 1; reshape"),
    "array of strings": (
        lambda: da.from_array(np.array([["a"], ["b"]]), chunks=1),
        "expected an array of numbers, got dtype <U1",
    ),
    "no rows": (lambda: in_array(X)[:0], "has no rows"),
    "no columns": (lambda: in_frame(X)[[]], "has no columns"),
    "partition with other columns": (
        lambda: odd_partition(lambda part: part.rename(columns={"c": "z"})),
        "a partition has columns a, b, z, expected",
    ),
    "partition with strings": (
        lambda: odd_partition(lambda part: part.assign(b="x")),
        "columns are not numeric: 'b'",
    ),
    "partition of another shape": (
        lambda: da.map_blocks(
            lambda block: block[:, :2], in_array(X).rechunk((130, 3)), dtype=float
        ),
        r"a partition has shape \(\d+, 2\), expected \(n, 3\)",
    ),
    "fewer rows than components": (lambda: in_array(X[:2]), "3 components need at least as many"),
    "constant column": (lambda: in_frame(X * [1, 0, 1]), "constant: column 'b'"),
}


@pytest.mark.parametrize("what", BAD_DATA)
def test_bad_data_are_named(what):
    make, message = BAD_DATA[what]
    with pytest.raises(DataError, match=message):
        model().fit(make())


BAD_WEIGHTS = {
    "negative": (lambda: -WEIGHTS, "weights are negative"),
    "negative in Dask": (lambda: da.from_array(-WEIGHTS, chunks=130), "weights are negative"),
    "missing in Dask": (lambda: da.from_array(WEIGHTS * np.nan, chunks=130), "NaN"),
    "all zero": (lambda: da.from_array(0 * WEIGHTS, chunks=130), "all weights are zero"),
    "too few": (lambda: WEIGHTS[:-1], "one weight a row"),
    "too few in Dask": (lambda: da.from_array(WEIGHTS[:-1], chunks=130), "one weight a row"),
    "other partitions": (
        lambda: dd.from_pandas(pd.Series(WEIGHTS), npartitions=3),
        "has 3 partitions, X has 4",
    ),
    "two dimensions": (lambda: da.ones((500, 3)).to_dask_dataframe(), "got 2"),
}


@pytest.mark.parametrize("what", BAD_WEIGHTS)
def test_bad_weights_are_named(what):
    make, message = BAD_WEIGHTS[what]
    with pytest.raises(ParameterError, match=message):
        model().fit(in_array(X), sample_weight=make())


@pytest.mark.parametrize("mask", [np.zeros(500, bool), np.ones(500, bool), np.ones(3, bool)])
def test_bad_noise_masks_are_named_as_in_memory(mask):
    with pytest.raises(ParameterError) as expected:
        model(noise=mask).fit(X)
    with pytest.raises(ParameterError) as found:
        model(noise=mask).fit(in_array(X))
    assert str(found.value) == str(expected.value)


def test_bad_weights_of_frames_are_named():
    series = dd.from_pandas(pd.Series(WEIGHTS, index=np.arange(5, 505)), npartitions=4)
    with pytest.raises(ParameterError, match="not those of X"):
        model().fit(in_frame(X), sample_weight=series)
    with pytest.raises(ParameterError, match="no column 'w'; X has a, b, c"):
        model().fit(in_frame(X), sample_weight="w")
    uneven = dd.from_delayed([dask.delayed(pd.Series(WEIGHTS[:100]))] * 3, meta=pd.Series([1.0]))
    with pytest.raises(ParameterError, match="100 weights and"):
        model().fit(in_frame_with_empty_partitions(X), sample_weight=uneven)


def test_columns_must_be_those_of_the_fit():
    fitted = model().fit(in_frame(X))
    with pytest.raises(DataError, match="columns c, b, a, but the model was fitted to a, b, c"):
        fitted.predict(in_frame(X)[["c", "b", "a"]])
    with pytest.raises(DataError, match="has 2 columns, but the model was fitted to 3"):
        fitted.predict(in_array(X)[:, :2])
    np.testing.assert_array_equal(fitted.predict(in_array(X)).compute(), fitted.predict(frame()))


# -- model choice ------------------------------------------------------------------------------


def test_model_choice_is_that_in_memory():
    options = {"families": ["EEE", "VVI"], "random_state": 0}
    expected = GaussianMixtureIC([2, 3], **options).fit(X)
    found = GaussianMixtureIC([2, 3], **options).fit(in_frame(X))
    assert found.best_family_ == expected.best_family_
    for criterion in ("bic", "aic", "icl"):
        np.testing.assert_allclose(
            found.results_.to_dict()[criterion], expected.results_.to_dict()[criterion], rtol=1e-9
        )
    np.testing.assert_array_equal(found.predict(in_array(X)).compute(), expected.predict(X))


def test_cross_validation_needs_memory():
    search = GaussianMixtureIC([2], families="EEE", criterion="cv", random_state=0)
    with pytest.raises(DataError, match="cross-validation needs rows in memory; choose"):
        search.fit(in_array(X))
