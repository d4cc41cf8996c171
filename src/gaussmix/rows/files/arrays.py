"""Formats that hold arrays: any slice of rows can be read, columns go by position."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError, MissingExtraError
from ...numerics.arguments import said_by
from .base import NO_OPTIONS, Batch, Columns, Format, Options, Part, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from .paths import Found

__all__ = ["ArrayFormat", "readable"]

# Bytes of a part: long enough to be read at speed, short enough for many cores.
_PART_BYTES = 16 * 2**20


class ArrayFormat(Format):
    """A format of arrays."""

    has_names = False

    @abstractmethod
    def opening(self, path: Path, dataset: str | None) -> AbstractContextManager[Any]:
        """Open a file; gives an array with ``shape``, ``dtype`` and slices of rows.

        Raises
        ------
        DataError
            If the file is no such file, or it is not clear which array is meant.
        """

    def rows_at_once(self, array: Any) -> int:
        """Return how many rows the format decodes at once: parts are multiples of it."""
        chunks = getattr(array, "chunks", None)
        return int(chunks[0]) if chunks else 1

    def open(
        self,
        found: Found,
        columns: Columns | None = None,
        weight: str | None = None,
        options: Options = NO_OPTIONS,
    ) -> Reader:
        self.refuse_others(found, options)
        if weight is not None:
            raise DataError(
                f"{found.files[0]}: an array has no column called {weight!r}; give weights as an "
                "array (n,)"
            )
        return _ArrayReader(self, found, columns, options.dataset)


@dataclass(frozen=True)
class _Shape:
    n_rows: int
    width: int
    dtype: np.dtype[Any]
    step: int


class _ArrayReader(Reader):
    """Columns of arrays that follow each other."""

    def __init__(
        self, kind: ArrayFormat, found: Found, columns: Columns | None, dataset: str | None
    ) -> None:
        self.found, self.files = found, found.files
        self._kind, self._dataset = kind, dataset
        self._shapes = [self._look(path) for path in self.files]
        width = self._shapes[0].width
        for path, shape in zip(self.files, self._shapes, strict=True):
            if shape.width != width:
                raise DataError(
                    f"{path}: has {shape.width} columns, but {self.files[0]} has {width}"
                )
        self._columns = None if columns is None else _positions(columns, width, self.files[0])
        self.selection = repr((self._columns, dataset))
        self.n_features = width if self._columns is None else len(self._columns)

    def _look(self, path: Path) -> _Shape:
        with self._kind.opening(path, self._dataset) as array:
            with readable(path):
                shape, dtype = tuple(array.shape), np.dtype(array.dtype)
                step = max(1, self._kind.rows_at_once(array))
            if len(shape) not in (1, 2) or dtype.kind not in "iufb":
                raise DataError(
                    f"{path}: expected numbers of shape (n_samples, n_features), got {dtype} "
                    f"of shape {shape}"
                )
            width = 1 if len(shape) == 1 else int(shape[1])
        rows = max(1, _PART_BYTES // max(1, width * dtype.itemsize))
        return _Shape(int(shape[0]), width, dtype, step * max(1, rows // step))

    @property
    def dtype(self) -> type:
        single = all(shape.dtype == np.float32 for shape in self._shapes)
        return np.float32 if single else np.float64

    @property
    def known_rows(self) -> int:
        return sum(shape.n_rows for shape in self._shapes)

    def count_rows(self) -> int:
        return self.known_rows

    def parts(self, n_threads: int = 1) -> Iterator[Part]:
        self.found.check()
        for path, shape in zip(self.files, self._shapes, strict=True):
            for first in range(0, shape.n_rows, shape.step):
                last = min(first + shape.step, shape.n_rows)
                yield Part(path, last - first, partial(self._read, path, first, last))

    def _read(self, path: Path, first: int, last: int) -> Iterator[Batch]:
        with self._kind.opening(path, self._dataset) as array:
            with readable(path):
                rows = np.asarray(array[first:last])
            rows = rows.reshape(len(rows), -1)
            yield rows if self._columns is None else rows[:, self._columns]


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a library says of a file it cannot read into a DataError that names it.

    Which errors those are is not told, and depends on which of its bytes are damaged.
    """
    try:
        yield
    except (DataError, MissingExtraError):
        raise
    except Exception as error:
        suffix = path.suffix[1:]
        raise DataError(f"{path}: cannot be read as {suffix}: {said_by(error)}") from None


def _positions(columns: Columns, width: int, path: Path) -> list[int]:
    try:
        found = [int(column) for column in columns]
        if not all(-width <= column < width for column in found):
            raise ValueError
    except ValueError:
        raise DataError(
            f"{path}: --columns of an array are positions from 0 to {width - 1}, "
            f"got {', '.join(map(str, columns))}"
        ) from None
    return found
