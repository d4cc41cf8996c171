"""Whether data can support a fit at all, told before the first iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .exceptions import DataError
from .moments import PRODUCTS
from .validation import column_label, require_bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import AnyArray
    from .families import Family
    from .mstep import Constraints
    from .summary import DataSummary

__all__ = ["check_data", "check_distinct_rows"]


def check_data(
    summary: DataSummary,
    family: Family,
    constraints: Constraints,
    names: Sequence[str] | None,
    rows: AnyArray,
) -> None:
    """Raise DataError if a column is unusable for this family, naming it.

    `rows` is a sample (m, d) of the data; all values are finite.
    """
    require_bounded(summary, names)
    covariances = family.estimate(summary.total).add_to_diagonal(constraints.reg_covar)
    variances = covariances.variances()[0]
    constant = np.flatnonzero((summary.minimum == summary.maximum) & ~(variances > 0))
    if len(constant):
        values = ", ".join(
            f"{column_label(int(j), names)} (always {summary.minimum[j]:g})" for j in constant[:5]
        )
        raise DataError(
            f"X: constant: {values}. A constant column has no variance to estimate: drop it, "
            "set reg_covar to a small positive number, or use covariance_type='spherical'"
        )
    singular = (variances > 0).all() and covariances.floored(constraints.floor)[1].any()
    if singular and summary.total.moment is PRODUCTS and len(rows) > 2:
        _refuse_duplicates(summary, names)


def _refuse_duplicates(summary: DataSummary, names: Sequence[str] | None) -> None:
    """Raise if two columns determine each other; other dependencies are left to the floor."""
    assert summary.total.scatters is not None
    scatter = summary.total.scatters[0]
    scale = np.sqrt(np.diagonal(scatter))
    excess = 1.0 - np.abs(np.triu(scatter / np.outer(scale, scale), 1))
    pairs = np.argwhere(excess < 1e-10)
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


def check_distinct_rows(rows: AnyArray, n_rows: int, n_components: int) -> None:
    """Raise DataError if there are fewer different rows (m, d) than components.

    `rows` is a sample of those of positive weight among `n_rows`.
    """
    if len(rows) < n_components:
        raise DataError(
            f"n_components: {n_components} components need at least as many rows; "
            f"X has n_samples = {len(rows)}"
            f"{'' if n_rows == len(rows) else ' of positive weight'}"
        )
    # Almost always the first rows suffice; only repetitive data are looked at in full.
    for some in (rows[: 10 * n_components + 100], rows):
        distinct = len(np.unique(some, axis=0))
        if distinct >= n_components:
            return
    raise DataError(
        f"n_components: {distinct} different rows cannot support {n_components} components; "
        f"use n_components <= {distinct}"
    )
