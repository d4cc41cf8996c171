"""A callable that gives blocks anew for each pass is as good as an array."""

from __future__ import annotations

import pickle
import threading
from itertools import count

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gaussmix import DataError, GaussianMixture, ParameterError
from gaussmix.rows import MemorySource, Output, open_source
from gaussmix.rows.summary import SummaryFold
from tests.variants import FAMILIES, blobs

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
X, LABELS = blobs(n=3000, d=3, seed=0)
WEIGHTS = np.random.default_rng(0).uniform(0.0, 2.0, len(X)) * (np.arange(len(X)) % 7 > 0)


def cut(rows, size, weights=None):
    """Return a factory of blocks of a size (or of random sizes), with weights or without."""

    def blocks():
        sizes = np.random.default_rng(1).integers(0, 400, 10_000) if size is None else None
        first = 0
        for number in count():
            if first >= len(rows):
                return
            last = first + (size if sizes is None else int(sizes[number]))
            block = rows[first:last]
            yield block if weights is None else (block, weights[first:last])
            first = last

    return blocks


def close(one, other, rtol=1e-9):
    return one.mixture_.allclose(other.mixture_, rtol=rtol, atol=1e-9) and (
        one.lower_bound_ == pytest.approx(other.lower_bound_, rel=rtol)
    )


@every_family
def test_a_fit_equals_that_of_the_array(family):
    model = GaussianMixture(3, covariance_type=family, init_params=LABELS, accelerate=False)
    whole = model.fit(X).mixture_
    model.fit(cut(X, 700))
    assert model.mixture_.allclose(whole, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [1, 13, 700, 3000, None])
def test_blocks_of_any_size_give_the_same_bits(size):
    model = GaussianMixture(3, random_state=0)
    reference = model.fit(cut(X, 1000, WEIGHTS)).mixture_
    assert model.fit(cut(X, size, WEIGHTS)).mixture_ == reference


def test_many_pieces_and_threads_give_the_same_bits():
    rows, _ = blobs(n=200_000, d=2, seed=1)
    fits = [
        GaussianMixture(3, random_state=0, n_jobs=n_jobs).fit(cut(rows, size))
        for n_jobs, size in ((1, 50_000), (3, 7001))
    ]
    assert fits[0].mixture_ == fits[1].mixture_
    assert close(fits[0], GaussianMixture(3, random_state=0).fit(rows), rtol=1e-6)


def test_the_whole_fit_with_its_race_is_that_of_the_array():
    rows, _ = blobs(n=30_000, d=2, seed=2)
    weights = np.random.default_rng(2).integers(0, 3, len(rows)).astype(float)
    one = GaussianMixture(3, random_state=5, tol=1e-10).fit(rows, sample_weight=weights)
    other = GaussianMixture(3, random_state=5, tol=1e-10).fit(cut(rows, 999, weights))
    assert close(one, other, rtol=1e-8)


def test_it_draws_the_rows_that_an_array_would_give():
    one = MemorySource(X, WEIGHTS).sample(500, np.random.default_rng(3))
    other = open_source(cut(X, 77, WEIGHTS)).sample(500, np.random.default_rng(3))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_blocks_with_and_without_weights_may_be_mixed():
    weights = np.where(np.arange(len(X)) < 1000, 1.0, WEIGHTS)
    mixed = lambda: iter([X[:1000], (X[1000:], WEIGHTS[1000:])])
    model = GaussianMixture(3, random_state=0)
    assert model.fit(mixed).mixture_ == model.fit(cut(X, 500, weights)).mixture_


def test_one_array_may_be_filled_again_for_each_block():
    def blocks():
        buffer, weights = np.empty((50, 3)), np.empty(50)
        for first in range(0, len(X), 50):
            buffer[:], weights[:] = X[first : first + 50], WEIGHTS[first : first + 50]
            yield buffer, weights
            buffer[:] = weights[:] = np.nan

    model = GaussianMixture(3, random_state=0, n_jobs=2)
    assert model.fit(blocks).mixture_ == model.fit(cut(X, 50, WEIGHTS)).mixture_


def test_the_callable_runs_in_the_thread_of_the_caller():
    rows, _ = blobs(n=200_000, d=2, seed=1)
    threads = set()

    def blocks():
        for block in cut(rows, 7001)():
            threads.add(threading.get_ident())
            yield block

    open_source(blocks, n_jobs=2).reduce(SummaryFold(FAMILIES[0].held.moment, 2))
    assert threads == {threading.get_ident()}


def test_predictions_can_be_taken_part_by_part():
    rows, _ = blobs(n=150_000, d=2, seed=1)
    source = open_source(cut(rows, 7001))
    output = Output("first", 16)
    parts = list(source.stream(lambda block, workspace: block[:, 0], output))
    assert len(parts) > 1
    np.testing.assert_array_equal(np.concatenate(parts), rows[:, 0])


