"""Whether data can support a fit at all, told before the first iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import PRODUCTS
from ..exceptions import DataError
from ..numerics.arguments import LARGEST, SMALLEST
from .spread import Quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.statistics import SufficientStatistics
    from . import Source
    from .summary import DataSummary

__all__ = [
    "check_data",
    "column_label",
    "require_bounded",
    "require_columns",
    "require_comparable",
    "require_finite",
    "require_moderate_values",
    "require_near",
    "require_rows",
    "require_wide",
]

# Rows so many deviations away leave no digits for the others.
_FURTHEST = 1e14
# Weighted squares may add up to this.
_LARGEST_SUM = 1e290


def column_label(column: int, names: Sequence[str] | None) -> str:
    """Return how messages call a column: its name if there is one."""
    return f"column {column}" if names is None else f"column {names[column]!r}"


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


def require_finite(summary: DataSummary, source: Source, argument: str = "X") -> None:
    """Raise DataError naming the columns with NaN or infinity and how many there are."""
    refused = np.zeros_like(summary.n_missing) if source.partly_seen else summary.n_missing
    bad = np.flatnonzero(refused + summary.n_infinite)
    if len(bad) == 0:
        return
    found = []
    for j in bad[:5]:
        counts = ((summary.n_missing[j], "NaN"), (summary.n_infinite[j], "infinity"))
        parts = [f"{count} {what}" for count, what in counts if count]
        found.append(f"{' and '.join(parts)} in {column_label(int(j), source.feature_names)}")
    more = f" and {len(bad) - 5} more columns" if len(bad) > 5 else ""
    remedies = [source.remedy] if summary.n_missing.any() else []
    if source.measurement is not None and summary.n_missing.any():
        remedies.append("A value whose Xerr is infinite counts as one of them.")
    if summary.n_infinite.any():
        remedies.append("Infinite values are refused always: leave their rows out.")
    raise DataError(
        f"{argument}: input contains NaN or infinity: {'; '.join(found)}{more}, in "
        f"{summary.n_unusable} of {summary.total.n_rows} rows. {' '.join(remedies)}"
    )


def require_rows(summary: DataSummary, source: Source) -> None:
    """Raise DataError if no row takes part, or nothing is seen of a column."""
    names = source.feature_names
    if source.partly_seen and summary.incomplete:
        unseen = np.flatnonzero(summary.maximum < summary.minimum)
        if not summary.total.n_rows:
            raise DataError("X: every value is missing (NaN), so there is nothing to fit")
        if len(unseen):
            told = ", ".join(column_label(int(j), names) for j in unseen[:5])
            raise DataError(f"X: every value is missing (NaN) in {told}: leave such columns out")
    if source.n_incomplete and source.n_missing is not None and not summary.total.n_rows:
        j = int(source.n_missing.argmax())
        name = column_label(j, names)
        raise DataError(
            f"X: none of {source.n_incomplete} rows is complete, so none is left to fit; most "
            f"often ({source.n_missing[j]} times) {name} is missing: "
            "leave such columns out, or impute values"
        )


def require_bounded(
    summary: DataSummary, names: Sequence[str] | None = None, argument: str = "X"
) -> None:
    """Raise DataError naming the column whose squares, summed over rows, would overflow."""
    if summary.extent.max() > LARGEST:
        j = int(summary.extent.argmax())
        raise DataError(
            f"{argument}: {column_label(j, names)} spans {summary.extent[j]:.3g}, too much for "
            "float64 arithmetic; divide it by a constant"
        )
    total = summary.total
    own = total.moment.diagonal(total.scatters, total.n_features)[0]
    if not own.max() <= _LARGEST_SUM:
        j = int(np.nan_to_num(own, nan=np.inf).argmax())
        raise DataError(
            f"{argument}: the squares of {column_label(j, names)} times the sample weights are "
            "too much for float64 arithmetic; multiply all weights by a constant"
        )


def require_moderate_values(summary: DataSummary, names: Sequence[str] | None = None) -> None:
    """Raise DataError naming the column that other values to come would lie too far from."""
    furthest = np.maximum(np.abs(summary.minimum), np.abs(summary.maximum))
    furthest = np.where(summary.maximum < summary.minimum, 0.0, furthest)  # nothing is seen of it
    if summary.total.n_rows and furthest.max() > LARGEST:
        j = int(furthest.argmax())
        raise DataError(
            f"X: {column_label(j, names)} holds {furthest[j]:.3g}, too much for float64 "
            "arithmetic; divide it by a constant"
        )


def require_wide(summary: DataSummary, names: Sequence[str] | None = None) -> None:
    """Raise DataError naming the column whose variance would be lost to underflow."""
    narrow = np.flatnonzero((summary.extent > 0) & (summary.extent < SMALLEST))
    if len(narrow):
        j = int(narrow[0])
        raise DataError(
            f"X: {column_label(j, names)} spans {summary.extent[j]:.3g}, too little for "
            "float64 arithmetic; multiply it by a constant"
        )


def require_comparable(
    summary: DataSummary, scales: Array, names: Sequence[str] | None = None
) -> None:
    """Raise DataError naming the column in which some rows are so far that others are one point.

    `scales` (d,) are the variances of all but far rows.
    """
    far = np.flatnonzero(summary.extent > _FURTHEST * np.sqrt(scales))
    if len(far):
        j = int(far[0])
        value = (
            summary.maximum[j] if summary.maximum[j] > -summary.minimum[j] else summary.minimum[j]
        )
        raise DataError(
            f"X: {column_label(j, names)} has values as far as {value:.6g}, where most differ by "
            f"{np.sqrt(scales[j]):.3g}: beside the one, float64 arithmetic cannot tell the others "
            "apart. If that is a code for missing values, leave those rows out"
        )


def check_data(
    summary: DataSummary,
    total: SufficientStatistics,
    names: Sequence[str] | None,
    rows: AnyArray,
    weights: Array,
) -> None:
    """Raise DataError if a column is unusable, naming it.

    `total` is the summary's, widened by what is added to covariances; `rows` (m, d) and
    `weights` (m,) are a sample of the data; all values are finite and none too large.
    """
    require_wide(summary, names)
    variances = total.moment.diagonal(total.scatters, total.n_features)[0]
    constant = np.flatnonzero((summary.minimum == summary.maximum) & ~(variances > 0))
    if len(constant):
        values = ", ".join(
            f"{column_label(int(j), names)} (always {summary.minimum[j]:g})" for j in constant[:5]
        )
        raise DataError(
            f"X: constant: {values}. A constant column has no variance to estimate: drop it, "
            "set reg_covar to a small positive number, or use covariance_type='spherical'"
        )
    if total.moment is PRODUCTS and (variances > 0).all() and len(rows) > 2:
        _refuse_duplicates(total.scatters[0], rows, weights, names)


def _refuse_duplicates(
    scatter: Array, rows: AnyArray, weights: Array, names: Sequence[str] | None
) -> None:
    """Raise if two columns determine each other; other dependencies are left to the floor."""
    scale = np.sqrt(np.diagonal(scatter))
    excess = 1.0 - np.abs(np.triu(scatter / np.outer(scale, scale), 1))
    # One far row can make any two columns correlate: most rows must lie on the line too.
    near = np.argwhere(excess < 1e-10)
    pairs = [(i, j) for i, j in near if _on_a_line(rows[:, i], rows[:, j], weights)]
    if len(pairs) == 0:
        return
    told = "; ".join(
        f"{column_label(int(i), names)} and {column_label(int(j), names)}" for i, j in pairs[:5]
    )
    raise DataError(
        f"X: duplicate columns (each an exact multiple of the other, up to a shift): {told}. "
        "A full covariance of them is singular: drop one of each pair, set reg_covar to a "
        "small positive number, or use covariance_type='diag'"
    )


def _on_a_line(x: AnyArray, y: AnyArray, weights: Array) -> bool:
    """Whether the middle half of the rows lie on the line through all of them."""
    x, y, weights = (part / np.abs(part).max() for part in (x, y, weights))  # none overflows
    residual = y - x * (((weights * x) @ y) / ((weights * x) @ x))
    found = Quantiles(np.column_stack([residual, y]), weights).of((0.25, 0.75))
    inner, width = found[1] - found[0]
    return bool(width > 0 and inner <= 1e-6 * width)


def require_near(means: Array, covariances: Covariances, summary: DataSummary) -> None:
    """Raise DataError if the distances of rows from components (K, d) overflow."""
    reach = np.maximum(summary.extent, np.abs(means - summary.center).max(axis=0))
    with np.errstate(over="ignore"):
        if not np.isfinite(covariances.magnitude(reach)):
            raise DataError(
                "X: rows lie too many standard deviations from the mixture for float64 "
                f"arithmetic (furthest {reach.max():.3g} in column {reach.argmax()}); leave "
                "them out"
            )
