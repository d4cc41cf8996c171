"""Rows that are an array in memory."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from ..blocks import BLOCK_BYTES, Fold, Index, Mergeable, Workspace
from ..validation import check_integer
from .base import BlockFunction, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._typing import AnyArray, Array

__all__ = ["MemorySource"]

Value = TypeVar("Value", bound=Mergeable)
Result = TypeVar("Result")

# More rows in a block than the cap gain nothing, fewer cost calls (measured).
_MOST_ROWS = 32_768
_FEWEST_ROWS = 256
# Rows are cut into chunks, the unit of work of a thread, by their number alone: the order
# of additions, hence the result to the last bit, is the same for any number of threads.
_CHUNK_ROWS = 50_000
_FEWEST_CHUNKS, _MOST_CHUNKS = 16, 256


class MemorySource(Source):
    """An array (n, d) with optional weights (n,), worked on by threads.

    Parameters
    ----------
    array : ndarray (n, d), float64 or float32
        Never copied; blocks are converted to float64 as they are read.
    weights : ndarray (n,), optional
        Non-negative row weights.
    n_jobs : int, optional
        Threads; None or -1 means one for each available core.
    block_rows : int, optional
        Rows in a block; chosen from the fold's needs when None.
    """

    def __init__(
        self,
        array: AnyArray,
        weights: Array | None = None,
        *,
        n_jobs: int | None = None,
        block_rows: int | None = None,
        feature_names: tuple[str, ...] | None = None,
    ) -> None:
        self.array = array
        self.weights = weights
        self.n_rows, self.n_features = array.shape
        self.feature_names = feature_names
        self._n_threads = (
            available_cores()
            if n_jobs is None or n_jobs == -1
            else check_integer("n_jobs", n_jobs, minimum=1)
        )
        self._has_zeros = weights is not None and bool((weights == 0).any())
        self._block_rows = block_rows
        self._workspaces: deque[Workspace] = deque()

    def reduce(self, fold: Fold[Value]) -> Value:
        size = self._block_size(fold.bytes_per_row)

        def work(bounds: tuple[int, int], workspace: Workspace) -> Value:
            state = fold.open()
            for first, last in _blocks(*bounds, size):
                index = self._index(first, last)
                rows = self.array[index]
                if len(rows):
                    weights = None if self.weights is None else self.weights[index]
                    fold.add(state, rows, weights, index, workspace)
            return fold.close(state)

        parts = self._run(work, size)
        value = next(parts)
        for part in parts:
            value = value.merge(part)
        return value

    def map(self, function: BlockFunction, out: AnyArray, bytes_per_row: int) -> AnyArray:
        size = self._block_size(bytes_per_row)

        def work(bounds: tuple[int, int], workspace: Workspace) -> None:
            for first, last in _blocks(*bounds, size):
                out[first:last] = function(self.array[first:last], workspace)

        for _ in self._run(work, size):
            pass
        return out

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

    def _index(self, first: int, last: int) -> Index:
        """Return which rows of a range take part: those whose weight is not 0."""
        if not self._has_zeros or self.weights is None:
            return slice(first, last)
        return first + np.flatnonzero(self.weights[first:last] > 0)

    # -- running ----------------------------------------------------------------

    def _block_size(self, bytes_per_row: int) -> int:
        if self._block_rows is not None:
            return self._block_rows
        return min(_MOST_ROWS, max(_FEWEST_ROWS, BLOCK_BYTES // bytes_per_row))

    def _run(
        self, work: Callable[[tuple[int, int], Workspace], Result], block_rows: int
    ) -> Iterator[Result]:
        """Yield the results of `work` on all chunks, in their order."""
        chunks = _chunks(self.n_rows, block_rows)

        def task(bounds: tuple[int, int]) -> Result:
            try:
                workspace = self._workspaces.pop()
            except IndexError:
                workspace = Workspace()
            try:
                return work(bounds, workspace)
            finally:
                self._workspaces.append(workspace)

        if len(chunks) == 1:
            yield task(chunks[0])
            return
        with _single_threaded_blas:
            if self._n_threads == 1:
                yield from map(task, chunks)
                return
            with ThreadPoolExecutor(self._n_threads) as pool:
                yield from pool.map(task, chunks)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_workspaces": deque()}


def available_cores() -> int:
    """Return the number of cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def _blocks(first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range(first, last, size):
        yield start, min(start + size, last)


def _chunks(n_rows: int, block_rows: int) -> list[tuple[int, int]]:
    """Cut rows into chunks of whole blocks; small data are one chunk."""
    n_blocks = max(1, -(-n_rows // block_rows))
    wanted = min(_MOST_CHUNKS, max(_FEWEST_CHUNKS, n_rows // _CHUNK_ROWS))
    n_chunks = min(n_blocks, wanted)
    edges = [block_rows * (n_blocks * i // n_chunks) for i in range(n_chunks)]
    return list(pairwise([*edges, n_rows]))


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


class _SingleThreadedBlas:
    """Holds BLAS to one thread while any fit runs threads of its own.

    The setting is the process's, so concurrent fits share it: the first one in
    sets it and the last one out restores it.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all fits: a forked child has none."""
        self._lock = threading.Lock()
        self._depth = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._depth += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._limit.restore_original_limits()


_single_threaded_blas = _SingleThreadedBlas()
# A fork in the middle of another thread's fit must not inherit a held lock.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_single_threaded_blas.reset)
