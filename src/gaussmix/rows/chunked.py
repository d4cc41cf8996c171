"""Rows that come in chunks, read anew in each pass."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import closing
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

import numpy as np

from .chunks import Chunk, blocks
from .folds import Fold, Mergeable, Workspace, Workspaces, add_rows, rows_of_a_block
from .rowweights import RowWeights
from .source import BlockFunction, Output, Source
from .threads import count_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .._typing import AnyArray, Array

__all__ = ["ChunkedSource", "Work"]

Value = TypeVar("Value", bound=Mergeable)
Result = TypeVar("Result")

#: What is done to a chunk.
Work: TypeAlias = "Callable[[Chunk, Workspace], Result]"


class ChunkedSource(Source):
    """What sources that are not in memory share: work on chunks, in their order.

    Parameters
    ----------
    weights : RowWeights, optional
        Those beside the ones that come with the rows.
    n_jobs : int, optional
        Threads; see `MemorySource`.
    block_rows : int, optional
        Rows in a block; chosen from the fold's needs when None.
    """

    def __init__(
        self,
        weights: RowWeights | None = None,
        *,
        n_jobs: int | None = None,
        block_rows: int | None = None,
    ) -> None:
        self.weights = RowWeights() if weights is None else weights
        self.n_threads: int = count_threads(n_jobs)
        self._block_rows = block_rows
        self._workspaces = Workspaces()

    @abstractmethod
    def _run(
        self, work: Work[Result], block_rows: int, width: int | None = None
    ) -> Generator[Result, None, None]:
        """Yield the results of `work` on all chunks, in their order.

        It works on `block_rows` rows at a time, and may be called in several threads at once.
        Results of many bytes a row, `width`, wait for those before them in small numbers only.
        """

    def _counted_weights(self) -> RowWeights:
        """Return the weights, when it is known which are positive."""
        return self.weights

    @property
    def has_zero_weights(self) -> bool:  # type: ignore[override]
        return not self._counted_weights().are_positive(self.n_rows)

    def reduce(self, fold: Fold[Value]) -> Value:
        size = self._block_size(fold.bytes_per_row)

        def work(chunk: Chunk, workspace: Workspace) -> tuple[int, Value]:
            state = fold.open()
            weights = self._weights_of(chunk)
            add_rows(fold, state, chunk.rows, weights, chunk.first, workspace, size)
            return len(chunk.rows), fold.close(state)

        value: Value | None = None
        with closing(self._run(work, size)) as results:
            for n_rows, part in results:
                value = part if value is None else value.merge(part)
                if self.watcher is not None:
                    self.watcher(n_rows)
        assert value is not None
        return value

    def map(self, function: BlockFunction, output: Output) -> AnyArray:
        out: AnyArray = np.empty(output.shape(self.n_rows), dtype=output.dtype)
        first = 0
        with closing(self.stream(function, output)) as parts:
            for part in parts:
                out[first : first + len(part)] = part
                first += len(part)
        return out

    def stream(self, function: BlockFunction, output: Output) -> Generator[AnyArray, None, None]:
        size = self._block_size(output.bytes_per_row)

        def work(chunk: Chunk, workspace: Workspace) -> AnyArray:
            out: AnyArray = np.empty(output.shape(len(chunk.rows)), dtype=output.dtype)
            for first, last in blocks(0, len(out), size):
                out[first:last] = function(chunk.rows[first:last], workspace)
            return out

        width = int(np.prod(output.shape(1), dtype=int)) * np.dtype(output.dtype).itemsize
        yield from self._run(work, size, width)

    def without(self, left_out: AnyArray) -> Self:
        other = copy(self)
        other.watcher = None
        other.weights = self.weights.without(left_out)
        return other

    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        places = self._counted_weights().draw(self.n_rows, n_rows, rng)

        def work(chunk: Chunk, workspace: Workspace) -> tuple[Array, Array]:
            ends = chunk.first, chunk.first + len(chunk.rows)
            own: slice | AnyArray = slice(None)
            if places is not None:
                own = places[slice(*np.searchsorted(places, ends))] - chunk.first
            rows = chunk.rows[own].astype(np.float64)
            weights = self._weights_of(chunk)
            return rows, np.ones(len(rows)) if weights is None else weights[own]

        size = self._block_size(8 * self.n_features)
        with closing(self._run(work, size)) as results:
            rows, weights = zip(*results, strict=True)
        return np.concatenate(rows), np.concatenate(weights)

    def _block_size(self, bytes_per_row: int) -> int:
        return rows_of_a_block(bytes_per_row) if self._block_rows is None else self._block_rows

    def _weights_of(self, chunk: Chunk) -> Array | None:
        return self.weights.of(chunk.first, chunk.first + len(chunk.rows), chunk.weights)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "watcher": None}
