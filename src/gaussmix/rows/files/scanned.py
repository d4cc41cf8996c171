"""Rows of files, decoded anew in each pass."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from ...exceptions import DataError
from ...numerics.arguments import check_sample_weight, require_weight, require_weights
from ..chunked import ChunkedSource, Work
from ..chunks import Chunk, Chunks
from ..rowweights import RowWeights
from .passes import Pass
from .scanning import Scan

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..._typing import AnyArray
    from ..folds import Workspace
    from .base import Reader

__all__ = ["ScanSource"]

Result = TypeVar("Result")

# A chunk is copied together from what was decoded, unless it lies in it as a whole.
_CHUNK_BYTES = 8 * 2**20
# Chunks whose outputs may wait to be taken.
_AHEAD_A_THREAD = 2
# Rows in a block where their weights are looked at; a multiple of 8.
_MARKED_ROWS = 32_768


class ScanSource(ChunkedSource):
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
        super().__init__(weights, n_jobs=n_jobs, block_rows=block_rows)
        self.reader = reader
        self.n_features, self.feature_names = reader.n_features, reader.names

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

    def _run(
        self, work: Work[Result], block_rows: int, width: int | None = None
    ) -> Generator[Result, None, None]:
        def task(chunk: Chunk) -> Result:
            with self._workspaces.one() as workspace:
                return work(chunk, workspace)

        own = self.n_features * np.dtype(self.reader.dtype).itemsize
        most_rows = _CHUNK_BYTES // max(own, width or 0)
        chunks = Chunks(self.reader.known_rows, block_rows, most_rows)
        ahead = None if width is None else _AHEAD_A_THREAD * self.n_threads
        nothing = True
        with closing(Pass(self.reader, chunks, task, self.n_threads, ahead).results()) as results:
            for result in results:
                nothing = False
                yield result
        if nothing:
            raise DataError(f"{self.reader.files[0]}: has no rows")