def test_predictions_are_arrays():
    model = GaussianMixture(3, random_state=0).fit(X)
    blocks = cut(X, 250)
    np.testing.assert_array_equal(model.predict(blocks), model.predict(X))
    np.testing.assert_allclose(model.predict_proba(blocks), model.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(model.score_samples(blocks), model.score_samples(X), rtol=1e-12)
    assert model.score(blocks) == pytest.approx(model.score(X), rel=1e-12)
    assert model.bic(blocks) == pytest.approx(model.bic(X), rel=1e-12)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pd", "pl", "pa"])
def test_blocks_may_be_frames(kind):
    def blocks():
        for i in range(0, len(X), 500):
            own = X[i : i + 500]
            columns = {"a": own[:, 0], "b": own[:, 1], "c": own[:, 2]}
            yield kind(columns if i == 0 else dict(reversed(columns.items())))

    model = GaussianMixture(3, random_state=0).fit(blocks)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    assert close(model, GaussianMixture(3, random_state=0).fit(X), rtol=1e-7)


def test_float32_blocks_known_labels_and_noise():
    rows = X.astype(np.float32)
    marked = np.arange(len(X)) % 50 == 0
    y = np.where((np.arange(len(X)) % 5 > 0) | marked, -1, LABELS)
    options = {"random_state": 0, "noise": marked}
    one = GaussianMixture(3, **options).fit(rows, known=y)
    other = GaussianMixture(3, **options).fit(cut(rows, 100), known=y)
    assert close(one, other, rtol=1e-7)


def test_passes_are_few():
    calls = count()
    blocks = cut(X, 500)

    def counted():
        next(calls)
        return blocks()

    model = GaussianMixture(3, random_state=0).fit(counted)
    # A look at the first block, the summary, the draw, and one pass for each E-step.
    assert next(calls) == 3 + model.n_iter_ + 1 + model.history_.rejected


def test_a_watcher_is_told_of_all_rows():
    for source in (open_source(cut(X, 77)), MemorySource(X, block_rows=100)):
        told = []
        source.watcher = told.append
        source.reduce(SummaryFold(FAMILIES[0].held.moment, 3))
        assert sum(told) == len(X)


def test_it_survives_pickling():
    source = open_source(_module_level_blocks)
    source.reduce(SummaryFold(FAMILIES[0].held.moment, 2))
    assert pickle.loads(pickle.dumps(source)).n_rows == 10


def _module_level_blocks():
    yield np.arange(20.0).reshape(10, 2)


@pytest.mark.parametrize(
    "iterator",
    [iter([X]), (block for block in [X]), map(np.asarray, [X])],
    ids=["iterator", "generator", "map"],
)
def test_a_one_shot_iterator_is_refused_with_advice(iterator):
    with pytest.raises(DataError, match=r"gone through once.*callable.*partial_fit"):
        GaussianMixture().fit(iterator)


def changing():
    """Return a factory whose rows are drawn anew each time."""
    rng = np.random.default_rng(0)
    return lambda: iter([rng.standard_normal((500, 2))])


def shrinking():
    lengths = count(500, -1)

    def blocks():
        yield X[: next(lengths)]

    return blocks


def growing():
    lengths = count(500)

    def blocks():
        yield X[: next(lengths)]

    return blocks


def same_iterator():
    iterator = iter([X, X])
    return lambda: iterator


BAD = {
    "other rows": (changing(), DataError, "other rows, or another order.*seed"),
    "fewer rows": (shrinking(), DataError, r"498 rows in this pass, 499 in the first"),
    "one iterator": (same_iterator(), DataError, "the same iterator each time"),
    "nothing": (list, DataError, "gave no blocks"),
    "empty blocks": (lambda: [X[:0], X[:0]], DataError, "gave no rows"),
    "not iterable": (lambda: 3, DataError, "returned int; it should return an iterable"),
    "columns": (lambda: [X, X[:, :2]], DataError, "block 1: has 2 columns, the first block has 3"),
    "one row": (lambda: [X[0]], DataError, r"block 0: expected rows of shape \(n, d\)"),
    "words": (lambda: [X, [["a", "b", "c"]]], DataError, "block 1: expected an array of numbers"),
    "triple": (lambda: [(X, X, X)], DataError, r"is a tuple of 3; expected \(rows, weights\)"),
    "weights": (lambda: [(X, [1.0])], ParameterError, r"block 0: sample_weight"),
    "negative": (lambda: [(X, -np.ones(3000))], ParameterError, "3000 weights are negative"),
    "no weight": (lambda: [(X, np.zeros(3000))], ParameterError, "all weights are zero"),
    "nan": (lambda: [X, np.where(X > 3, np.nan, X)], DataError, "NaN in column 0"),
    "names": (
        lambda: [pd.DataFrame(X[:9], columns=[*"abc"]), pd.DataFrame(X, columns=[*"abd"])],
        DataError,
        "block 1: has no column c",
    ),
}


def test_more_rows_than_before_are_told_where_some_are_marked_as_noise():
    model = GaussianMixture(2, random_state=0, noise=np.arange(501) % 50 == 0)
    with pytest.raises(DataError, match=r"502 rows in this pass, 501 in the first"):
        model.fit(growing())


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_used_is_told(bad):
    factory, error, message = BAD[bad]
    with pytest.raises(error, match=message):
        GaussianMixture(2, random_state=0).fit(factory)


def test_weights_come_with_the_blocks():
    with pytest.raises(ParameterError, match=r"pairs \(block, weights\)"):
        GaussianMixture().fit(cut(X, 100), sample_weight=WEIGHTS)


def test_an_error_of_the_factory_is_the_callers_own():
    def blocks():
        yield X
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        GaussianMixture(2).fit(blocks)
