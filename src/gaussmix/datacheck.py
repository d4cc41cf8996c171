"""Whether data can support a fit at all, told before the first iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .exceptions import DataError
from .moments import PRODUCTS
from .validation import column_label, require_bounded, require_wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import AnyArray, Array
    from .mixture import Mixture
    from .mstep import Constraints
    from .summary import DataSummary

__all__ = ["check_data", "require_near"]


def check_data(
    summary: DataSummary,
    constraints: Constraints,
    names: Sequence[str] | None,
    rows: AnyArray,
) -> None:
    """Raise DataError if a column is unusable, naming it.

    `rows` is a sample (m, d) of the data; all values are finite.
    """
    require_bounded(summary, names)
    require_wide(summary, names)
    total = constraints.regularised(summary.total)
    assert total.scatters is not None
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
        _refuse_duplicates(total.scatters[0], rows, names)


def _refuse_duplicates(scatter: Array, rows: AnyArray, names: Sequence[str] | None) -> None:
    """Raise if two columns determine each other; other dependencies are left to the floor."""
    scale = np.sqrt(np.diagonal(scatter))
    excess = 1.0 - np.abs(np.triu(scatter / np.outer(scale, scale), 1))
    # One far row can make any two columns correlate: most rows must lie on the line too.
    pairs = [(i, j) for i, j in np.argwhere(excess < 1e-10) if _on_a_line(rows[:, i], rows[:, j])]
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


def _on_a_line(x: AnyArray, y: AnyArray) -> bool:
    """Whether the middle half of the rows lie on the line through all of them."""
    residual = y - x * (x @ y) / (x @ x)
    low, high = np.quantile(residual, [0.25, 0.75])
    spread = np.subtract(*np.quantile(y, [0.75, 0.25]))
    return bool(spread > 0 and high - low <= 1e-6 * spread)


def require_near(mixture: Mixture, summary: DataSummary) -> None:
    """Raise DataError if the distances of rows from the mixture overflow."""
    reach = np.maximum(summary.extent, np.abs(mixture.means - summary.center).max(axis=0))
    with np.errstate(over="ignore"):
        if not np.isfinite(mixture.covariances.magnitude(reach)):
            raise DataError(
                "X: rows lie too many standard deviations from the mixture for float64 "
                f"arithmetic (furthest {reach.max():.3g} in column {reach.argmax()}); leave "
                "them out"
            )
