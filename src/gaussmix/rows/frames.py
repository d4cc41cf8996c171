"""Rows of a dataframe in memory, which become an array block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .door import as_frame, as_rows, named_columns, require_numeric_columns
from .folds import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray

__all__ = ["FrameRows", "frame_dtype", "frame_rows", "rows_of"]


def frame_rows(X: Any) -> FrameRows | None:
    """Return the rows of a dataframe that is more than a block, and of numbers; else None.

    Smaller ones, and those of Python objects, are best made an array at once.
    """
    import narwhals.stable.v2 as nw

    frame = as_frame(X)
    if frame is None or 8 * len(frame) * len(frame.columns) <= BLOCK_BYTES:
        return None
    types = list(frame.schema.values())
    if not types or not all(kind.is_numeric() or kind == nw.Boolean for kind in types):
        return None
    return FrameRows([_column(series) for series in frame.iter_columns()], _dtype_of(frame))


def frame_dtype(X: Any) -> type | None:
    """Return the type of a dataframe's rows as an array, however many; None for what is none."""
    frame = as_frame(X)
    return None if frame is None else _dtype_of(frame)


def _dtype_of(frame: Any) -> type:
    import narwhals.stable.v2 as nw

    types = frame.schema.values()
    return np.float32 if all(kind == nw.Float32 for kind in types) else np.float64


def rows_of(X: Any, n_features: int, names: Sequence[str] | None = None) -> FrameRows | AnyArray:
    """Return points (n, d) as `as_rows` does, but without converting a large frame at once."""
    X = named_columns(X, names)
    require_numeric_columns(X)
    rows = frame_rows(X)
    if rows is None or rows.shape[1] != n_features:
        return as_rows(X, n_features)
    return rows


class FrameRows:
    """Some rows of a dataframe: sliced without a copy, an array when NumPy asks for one.

    Parameters
    ----------
    columns : sequence of ndarray (n,) or narwhals Series
    dtype : type
        Of the arrays: float32 or float64.
    first, last : int
        The rows meant.
    """

    def __init__(
        self, columns: Sequence[Any], dtype: type, first: int = 0, last: int | None = None
    ) -> None:
        self._columns, self.dtype = columns, np.dtype(dtype)
        self._first = first
        self._last = len(columns[0]) if last is None else last

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), len(self._columns)

    def __len__(self) -> int:
        return self._last - self._first

    def __getitem__(self, rows: slice | AnyArray) -> FrameRows | AnyArray:
        if isinstance(rows, slice):
            first, last, _ = rows.indices(len(self))
            place = (self._first + first, self._first + max(first, last))
            return FrameRows(self._columns, self.dtype.type, *place)
        return self._read(self._first + np.asarray(rows), len(rows))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        array = self._read(slice(self._first, self._last), len(self))
        return array if dtype is None else array.astype(dtype, copy=False)

    def _read(self, rows: slice | AnyArray, count: int) -> AnyArray:
        out: AnyArray = np.empty((len(self._columns), count), self.dtype)
        for values, column in zip(out, self._columns, strict=True):
            part = column[rows]
            values[:] = part if isinstance(part, np.ndarray) else _numbers(part)
        return out.T


def _column(series: Any) -> Any:
    """Return a column as an array that shares its memory, or as it is."""
    try:
        values = np.array(series.to_native(), copy=False)
    except (ValueError, RuntimeError, TypeError):  # which of them, libraries do not agree on
        return series
    return values if values.dtype.kind in "iufb" else series


def _numbers(series: Any) -> AnyArray:
    """Return a few values as an array (m,); missing ones are NaN."""
    import narwhals.stable.v2 as nw

    return (series if series.dtype.is_float() else series.cast(nw.Float64)).to_numpy()
