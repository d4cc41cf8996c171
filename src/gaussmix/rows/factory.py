"""Rows that a callable gives, block by block, anew for each pass."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..exceptions import DataError, ParameterError
from .folds import Fold, Mergeable, Workspace, add_rows, rows_of_a_block
from .pieces import Block, Check, Piece, blocks_of, pieces_of, read_block
from .source import BlockFunction, Output, Source
from .threads import count_threads, single_threaded_blas

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .._typing import AnyArray, Array

__all__ = ["FactorySource"]

Value = TypeVar("Value", bound=Mergeable)
Result = TypeVar("Result")

# Blocks are joined and cut to pieces of equal size, the unit of work of a thread: the
# order of additions, hence the result to the last bit, is the same for any blocks.
_PIECE_BYTES = 8 * 2**20
_FEWEST_ROWS, _MOST_ROWS = 256, 65_536


class FactorySource(Source):
    """Blocks of rows from the iterator that a callable returns, called once a pass.

    Parameters
    ----------
    factory : callable
        Returns an iterable of blocks: arrays (m, d), frames, or pairs of such and their
        weights (m,).  Each call must begin anew, with the same rows.
    n_jobs : int, optional
        Threads that work while the next block is made.
    """

    name = "a callable that returns blocks"

    def __init__(self, factory: Callable[[], Any], n_jobs: int | None = None) -> None:
        self.factory = factory
        self.n_threads: int = count_threads(n_jobs)
        self._left_out: AnyArray | None = None
        # What the first pass that ended has seen; the iterator of the newest pass.
        self._seen: Check | None = None
        self._last: Any = None
        with closing(self._blocks()) as blocks:
            first = next(blocks, None)
        if first is None:
            raise DataError("X: the callable gave no blocks")
        self.n_features = first.rows.shape[1]
        self.feature_names = first.names

    # -- users' data --------------------------------------------------------------

    @classmethod
    def opens(cls, data: Any) -> bool:
        kind = type(data)
        return hasattr(kind, "__next__") or (callable(data) and not hasattr(kind, "__array__"))

    @classmethod
    def open(cls, data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> FactorySource:
        if hasattr(type(data), "__next__"):
            raise DataError(
                f"X: is an iterator ({type(data).__name__}), which can be gone through once, and "
                "a fit makes several passes. Give a callable that returns a new iterator each "
                "time it is called (a function with yield, without the brackets), or give its "
                "blocks one by one to partial_fit"
            )
        if sample_weight is not None:
            raise ParameterError(
                "sample_weight: with a callable as X let it give pairs (block, weights)"
            )
        return cls(data, n_jobs)

    # -- the contract ---------------------------------------------------------------

    @property
    def n_rows(self) -> int:  # type: ignore[override]
        """Rows of a pass; the first to ask before any pass is done makes one."""
        return self._counted().n_rows

    @property
    def has_zero_weights(self) -> bool:  # type: ignore[override]
        seen = self._counted()
        return seen.n_positive < seen.n_rows

    @property
    def rows_if_known(self) -> int | None:
        return None if self._seen is None else self._seen.n_rows

    def reduce(self, fold: Fold[Value]) -> Value:
        size = rows_of_a_block(fold.bytes_per_row)

        def work(piece: Piece, workspace: Workspace) -> Value:
            state = fold.open()
            add_rows(fold, state, piece.rows, piece.weights, piece.offset, workspace, size)
            return fold.close(state)

        with closing(self._run(work)) as parts:
            value = next(parts)
            for part in parts:
                value = value.merge(part)
        return value

    def map(self, function: BlockFunction, output: Output) -> AnyArray:
        size = rows_of_a_block(output.bytes_per_row)

        def work(piece: Piece, workspace: Workspace) -> AnyArray:
            out: AnyArray = np.empty(output.shape(len(piece.rows)), dtype=output.dtype)
            for first in range(0, len(out), size):
                block = slice(first, first + size)
                out[block] = function(piece.rows[block], workspace)
            return out

        with closing(self._run(work)) as parts:
            return np.concatenate(list(parts))

    def without(self, left_out: AnyArray) -> FactorySource:
        other = copy(self)
        other.watcher = other._seen = None
        other._left_out = left_out if self._left_out is None else left_out | self._left_out
        return other

    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        # The rows, and the use of the generator, are those of an array in memory.
        count = self._counted().n_positive
        drawn = np.arange(count)
        if count > n_rows:
            drawn = np.sort(rng.choice(count, n_rows, replace=False, shuffle=False))
        before, rows, weights = 0, [np.empty((0, self.n_features))], [np.empty(0)]
        with closing(self._pieces()) as pieces:
            for piece in pieces:
                own = piece.positive()
                first, last = np.searchsorted(drawn, [before, before + len(own.rows)])
                chosen = drawn[first:last] - before
                rows.append(own.rows[chosen])
                weights.append(np.ones(len(chosen)) if own.weights is None else own.weights[chosen])
                before += len(own.rows)
        return np.concatenate(rows), np.concatenate(weights)

    def _counted(self) -> Check:
        if self._seen is None:
            with closing(self._pieces()) as pieces:
                for _ in pieces:
                    pass
        assert self._seen is not None
        return self._seen

    # -- passes ---------------------------------------------------------------------

    def _run(self, work: Callable[[Piece, Workspace], Result]) -> Generator[Result, None, None]:
        """Yield the results of `work` on all pieces, in their order.

        The next pieces are made meanwhile, but no more of them than threads can take.
        """
        workspaces: deque[Workspace] = deque(Workspace() for _ in range(self.n_threads))

        def task(piece: Piece) -> Result:
            workspace = workspaces.pop()
            try:
                return work(piece, workspace)
            finally:
                workspaces.append(workspace)

        waiting: deque[tuple[Piece, Future[Result]]] = deque()
        with (
            single_threaded_blas,
            closing(self._pieces()) as pieces,
            ThreadPoolExecutor(self.n_threads) as pool,
        ):
            for piece in pieces:
                waiting.append((piece, pool.submit(task, piece)))
                if len(waiting) > self.n_threads:
                    yield self._done(*waiting.popleft())
            while waiting:
                yield self._done(*waiting.popleft())

    def _done(self, piece: Piece, future: Future[Result]) -> Result:
        result = future.result()
        if self.watcher is not None:
            self.watcher(len(piece.rows))
        return result

    def _pieces(self) -> Generator[Piece, None, None]:
        """Yield all rows in pieces of equal size; at the end compare them with earlier passes."""
        size = min(_MOST_ROWS, max(_FEWEST_ROWS, _PIECE_BYTES // (8 * self.n_features)))
        check = Check.nothing(self.n_features)
        with closing(self._blocks()) as blocks:
            for piece in pieces_of(blocks, size, self.n_features):
                left = piece.without(self._left_out)
                check = check.after(left)
                yield left
        check.require_rows(self._left_out)
        if self._seen is None:
            self._seen = check
        check.require_same(self._seen)

    def _blocks(self) -> Generator[Block, None, None]:
        """Call the factory and yield its blocks, checked."""
        iterator = blocks_of(self.factory)
        if iterator is self._last:
            raise DataError(
                "X: the callable returns the same iterator each time, and that is used up; let "
                "it make a new one"
            )
        self._last = iterator
        first: Block | None = None
        try:
            for number, given in enumerate(iterator):
                block = read_block(given, f"X: block {number}", first)
                first = block if first is None else first
                yield block
        finally:
            if hasattr(iterator, "close"):
                iterator.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": None, "watcher": None}
