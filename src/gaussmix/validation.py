"""The door: user input becomes arrays and numbers here, or a clear error.

Messages name the argument (and the column), what was found and what to do.
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from .exceptions import DataError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import AnyArray, Array
    from .summary import DataSummary

__all__ = [
    "as_rows",
    "check_integer",
    "check_number",
    "check_sample_weight",
    "column_label",
    "require_bounded",
    "require_finite",
    "require_numeric_columns",
]


# Beyond this, squares of values and their sums over rows overflow.
_LARGEST = 1e140


def check_integer(name: str, value: object, *, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        raise ParameterError(f"{name}: expected an integer of at least {minimum}, got {value!r}")
    return int(value)


def check_number(name: str, value: object, *, minimum: float = 0.0) -> float:
    """Return `value` as a finite float of at least `minimum`, or raise ParameterError."""
    valid = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not valid or not np.isfinite(float(value)) or float(value) < minimum:  # type: ignore[arg-type]
        raise ParameterError(f"{name}: expected a number of at least {minimum:g}, got {value!r}")
    return float(value)  # type: ignore[arg-type]


def column_label(column: int, names: Sequence[str] | None) -> str:
    """Return how messages call a column: its name if there is one."""
    return f"column {column}" if names is None else f"column {names[column]!r}"


def require_numeric_columns(X: Any) -> None:
    """Raise DataError naming the columns of a dataframe that are not numbers."""
    import narwhals.stable.v2 as nw

    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return
    wrong = [
        f"{name!r} ({dtype})"
        for name, dtype in frame.schema.items()
        if not (dtype.is_numeric() or dtype in {nw.Boolean, nw.Object})
    ]
    if wrong:
        raise DataError(
            f"X: {len(wrong)} of {len(frame.columns)} columns are not numeric: "
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


def check_sample_weight(sample_weight: Any, n_rows: int) -> Array | None:
    """Return weights as float64 (n,), or None; raise ParameterError if they cannot be weights."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_rows, sample_weight)
    weights = np.ascontiguousarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_rows,):
        raise ParameterError(
            f"sample_weight: sample_weight.shape == {weights.shape}, expected {(n_rows,)}: "
            "one weight a row"
        )
    if not np.isfinite(weights).all():
        raise ParameterError("sample_weight: contains NaN or infinity")
    if (weights < 0).any():
        count = int((weights < 0).sum())
        raise ParameterError(
            f"sample_weight: {count} weights are negative (smallest {weights.min():.3g}); "
            "weights count rows, use 0 to leave a row out"
        )
    if not (weights > 0).any():
        raise ParameterError("sample_weight: all weights are zero, so there are no rows to fit")
    return weights


def as_rows(
    X: Any, n_features: int, names: Sequence[str] | None = None, argument: str = "X"
) -> AnyArray:
    """Return points (n, d) from an array or frame; (n,) is accepted when d is 1.

    Columns of a frame are found by `names` if there are any.
    """
    import narwhals.stable.v2 as nw

    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if names is not None and isinstance(frame, nw.DataFrame):
        missing = [name for name in names if name not in frame.columns]
        if missing:
            raise DataError(
                f"{argument}: no column {', '.join(map(repr, missing))}; it has "
                f"{', '.join(map(str, frame.columns))}"
            )
        X = frame.select(list(names)).to_native()
    require_numeric_columns(X)
    rows: AnyArray = np.asarray(X)
    if rows.dtype not in (np.float32, np.float64):
        try:
            rows = rows.astype(np.float64)
        except (TypeError, ValueError):
            raise DataError(f"{argument}: expected numbers, got dtype {rows.dtype}") from None
    if rows.ndim <= 1 and n_features == 1:
        rows = rows.reshape(-1, 1)
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise DataError(
            f"{argument}: expected shape (n_samples, {n_features}), got {rows.shape}"
            + ("; reshape a single point with X.reshape(1, -1)" if rows.ndim == 1 else "")
        )
    return rows
