"""Factors and axes of many small matrices at once, some of which may be without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["axes_of", "factors", "factors_or_nan", "inverse_factors", "squared", "without_factor"]

# Where the narrowest direction is less than this share of the widest (in variance), rounding of
# the widest shows in it.
_GRADED = 1e-5
# LAPACK's JOBA = 'F': accurate for any scaling of rows.
_ROWS_SCALED = 2
# Features from which a call for each triangle costs less than one for all that knows none
# (measured).
_TRIANGLES = 12
# So many matrices of so few features cost less than a call of LAPACK each (measured).
_TINY, _MANY = 6, 200
# Of so few features all that LAPACK does costs less done to all of them at once (measured).
_SMALLEST = 4


def factors(matrices: Array) -> Array:
    """Return lower Cholesky factors of symmetric matrices (K, d, d).

    Raises
    ------
    LinAlgError
        If one has none.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.matrices import factors
    >>> factors(np.array([[[4.0, 2.0], [2.0, 2.0]]])).tolist()
    [[[2.0, 0.0], [1.0, 1.0]]]
    """
    if not _are_many(matrices):
        return np.asarray(np.linalg.cholesky(matrices), dtype=np.float64)
    found, lost = _by_columns(matrices)
    if lost.any():
        raise np.linalg.LinAlgError("Matrix is not positive definite")
    return found


def _are_many(matrices: Array) -> bool:
    """Whether they are done at once: then there is a factor where `_by_columns` finds one."""
    return matrices.shape[1] <= _SMALLEST and len(matrices) >= _MANY


def _by_columns(matrices: Array) -> tuple[Array, AnyArray]:
    """Return factors, column by column of all of them, and which matrices (K,) have none.

    Those of matrices with NaN are NaN, as LAPACK's are; so are those of which there are none.
    """
    found, lost = _last(np.zeros_like(matrices)), np.zeros(len(matrices), dtype=bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for j, column in enumerate(_last(matrices).swapaxes(0, 1)):
            own = found[j:, j]
            own[...] = column[j:]
            for m in range(j):
                own -= found[j:, m] * found[j, m]
            lost |= own[0] <= 0.0
            own /= np.sqrt(np.where(lost, np.nan, own[0]))
    found[:, :, lost] = np.nan
    return _first(found), lost


def _last(matrices: Array) -> Array:
    """Return matrices (K, d, d) as (d, d, K): what is done to all is done to long rows."""
    return np.ascontiguousarray(matrices.transpose(1, 2, 0))


def _first(matrices: Array) -> Array:
    return np.ascontiguousarray(matrices.transpose(2, 0, 1))


def squared(factors: Array) -> Array:
    """Return L'L of lower triangular matrices L (K, d, d).

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.matrices import squared
    >>> squared(np.array([[[2.0, 0.0], [1.0, 1.0]]])).tolist()
    [[[5.0, 1.0], [1.0, 1.0]]]
    """
    d = factors.shape[-1]
    if not _are_many(factors):
        return np.asarray(np.swapaxes(factors, 1, 2) @ factors)
    rows, found = _last(factors), np.empty((d, d, len(factors)))
    for i in range(d):
        for j in range(i + 1):
            own = rows[i, i] * rows[i, j]
            for m in range(i + 1, d):
                own += rows[m, i] * rows[m, j]
            found[i, j] = found[j, i] = own
    return _first(found)


def factors_or_nan(matrices: Array) -> Array:
    """Return lower Cholesky factors of symmetric matrices (K, d, d), NaN where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.matrices import factors_or_nan
    >>> factors_or_nan(np.array([[[4.0]], [[-1.0]]])).ravel().tolist()
    [2.0, nan]
    """
    if _are_many(matrices):
        return _by_columns(matrices)[0]
    try:
        return factors(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
    # One of them stops the others: halves tell in few calls which.
    half = len(matrices) // 2
    return np.concatenate([factors_or_nan(matrices[:half]), factors_or_nan(matrices[half:])])


def inverse_factors(factors: Array) -> Array:
    """Return the inverses of lower triangular matrices (K, d, d).

    Raises
    ------
    LinAlgError
        If one has none.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.matrices import inverse_factors
    >>> inverse_factors(np.array([[[2.0, 0.0], [1.0, 1.0]]])).tolist()
    [[[0.5, 0.0], [-0.5, 1.0]]]
    """
    if factors.shape[-1] <= _TINY and len(factors) >= _MANY:
        return _forward(factors)
    if factors.shape[-1] < _TRIANGLES:
        return np.asarray(np.linalg.inv(factors), dtype=np.float64)
    from scipy.linalg.lapack import dtrtri

    found = np.empty_like(factors)
    for own, factor in zip(found, factors, strict=True):
        # LAPACK's arrays are column by column: there the lower triangle is an upper one.
        inverse, failed = dtrtri(factor.T)
        if failed:
            raise np.linalg.LinAlgError("Singular matrix")
        own[...] = inverse.T
    return found


def _forward(factors: Array) -> Array:
    """Return the same, row by row of all of them."""
    found = np.zeros_like(factors)
    for i in range(factors.shape[-1]):
        own = factors[:, i, i]
        if not own.all():
            raise np.linalg.LinAlgError("Singular matrix")
        inverse = 1.0 / own
        found[:, i, i] = inverse
        if i:
            cross = np.einsum("km,kmj->kj", factors[:, i, :i], found[:, :i, :i])
            found[:, i, :i] = -cross * inverse[:, None]
    return found


def without_factor(matrices: Array) -> AnyArray:
    """Say which symmetric matrices (K, d, d) are not positive definite."""
    return np.asarray(np.isnan(factors_or_nan(matrices)[:, 0, 0]))


def axes_of(matrices: Array) -> tuple[Array, Array]:
    """Return eigenvalues (K, d), ascending, and eigenvectors (K, d, d), in columns.

    Of positive definite matrices those of narrow directions have as many digits as those of
    wide ones, however far apart the units of the features are.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.matrices import axes_of
    >>> units = np.array([1e-9, 1e9])
    >>> values, _ = axes_of(np.array([[[2.0, 1.0], [1.0, 3.0]]]) * np.outer(units, units))
    >>> bool(np.isclose(values.prod(), 5.0, rtol=1e-14, atol=0.0))
    True
    """
    values, vectors = np.linalg.eigh(matrices)
    graded = np.flatnonzero(values[:, 0] < _GRADED * values[:, -1])
    if len(graded):
        factors = factors_or_nan(matrices[graded])
        definite = ~np.isnan(factors[:, 0, 0])
        if definite.any():
            found = _axes_of_factors(factors[definite])
            values[graded[definite]], vectors[graded[definite]] = found
    return values, vectors


def _axes_of_factors(factors: Array) -> tuple[Array, Array]:
    """Return the eigenvalues and eigenvectors of L L' for factors L (K, d, d).

    By LAPACK's preconditioned Jacobi method, which keeps the digits of each feature in its own
    unit (Drmac & Veselic 2008): L is a diagonal matrix times a well-conditioned one.
    """
    from scipy.linalg.lapack import dgejsv

    values, vectors = np.empty(factors.shape[:2]), np.empty_like(factors)
    for k, factor in enumerate(factors):
        lengths, left, _, scales, *_ = dgejsv(factor, joba=_ROWS_SCALED, jobr=0)
        values[k] = (lengths[::-1] * (scales[0] / scales[1])) ** 2
        vectors[k] = left[:, ::-1]
    return values, vectors
