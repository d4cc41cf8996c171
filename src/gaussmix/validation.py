"""The door: user input becomes arrays and numbers here, or a clear error.

Messages name the argument (and the column), what was found and what to do.
"""

from __future__ import annotations

import numbers
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .exceptions import DataError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import AnyArray, Array
    from .sources import Source
    from .summary import DataSummary

__all__ = [
    "as_frame",
    "as_generator",
    "as_numbers",
    "as_rows",
    "as_table",
    "check_dtype",
    "check_integer",
    "check_noise",
    "check_number",
    "check_sample_weight",
    "column_label",
    "named_columns",
    "require_bounded",
    "require_columns",
    "require_finite",
    "require_numeric_columns",
    "require_weight",
    "require_weights",
    "require_wide",
]


# Beyond these, squares of values and their sums over rows overflow or vanish.
_LARGEST = 1e140
_SMALLEST = 1e-140


def check_integer(name: str, value: object, *, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        raise ParameterError(f"{name}: expected an integer of at least {minimum}, got {value!r}")
    return int(value)


def as_numbers(
    name: str,
    value: Any,
    error: type[ParameterError | DataError] = ParameterError,
    *,
    kept: tuple[type, ...] = (),
) -> AnyArray:
    """Return `value` as an array of float64 (or a dtype in `kept`), or raise `error`."""
    if np.ma.isMaskedArray(value):
        raise error(f"{name}: is a masked array; fill it or leave its masked rows out")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers have no order")
        return array if array.dtype in kept else array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as found:
        raise error(f"{name}: expected an array of numbers ({found})") from None


def as_generator(random_state: Any) -> np.random.Generator:
    """Return a Generator from anything scikit-learn or NumPy accept as a seed."""
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError):
        raise ParameterError(
            f"random_state: expected an int, a RandomState, a Generator or None, "
            f"got {random_state!r}"
        ) from None


def check_number(name: str, value: object, *, minimum: float = 0.0) -> float:
    """Return `value` as a finite float of at least `minimum`, or raise ParameterError."""
    valid = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not valid or not np.isfinite(float(value)) or float(value) < minimum:  # type: ignore[arg-type]
        raise ParameterError(f"{name}: expected a number of at least {minimum:g}, got {value!r}")
    return float(value)  # type: ignore[arg-type]


def column_label(column: int, names: Sequence[str] | None) -> str:
    """Return how messages call a column: its name if there is one."""
    return f"column {column}" if names is None else f"column {names[column]!r}"


def as_table(X: Any) -> Any:
    """Return an Arrow record batch as the table that it is; anything else as it is."""
    if type(X).__name__ != "RecordBatch" or not type(X).__module__.startswith("pyarrow"):
        return X
    import pyarrow

    return pyarrow.Table.from_batches([X])


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


def require_columns(source: Source, n_features: int, names: Sequence[str] | None) -> None:
    """Raise DataError if a source has other columns than a model was fitted to."""
    if names is not None and source.feature_names not in (None, tuple(names)):
        raise DataError(
            f"X: has columns {', '.join(map(str, source.feature_names or ()))}, but the model "
            f"was fitted to {', '.join(names)}, in this order"
        )
    if source.n_features != n_features:
        raise DataError(
            f"X: has {source.n_features} columns, but the model was fitted to {n_features}"
        )


def require_numeric_columns(X: Any, argument: str = "X") -> None:
    """Raise DataError naming the columns of a dataframe that are not numbers."""
    import narwhals.stable.v2 as nw

    if np.ma.isMaskedArray(X):
        raise DataError(f"{argument}: is a masked array; fill it or leave its masked rows out")
    if isinstance(X, str | os.PathLike):
        raise DataError(f"{argument}: is a path; gaussmix.scan({str(X)!r}) opens it")
    frame = as_frame(X, argument)
    if frame is None:
        if isinstance(X, np.ndarray | list | tuple) and np.asarray(X).dtype.kind in "SU":
            raise DataError(
                f"{argument}: expected an array of numbers, found text; leave text columns out"
            )
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


