"""Factors of many small matrices at once, some of which may have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["factors_or_nan", "without_factor"]


def factors_or_nan(matrices: Array) -> Array:
    """Return lower Cholesky factors of symmetric matrices (K, d, d), NaN where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.matrices import factors_or_nan
    >>> factors_or_nan(np.array([[[4.0]], [[-1.0]]])).ravel().tolist()
    [2.0, nan]
    """
    try:
        return np.asarray(np.linalg.cholesky(matrices), dtype=np.float64)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
    # One of them stops the others: halves tell in few calls which.
    half = len(matrices) // 2
    return np.concatenate([factors_or_nan(matrices[:half]), factors_or_nan(matrices[half:])])


def without_factor(matrices: Array) -> AnyArray:
    """Say which symmetric matrices (K, d, d) are not positive definite."""
    return np.asarray(np.isnan(factors_or_nan(matrices)[:, 0, 0]))
