"""Rows of files, decoded anew in each pass."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from ...exceptions import DataError
from ...numerics.arguments import check_sample_weight, require_weight, require_weights
from ..chunks import Chunks, blocks
from ..folds import Fold, Mergeable, Workspace, add_rows, rows_of_a_block
from ..source import BlockFunction, Output, Source
from ..threads import count_threads
from .passes import Chunk, Pass
from .rowweights import RowWeights
from .scanning import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..._typing import AnyArray, Array
    from .base import Reader

__all__ = ["ScanSource"]

Value = TypeVar("Value", bound=Mergeable)
Result = TypeVar("Result")

# A chunk is copied together from what was decoded, unless it lies in it as a whole.
_CHUNK_BYTES = 8 * 2**20
# Chunks whose outputs may wait to be taken.
_AHEAD_A_THREAD = 2
# Rows in a block where their weights are looked at; a multiple of 8.
_MARKED_ROWS = 32_768


class ScanSource(Source):
    """Files that `gaussmix.scan` opened, with optional weights.

    Parameters
    ----------
    reader : Reader
    weights : RowWeights, optional
    n_jobs : int, optional
        Threads; see `MemorySource`.
    block_rows : int, optional
        Rows in a block; chosen from the fold's needs when None.

    Notes
    -----
    While chunks of the same rows in memory are below 8 MiB, rows are cut into the same
    ones here, and results are added up in the same order.
    """

    name = "scan"

    def __init__(
        self,
        reader: Reader,
        weights: RowWeights | None = None,
        *,
        n_jobs: int | None = None,
        block_rows: int | None = None,
    ) -> None:
        self.reader = reader
        self.weights = RowWeights() if weights is None else weights
        self.n_features, self.feature_names = reader.n_features, reader.names
        self.n_threads: int = count_threads(n_jobs)
        self._block_rows = block_rows
        self._workspaces: deque[Workspace] = deque()

    @classmethod
    def opens(cls, data: Any) -> bool:
        return isinstance(data, Scan)

    @classmethod
    def open(cls, data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Self:
        """Return the source of a scan; `sample_weight` is an array (n,) or a column's name."""
        if isinstance(sample_weight, str):
            reader = data.reader(sample_weight)
            column = cls(data.only(sample_weight), n_jobs=n_jobs, block_rows=_MARKED_ROWS)
            return cls(reader, RowWeights(positive=column.positive()), n_jobs=n_jobs)
        if sample_weight is None:
            return cls(data.reader(), n_jobs=n_jobs)
        weights = RowWeights(check_sample_weight(sample_weight, data.n_rows))
        return cls(data.reader(), weights, n_jobs=n_jobs)

    @property
    def n_rows(self) -> int:  # type: ignore[override]
        known = self.reader.known_rows
        return self.reader.count_rows() if known is None else known

    @property
    def has_zero_weights(self) -> bool:  # type: ignore[override]
        return not self.weights.are_positive(self.n_rows)

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

        ahead = _AHEAD_A_THREAD * self.n_threads
        width = int(np.prod(output.shape(1), dtype=int)) * np.dtype(output.dtype).itemsize
        yield from self._run(work, size, ahead, width)

    def without(self, left_out: AnyArray) -> ScanSource:
        return ScanSource(
            self.reader,
            self.weights.without(left_out),
            n_jobs=self.n_threads,
            block_rows=self._block_rows,
        )

    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        places = self.weights.draw(self.n_rows, n_rows, rng)

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

    def positive(self) -> AnyArray:
        """Return which values of the only column are positive, eight to a byte.

        Raises
        ------
        ParameterError
            If they cannot be weights.
        """

        def work(chunk: Chunk, workspace: Workspace) -> tuple[float, AnyArray]:
            values = chunk.rows[:, 0]
            require_weights(values)
            return float(values.max()), np.packbits(values > 0)

        with closing(self._run(work, _MARKED_ROWS)) as results:
            largest, bits = zip(*results, strict=True)
        require_weight(max(largest))
        return np.concatenate(bits)

    # -- running ----------------------------------------------------------------

    def _block_size(self, bytes_per_row: int) -> int:
        return rows_of_a_block(bytes_per_row) if self._block_rows is None else self._block_rows

    def _weights_of(self, chunk: Chunk) -> Array | None:
        return self.weights.of(chunk.first, chunk.first + len(chunk.rows), chunk.weights)

    def _run(
        self,
        work: Callable[[Chunk, Workspace], Result],
        block_rows: int,
        ahead: int | None = None,
        bytes_per_row: int = 0,
    ) -> Generator[Result, None, None]:
        """Yield the results of `work`, of so many bytes a row, on all chunks, in their order."""

        def task(chunk: Chunk) -> Result:
            try:
                workspace = self._workspaces.pop()
            except IndexError:
                workspace = Workspace()
            try:
                return work(chunk, workspace)
            finally:
                self._workspaces.append(workspace)

        own = self.n_features * np.dtype(self.reader.dtype).itemsize
        bytes_per_row = max(own, bytes_per_row)
        chunks = Chunks(self.reader.known_rows, block_rows, _CHUNK_BYTES // bytes_per_row)
        nothing = True
        with closing(Pass(self.reader, chunks, task, self.n_threads, ahead).results()) as results:
            for result in results:
                nothing = False
                yield result
        if nothing:
            raise DataError(f"{self.reader.files[0]}: has no rows")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_workspaces": deque()}
