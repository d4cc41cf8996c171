"""Rows that a callable gives, block by block, anew for each pass."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from ..exceptions import DataError, ParameterError
from .blas import single_threaded_blas
from .chunked import ChunkedSource, Work
from .given import Given, Seen, blocks_of, chunks_of, read_given
from .threads import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from concurrent.futures import Future

    from .._typing import AnyArray
    from .chunks import Chunk
    from .rowweights import RowWeights
    from .source import BlockFunction, Output

__all__ = ["FactorySource"]

Result = TypeVar("Result")

# Blocks are joined and cut to chunks of equal size, the unit of work of a thread: the
# order of additions, hence the result to the last bit, is the same for any blocks.
_CHUNK_BYTES = 8 * 2**20
_FEWEST_ROWS, _MOST_ROWS = 256, 65_536


class FactorySource(ChunkedSource):
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
    #: What messages call it that gives rows.
    giver: ClassVar[str] = "the callable"

    def __init__(self, factory: Callable[[], Any], n_jobs: int | None = None) -> None:
        super().__init__(n_jobs=n_jobs)
        self.factory = factory
        # What the first pass that ended has seen; the iterator of the newest pass.
        self._seen: Seen | None = None
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
        if hasattr(kind, "__arrow_c_stream__"):  # the door reads it, or another source does
            return False
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
    def rows_if_known(self) -> int | None:
        return None if self._seen is None else self._seen.n_rows

    def map(self, function: BlockFunction, output: Output) -> AnyArray:
        return np.concatenate(list(self.stream(function, output)))

    def _counted_weights(self) -> RowWeights:
        return replace(self.weights, positive=self._counted().positive())

    def _counted(self) -> Seen:
        if self._seen is None:
            with closing(self._chunks()) as chunks:
                for _ in chunks:
                    pass
        assert self._seen is not None
        return self._seen

    # -- passes ---------------------------------------------------------------------

    def _run(
        self, work: Work[Result], block_rows: int, width: int | None = None
    ) -> Generator[Result, None, None]:
        # Not a `Pass`: the callable is code of the user, which runs in the thread that asks
        # for results, can be interrupted there, and may fill one buffer again and again.
        def task(chunk: Chunk) -> Result:
            with self._workspaces.one() as workspace:
                return work(chunk, workspace)

        waiting: deque[Future[Result]] = deque()
        with (
            single_threaded_blas(),
            closing(self._chunks()) as chunks,
            Pool(self.n_threads) as pool,
        ):
            for chunk in chunks:
                waiting.append(pool.submit(task, chunk))
                if len(waiting) > self.n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _chunks(self) -> Generator[Chunk, None, None]:
        """Yield all rows in chunks of equal size; at the end compare them with the first pass."""
        size = min(_MOST_ROWS, max(_FEWEST_ROWS, _CHUNK_BYTES // (8 * self.n_features)))
        seen = Seen(self.n_features, self.giver)
        with closing(self._blocks()) as blocks:
            for chunk in chunks_of(blocks, size // 8 * 8, self.n_features):
                seen.add(chunk)
                # Rows beyond those of the first pass are only counted.
                if self._seen is None or seen.n_rows <= self._seen.n_rows:
                    yield chunk
        seen.require_rows()
        if self._seen is None:
            self._seen = seen
        seen.require_same(self._seen)

    def _blocks(self) -> Generator[Given, None, None]:
        """Call the factory and yield its blocks, checked."""
        iterator = blocks_of(self.factory)
        if iterator is self._last:
            raise DataError(
                "X: the callable returns the same iterator each time, and that is used up; let "
                "it make a new one"
            )
        self._last = iterator
        first: Given | None = None
        try:
            for number, given in enumerate(iterator):
                block = read_given(given, f"X: block {number}", first)
                first = block if first is None else first
                yield block
        finally:
            if hasattr(iterator, "close"):
                iterator.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_last": None}
