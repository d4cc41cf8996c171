"""Many small symmetric matrices at once, as rows of their upper triangles.

`packed` arrays are (d (d + 1) / 2, m): the entries (0, 0..d-1), (1, 1..d-1), ... of m
matrices, so that a formula for one matrix is a few long vector operations for all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ...components.moments import PRODUCTS

if TYPE_CHECKING:
    from ..._typing import Array

__all__ = ["log_determinants", "outer_products"]

# A pivot this small beside its own diagonal is rounding: the matrix is singular.
_SINGULAR = 8 * np.finfo(float).eps
# From this size on LAPACK's elimination of one matrix after another is faster (measured).
_LARGE = 12


def outer_products(vectors: Array) -> Array:
    """Return v v' for each of vectors (d, m)."""
    d, m = vectors.shape
    out = np.empty((PRODUCTS.n_terms(d), m))
    PRODUCTS.write(vectors, out)
    return out


def log_determinants(packed: Array, d: int) -> Array:
    """Return log-determinants (m,) of positive semi-definite matrices; -inf if singular.

    Overwrites `packed`.
    """
    if d >= _LARGE:
        return _by_lapack(packed, d)
    rows = _rows(packed, d)
    least = [_SINGULAR * row[0] for row in rows]
    pivots = np.empty((d, packed.shape[1]))
    for k, row in enumerate(rows):
        pivot = np.where(row[0] > least[k], row[0], np.nan)
        pivots[k] = pivot
        ratios = row[1:] / pivot
        for i in range(k + 1, d):
            rows[i] -= row[i - k :] * ratios[i - k - 1]
    sums = np.log(pivots, out=pivots).sum(axis=0)
    return np.where(np.isnan(sums), -np.inf, sums)


def _by_lapack(packed: Array, d: int) -> Array:
    i, j = np.triu_indices(d)
    dense = np.empty((packed.shape[1], d, d))
    dense[:, i, j] = dense[:, j, i] = packed.T
    signs, logs = np.linalg.slogdet(dense)
    return np.where(signs > 0, logs, -np.inf)


def _rows(packed: Array, d: int) -> list[Array]:
    """Return views (d - i, m) of the rows of the triangles."""
    return [packed[begin:end] for begin, end in _ends(d)]


@lru_cache(maxsize=16)
def _ends(d: int) -> list[tuple[int, int]]:
    ends = np.cumsum(np.arange(d, 0, -1)).tolist()
    return [(end - d + i, end) for i, end in enumerate(ends)]
