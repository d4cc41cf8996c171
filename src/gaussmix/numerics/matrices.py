"""Factors and axes of many small matrices at once, some of which may be without."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["axes_of", "factors_or_nan", "without_factor"]

# Where the narrowest direction is less than this share of the widest (in variance), rounding of
# the widest shows in it.
_GRADED = 1e-5
_MOST_SWEEPS = 60
# Columns are orthogonal where their cosine is less.
_ORTHOGONAL = 1e-15


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

    One-sided Jacobi (Hestenes 1958): columns are turned two at a time until all are orthogonal.
    A turn mixes what is in a row, and so keeps the digits of each feature in its own unit
    (Demmel & Veselic 1992).
    """
    columns = np.array(np.swapaxes(factors, 1, 2))  # a column of L is contiguous
    d = columns.shape[1]
    for _ in range(_MOST_SWEEPS):
        cosine = 0.0
        for left, right in _rounds(d):
            cosine = max(cosine, _turn(columns, left, right))
        if cosine <= d * _ORTHOGONAL:
            break
    lengths = np.linalg.norm(columns, axis=2)
    order = lengths.argsort(axis=1)
    lengths = np.take_along_axis(lengths, order, axis=1)
    columns = np.take_along_axis(columns, order[:, :, None], axis=1)
    return lengths**2, np.swapaxes(columns / lengths[:, :, None], 1, 2)


def _turn(columns: Array, left: AnyArray, right: AnyArray) -> float:
    """Make pairs of columns orthogonal; return the largest cosine that there was."""
    p, q = columns[:, left], columns[:, right]
    own, other = np.linalg.norm(p, axis=2), np.linalg.norm(q, axis=2)
    cosines = np.einsum("kij,kij->ki", p / own[:, :, None], q / other[:, :, None])
    largest = float(np.abs(cosines).max(initial=0.0))
    if largest == 0.0:
        return 0.0
    # Half the difference of squared lengths by the product of the columns.
    ratio = 0.5 * (other / own - own / other)
    with np.errstate(divide="ignore", over="ignore"):
        zeta = ratio / cosines
        tangent = np.copysign(1.0, zeta) / (np.abs(zeta) + np.hypot(1.0, zeta))
    tangent = np.where(cosines == 0.0, 0.0, tangent)[:, :, None]
    cosine = 1.0 / np.hypot(1.0, tangent)
    columns[:, left] = cosine * (p - tangent * q)
    columns[:, right] = cosine * (tangent * p + q)
    return largest


@lru_cache(maxsize=64)
def _rounds(d: int) -> list[tuple[AnyArray, AnyArray]]:
    """Return rounds of a tournament in which each two of d meet once, as pairs of places."""
    players = list(range(d + d % 2))
    half, found = len(players) // 2, []
    for _ in range(len(players) - 1):
        pairs = zip(players[:half], players[: half - 1 : -1], strict=True)
        met = np.array([sorted(pair) for pair in pairs if max(pair) < d], dtype=np.intp)
        found.append((met[:, 0], met[:, 1]))
        players = [players[0], players[-1], *players[1:-1]]
    return found