def require_finite(
    summary: DataSummary, names: Sequence[str] | None = None, argument: str = "X"
) -> None:
    """Raise DataError naming the columns with NaN or infinity and how many there are."""
    bad = np.flatnonzero(summary.n_missing + summary.n_infinite)
    if len(bad) == 0:
        return
    found = []
    for j in bad[:5]:
        counts = ((summary.n_missing[j], "NaN"), (summary.n_infinite[j], "infinity"))
        parts = [f"{count} {what}" for count, what in counts if count]
        found.append(f"{' and '.join(parts)} in {column_label(int(j), names)}")
    more = f" and {len(bad) - 5} more columns" if len(bad) > 5 else ""
    raise DataError(
        f"{argument}: input contains NaN or infinity: {'; '.join(found)}{more} "
        f"(of {summary.total.n_rows} rows). Drop those rows or impute the values."
    )


def require_bounded(
    summary: DataSummary, names: Sequence[str] | None = None, argument: str = "X"
) -> None:
    """Raise DataError naming the column whose squares, summed over rows, would overflow."""
    if summary.extent.max() > _LARGEST:
        j = int(summary.extent.argmax())
        raise DataError(
            f"{argument}: {column_label(j, names)} spans {summary.extent[j]:.3g}, too much for "
            "float64 arithmetic; divide it by a constant"
        )


def require_wide(summary: DataSummary, names: Sequence[str] | None = None) -> None:
    """Raise DataError naming the column whose variance would be lost to underflow."""
    narrow = np.flatnonzero((summary.extent > 0) & (summary.extent < _SMALLEST))
    if len(narrow):
        j = int(narrow[0])
        raise DataError(
            f"X: {column_label(j, names)} spans {summary.extent[j]:.3g}, too little for "
            "float64 arithmetic; multiply it by a constant"
        )


def check_dtype(value: Any) -> type:
    """Return float64 or float32 for a name or a type; raise ParameterError if it is neither."""
    try:
        found = np.dtype(value).type
    except TypeError:
        found = None
    if value is None or found not in (np.float64, np.float32):
        raise ParameterError(f"dtype: expected 'float64' or 'float32', got {value!r}")
    return found


def check_noise(noise: Any) -> float | AnyArray | None:
    """Return a share between 0 and 1, a mask (n,), or None; raise ParameterError otherwise."""
    if noise is None:
        return None
    if isinstance(noise, (float, int, np.floating)) and noise is not True and noise is not False:
        if not 0.0 < float(noise) < 1.0:
            raise ParameterError(f"noise: expected a share between 0 and 1, got {noise!r}")
        return float(noise)
    mask = np.asarray(noise)
    if mask.dtype != bool or mask.ndim != 1:
        raise ParameterError(
            "noise: expected None, a share between 0 and 1, or booleans (n,), got "
            f"{type(noise).__name__}"
        )
    return mask


def check_sample_weight(sample_weight: Any, n_rows: int) -> Array | None:
    """Return weights as float64 (n,), or None; raise ParameterError if they cannot be weights."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_rows, sample_weight)
    weights = np.ascontiguousarray(as_numbers("sample_weight", sample_weight))
    if weights.shape != (n_rows,):
        raise ParameterError(
            f"sample_weight: sample_weight.shape == {weights.shape}, expected {(n_rows,)}: "
            "one weight a row"
        )
    require_weights(weights)
    require_weight(float(weights.max(initial=0.0)))
    return weights


def require_weights(weights: Array) -> None:
    """Raise ParameterError if some of the weights (n,) cannot be weights."""
    if not np.isfinite(weights).all():
        raise ParameterError("sample_weight: contains NaN or infinity")
    if (weights < 0).any():
        count = int((weights < 0).sum())
        raise ParameterError(
            f"sample_weight: {count} weights are negative (smallest {weights.min():.3g}); "
            "weights count rows, use 0 to leave a row out"
        )


def require_weight(largest: float) -> None:
    """Raise ParameterError if there is no weight above 0, or one beyond arithmetic."""
    if not largest > 0:
        raise ParameterError("sample_weight: all weights are zero, so there are no rows to fit")
    if not _SMALLEST < largest < _LARGEST:
        raise ParameterError(
            f"sample_weight: the largest weight is {largest:.3g}, beyond float64 arithmetic; "
            "multiply all weights by a constant"
        )


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
