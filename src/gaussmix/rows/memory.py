"""Rows that are an array in memory."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .blas import single_threaded_blas
from .chunks import blocks, cut
from .folds import Fold, Mergeable, Workspaces, add_rows, rows_of_a_block
from .source import BlockFunction, Output, Source
from .threads import Pace, Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from .._typing import AnyArray, Array
    from .frames import FrameRows
    from .measured import JoinedRows

__all__ = ["MemorySource"]

Value = TypeVar("Value", bound=Mergeable)
Result = TypeVar("Result")

# Output that is yielded at once where it is streamed.
_STREAMED_BYTES = 32 * 2**20


class MemorySource(Source):
    """An array (n, d) with optional weights (n,), worked on by threads.

    Parameters
    ----------
    array : ndarray (n, d), float64 or float32, FrameRows or JoinedRows
        Never copied; blocks are converted to float64 as they are read.
    weights : ndarray (n,), optional
        Non-negative row weights.
    n_jobs : int, optional
        Threads; None or -1 means one for each available core, -2 all but one, ...
    block_rows : int, optional
        Rows in a block; chosen from the fold's needs when None.
    drawn_from : int or None
        Rows of the data that these are a sample of, None if unknown; 0 if they are all.
    """

    def __init__(
        self,
        array: AnyArray | FrameRows | JoinedRows,
        weights: Array | None = None,
        *,
        n_jobs: int | None = None,
        block_rows: int | None = None,
        feature_names: tuple[str, ...] | None = None,
        drawn_from: int | None = 0,
    ) -> None:
        self.array: Any = array
        self.weights = weights
        self.n_rows, self.n_features = array.shape
        self.dtype = array.dtype.type
        self.feature_names = feature_names
        self._pool = Pool(n_jobs)
        self.n_threads: int = self._pool.n_threads
        self.has_zero_weights = weights is not None and bool((weights == 0).any())
        self._block_rows = block_rows
        self._workspaces = Workspaces()
        self._pace = Pace(self.n_threads)
        self._drawn_from = drawn_from

    @property
    def rows_drawn_from(self) -> int | None:
        return self.n_rows if self._drawn_from == 0 else self._drawn_from

    def reduce(self, fold: Fold[Value]) -> Value:
        size = self._block_size(fold.bytes_per_row)
        chunks = cut(self.n_rows, size)
        if len(chunks) == 1:  # few rows: the work costs its calls
            value = self._folded(fold, chunks[0], size)
            self._tell(self.n_rows)
            return value
        kind = (type(fold), fold.bytes_per_row)
        light = self.n_threads > 1 and fold.light
        n_threads = self._pace.threads(kind) if light else self.n_threads
        began = time.perf_counter()

        # Closed at once, whatever happens: the run holds BLAS to one thread until then.
        run = self._run(lambda bounds: self._folded(fold, bounds, size), chunks, n_threads)
        with closing(run) as parts:
            value = next(parts)
            self._tell(chunks[0][1])
            for part, (first, last) in zip(parts, chunks[1:], strict=True):
                value = value.merge(part)
                self._tell(last - first)
        if light:
            self._pace.note(kind, n_threads, time.perf_counter() - began)
        return value

    def _folded(self, fold: Fold[Value], bounds: tuple[int, int], size: int) -> Value:
        """Return a fold's value of one chunk of rows."""
        workspace = self._workspaces.take()
        try:
            state, own = fold.open(), slice(*bounds)
            weights = None if self.weights is None else self.weights[own]
            add_rows(fold, state, self.array[own], weights, own.start, workspace, size)
            return fold.close(state)
        finally:
            self._workspaces.give_back(workspace)

    def map(self, function: BlockFunction, output: Output) -> AnyArray:
        size = self._block_size(output.bytes_per_row)
        out: AnyArray = np.empty(output.shape(self.n_rows), dtype=output.dtype)

        def work(bounds: tuple[int, int]) -> None:
            with self._workspaces.one() as workspace:
                for first, last in blocks(*bounds, size):
                    out[first:last] = function(np.asarray(self.array[first:last]), workspace)

        with closing(self._run(work, cut(self.n_rows, size), self.n_threads)) as parts:
            for _ in parts:
                pass
        return out

    def stream(self, function: BlockFunction, output: Output) -> Generator[AnyArray, None, None]:
        width = np.prod(output.shape(1), dtype=int) * np.dtype(output.dtype).itemsize
        for first, last in blocks(0, self.n_rows, max(1, _STREAMED_BYTES // int(width))):
            yield self.take(slice(first, last)).map(function, output)

    def without(self, left_out: AnyArray) -> MemorySource:
        weights = np.ones(self.n_rows) if self.weights is None else self.weights
        return MemorySource(
            self.array,
            np.where(left_out, 0.0, weights),
            n_jobs=self.n_threads,
            block_rows=self._block_rows,
            feature_names=self.feature_names,
        ).like(self)

    def only(self, chosen: AnyArray) -> MemorySource:
        return self.take(np.flatnonzero(chosen))

    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        if self.weights is None:
            chosen, count = None, self.n_rows
        else:
            chosen = np.flatnonzero(self.weights > 0)
            count = len(chosen)
        if count > n_rows:
            drawn = np.sort(rng.choice(count, n_rows, replace=False, shuffle=False))
            chosen = drawn if chosen is None else chosen[drawn]
        rows = self.array if chosen is None else self.array[chosen]
        rows = np.asarray(rows, dtype=np.float64)
        if self.weights is None:
            return rows, np.ones(len(rows))
        return rows, self.weights[chosen]

    def take(self, rows: AnyArray | slice) -> MemorySource:
        """Return some of the rows, by position, as a source of their own."""
        return MemorySource(
            self.array[rows],
            None if self.weights is None else self.weights[rows],
            n_jobs=self.n_threads,
            block_rows=self._block_rows,
            feature_names=self.feature_names,
        ).like(self)

    # -- running ----------------------------------------------------------------

    def _tell(self, n_rows: int) -> None:
        if self.watcher is not None:
            self.watcher(n_rows)

    def _block_size(self, bytes_per_row: int) -> int:
        return rows_of_a_block(bytes_per_row) if self._block_rows is None else self._block_rows

    def _run(
        self,
        work: Callable[[tuple[int, int]], Result],
        chunks: Sequence[tuple[int, int]],
        n_threads: int,
    ) -> Generator[Result, None, None]:
        """Yield the results of `work` on all chunks, in their order."""
        if len(chunks) == 1:
            yield work(chunks[0])
            return
        with single_threaded_blas():
            yield from map(work, chunks) if n_threads == 1 else self._pool.map(work, chunks)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "watcher": None}
