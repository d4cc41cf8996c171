"""The door: tables and arrays that users give become rows here, or a clear error.

Messages name the argument (and the column), what was found and what to do.
"""

from __future__ import annotations

import numbers
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from ..numerics.arguments import as_numbers, said_by
from ..numerics.extras import imported
from .bookkeeping import without_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray

__all__ = [
    "as_frame",
    "as_rows",
    "as_table",
    "is_read_once",
    "named_columns",
    "pyarrow_for_streams",
    "require_numeric_columns",
]

# What has one of these can be made an array.
_WORDS = ("__array__", "__array_interface__", "__len__", "__dataframe__", "shape")


def as_table(X: Any) -> Any:
    """Return Arrow's batch, table or reader as the table of what was measured; else X as it is.

    What can be read once only is read into memory.  An index that pandas kept is not measured.
    """
    kind = type(X).__name__ if type(X).__module__.startswith("pyarrow") else ""
    if kind == "Table":
        return without_index(X)
    if kind == "RecordBatch":
        return without_index(pyarrow_for_streams().Table.from_batches([X]))
    if not is_read_once(X):
        _require_rows(X)
        return X
    pa = pyarrow_for_streams()
    try:
        return without_index(pa.RecordBatchReader.from_stream(X).read_all())
    except (pa.ArrowException, RuntimeError, TypeError, ValueError) as error:
        told = said_by(error)
        raise DataError(f"X: its stream of Arrow cannot be read ({told})") from None


def _require_rows(X: Any) -> None:
    """Raise DataError for what holds no rows: a mapping, a set, a connection, ..."""
    if X is None or callable(X) or isinstance(X, numbers.Number | os.PathLike):
        return  # told elsewhere
    is_one = any(hasattr(X, word) for word in _WORDS)
    is_sparse = type(X).__module__.startswith("scipy.")  # some of them are mappings
    if not is_one or (isinstance(X, dict | set | frozenset) and not is_sparse):
        raise DataError(
            "X: expected rows of numbers: an array, a table or frame, files opened by "
            f"gaussmix.scan, a query that gives a stream of Arrow; got {type(X).__name__}"
        )


def is_read_once(X: Any) -> bool:
    """Whether X is a stream of Arrow that is used up when it has been read."""
    kind = type(X)
    if not hasattr(kind, "__arrow_c_stream__"):
        return False
    return hasattr(kind, "__next__") or kind.__module__.startswith("nanoarrow.")


def pyarrow_for_streams() -> Any:
    """Return pyarrow, or raise MissingExtraError."""
    return imported("pyarrow", "files", "reading a stream of Arrow")


def as_frame(X: Any, argument: str = "X") -> Any:
    """Return a dataframe in narwhals' clothes, or None if X is something else.

    Raises DataError for a frame that is lazy, or has two columns of one name.
    """
    import narwhals.stable.v2 as nw

    try:
        frame = nw.from_native(X, pass_through=True)
        names = frame.columns if isinstance(frame, nw.DataFrame) else []
    except nw.exceptions.DuplicateError:
        raise DataError(f"{argument}: several columns have the same name; rename them") from None
    if isinstance(frame, nw.LazyFrame):
        raise DataError(f"{argument}: is a lazy frame; call .collect() on it first")
    repeated = sorted({name for name in names if list(names).count(name) > 1}, key=str)
    if repeated:
        raise DataError(
            f"{argument}: several columns are called {', '.join(map(repr, repeated))}; rename them"
        )
    return frame if isinstance(frame, nw.DataFrame) else None


def require_numeric_columns(X: Any, argument: str = "X") -> None:
    """Raise DataError naming the columns of a dataframe that are not numbers."""
    import narwhals.stable.v2 as nw

    if np.ma.isMaskedArray(X):
        raise DataError(f"{argument}: is a masked array; fill it or leave its masked rows out")
    if isinstance(X, str | os.PathLike):
        raise DataError(f"{argument}: is a path; gaussmix.scan({str(X)!r}) opens it")
    frame = as_frame(X, argument)
    if frame is None:
        if isinstance(X, np.ndarray | list | tuple):
            _require_numbers(X, argument)
        return
    wrong = [
        f"{name!r} ({dtype})"
        for name, dtype in frame.schema.items()
        if not (dtype.is_numeric() or dtype in {nw.Boolean, nw.Object, nw.Unknown})
    ]
    if wrong:
        raise DataError(
            f"{argument}: {len(wrong)} of {len(frame.columns)} columns are not numeric: "
            f"{', '.join(wrong)}. Drop them, or encode them as numbers."
        )


def _require_numbers(X: Any, argument: str) -> None:
    """Raise DataError if an array, or what may become one, holds no float64 numbers."""
    try:
        array = np.asarray(X)
        if array.dtype.kind == "O":
            array.astype(np.float64)
    except TypeError:  # an estimator says in scikit-learn's words that these are no numbers
        return
    except (ValueError, OverflowError) as found:
        raise DataError(f"{argument}: expected an array of numbers ({found})") from None
    if array.dtype.kind in "SU":
        raise DataError(
            f"{argument}: expected an array of numbers, found text; leave text columns out"
        )
    if array.dtype.kind == "c" and array is not X:
        as_numbers(argument, X, DataError)


def named_columns(X: Any, names: Sequence[str] | None, argument: str = "X") -> Any:
    """Return the columns of a frame that are called so; anything else as it is."""
    X = as_table(X)
    frame = None if names is None else as_frame(X, argument)
    if names is None or frame is None:
        return X
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise DataError(
            f"{argument}: no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(str, frame.columns))}"
        )
    return frame.select(list(names)).to_native()


def as_rows(
    X: Any, n_features: int, names: Sequence[str] | None = None, argument: str = "X"
) -> AnyArray:
    """Return points (n, d) from an array or frame; (n,) is accepted when d is 1.

    Columns of a frame are found by `names` if there are any.
    """
    X = named_columns(X, names, argument)
    require_numeric_columns(X)
    if hasattr(X, "toarray"):
        raise DataError(f"{argument}: is sparse; make it dense with {argument}.toarray()")
    rows = as_numbers(argument, X, DataError, kept=(np.float32,))
    if rows.ndim <= 1 and n_features == 1:
        rows = rows.reshape(-1, 1)
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise DataError(
            f"{argument}: expected shape (n_samples, {n_features}), got {rows.shape}"
            + ("; reshape a single point with X.reshape(1, -1)" if rows.ndim == 1 else "")
        )
    return rows
