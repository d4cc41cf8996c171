"""An E-step of incomplete rows, one row after the other, which Numba compiles.

Lower triangles of small matrices live in scratch of a call; nothing is allocated for a row.
See `base` and `precision` for the formulas.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..compiling import EXACT, compiled

__all__ = ["add", "write_joint"]

_LOG_2PI = math.log(2.0 * math.pi)
_compiled_exactly = compiled(frozenset(EXACT - {"nnan", "ninf"}))


@_compiled_exactly
def _factorise(matrix: Any, size: int) -> float:
    """Turn the lower triangle of a matrix into its Cholesky factor; return its log-determinant."""
    log_det = 0.0
    for j in range(size):
        pivot = matrix[j, j]
        for t in range(j):
            pivot -= matrix[j, t] * matrix[j, t]
        pivot = max(pivot, 1e-300)
        log_det += math.log(pivot)
        pivot = math.sqrt(pivot)
        matrix[j, j] = pivot
        for i in range(j + 1, size):
            total = matrix[i, j]
            for t in range(j):
                total -= matrix[i, t] * matrix[j, t]
            matrix[i, j] = total / pivot
    return log_det


@_compiled_exactly
def _split(row: Any, seen: Any, missing: Any) -> int:
    """Write which features of a row are seen, and which are not; return how many are."""
    n_seen = 0
    n_missing = 0
    for j in range(len(row)):
        if math.isnan(row[j]):
            missing[n_missing] = j
            n_missing += 1
        else:
            seen[n_seen] = j
            n_seen += 1
    return n_seen


@_compiled_exactly
def _by_precision(
    row: Any,
    mean: Any,
    precision: Any,
    factor: Any,
    seen: Any,
    n_seen: int,
    missing: Any,
    n_missing: int,
    centred: Any,
    white: Any,
    slopes: Any,
    block: Any,
) -> tuple[float, float]:
    """Write a row as it is expected, less the mean; return its distance, and log |P_mm|.

    `block` becomes the Cholesky factor of P_mm.
    """
    d = len(row)
    for j in range(d):
        centred[j] = 0.0
        white[j] = 0.0
    for a in range(n_seen):
        j = seen[a]
        centred[j] = row[j] - mean[j]
    first = seen[0] if n_seen else d
    distance = 0.0
    for i in range(first, d):
        total = 0.0
        for j in range(first, i + 1):
            total += factor[i, j] * centred[j]
        white[i] = total
        distance += total * total
    if n_missing == 0:
        return distance, 0.0
    for a in range(n_missing):
        for b in range(a + 1):
            block[a, b] = precision[missing[a], missing[b]]
    log_det = _factorise(block, n_missing)
    # The factor is solved once forward (what is subtracted), and once backward (the move).
    for a in range(n_missing):
        j = missing[a]
        total = 0.0
        for i in range(max(j, first), d):
            total += factor[i, j] * white[i]
        for b in range(a):
            total -= block[a, b] * slopes[b]
        slopes[a] = total / block[a, a]
        distance -= slopes[a] * slopes[a]
    for a in range(n_missing - 1, -1, -1):
        total = slopes[a]
        for b in range(a + 1, n_missing):
            total -= block[b, a] * slopes[b]
        slopes[a] = total / block[a, a]
        centred[missing[a]] = -slopes[a]
    return max(distance, 0.0), log_det


@_compiled_exactly
def _by_covariance(
    row: Any,
    mean: Any,
    covariance: Any,
    seen: Any,
    n_seen: int,
    missing: Any,
    n_missing: int,
    centred: Any,
    white: Any,
    block: Any,
) -> tuple[float, float]:
    """Do the same by S_oo; return the distance, and log |S_oo|.

    `block` becomes the Cholesky factor of S_oo.
    """
    for a in range(n_seen):
        for b in range(a + 1):
            block[a, b] = covariance[seen[a], seen[b]]
    log_det = _factorise(block, n_seen)
    distance = 0.0
    for a in range(n_seen):
        j = seen[a]
        centred[j] = row[j] - mean[j]
        total = centred[j]
        for b in range(a):
            total -= block[a, b] * white[b]
        white[a] = total / block[a, a]
        distance += white[a] * white[a]
    for a in range(n_seen - 1, -1, -1):
        total = white[a]
        for b in range(a + 1, n_seen):
            total -= block[b, a] * white[b]
        white[a] = total / block[a, a]
    for b in range(n_missing):
        j = missing[b]
        total = 0.0
        for a in range(n_seen):
            total += covariance[j, seen[a]] * white[a]
        centred[j] = total
    return distance, log_det


@_compiled_exactly
def write_joint(
    rows: Any,
    places: Any,
    means: Any,
    covariances: Any,
    precisions: Any,
    factors: Any,
    log_dets: Any,
    flat: Any,
    log_weights: Any,
    out: Any,
) -> None:
    """Write log-joint densities of what is seen of rows at some places into `out` (J, B)."""
    n_components, d = means.shape
    seen, missing = np.empty(d, np.int64), np.empty(d, np.int64)
    centred, white, slopes = np.empty(d), np.empty(d), np.empty(d)
    block = np.empty((d, d))
    for i in places:
        row = rows[i]
        n_seen = _split(row, seen, missing)
        n_missing = d - n_seen
        for k in range(n_components):
            if n_seen == 0:
                distance, log_det = 0.0, 0.0
            elif n_missing and (flat[k] or n_missing > n_seen):
                distance, log_det = _by_covariance(
                    row, means[k], covariances[k], seen, n_seen, missing, 0, centred, white, block
                )
            else:
                distance, log_det = _by_precision(
                    row,
                    means[k],
                    precisions[k],
                    factors[k],
                    seen,
                    n_seen,
                    missing,
                    n_missing,
                    centred,
                    white,
                    slopes,
                    block,
                )
                log_det += log_dets[k]
            out[k, i] = log_weights[k] - 0.5 * (n_seen * _LOG_2PI + log_det + distance)


@_compiled_exactly
def _add_rest(
    block: Any, missing: Any, n_missing: int, mass: float, inverse: Any, out: Any
) -> None:
    """Add mass times (L L')^-1, L = block, to the lower triangle of `out` at what is missing."""
    for a in range(n_missing):
        inverse[a, a] = 1.0 / block[a, a]
        for i in range(a + 1, n_missing):
            total = 0.0
            for t in range(a, i):
                total -= block[i, t] * inverse[t, a]
            inverse[i, a] = total / block[i, i]
    for a in range(n_missing):
        for b in range(a + 1):
            total = 0.0
            for t in range(a, n_missing):
                total += inverse[t, a] * inverse[t, b]
            out[missing[a], missing[b]] += mass * total


@_compiled_exactly
def _add_left(
    covariance: Any,
    block: Any,
    seen: Any,
    n_seen: int,
    missing: Any,
    n_missing: int,
    mass: float,
    slopes: Any,
    out: Any,
) -> None:
    """Add mass times S_mm - S_mo S_oo^-1 S_om, S_oo = L L', L = block."""
    for b in range(n_missing):
        for a in range(n_seen):
            total = covariance[seen[a], missing[b]]
            for t in range(a):
                total -= block[a, t] * slopes[b, t]
            slopes[b, a] = total / block[a, a]
        for c in range(b + 1):
            total = covariance[missing[b], missing[c]]
            for a in range(n_seen):
                total -= slopes[b, a] * slopes[c, a]
            out[missing[b], missing[c]] += mass * total


@_compiled_exactly
def add(
    rows: Any,
    places: Any,
    means: Any,
    covariances: Any,
    precisions: Any,
    factors: Any,
    log_dets: Any,
    flat: Any,
    masses: Any,
    threshold: float,
    counts: Any,
    shifts: Any,
    scatters: Any,
) -> None:
    """Add what is expected of rows at some places: lower triangles of scatters."""
    n_components, d = means.shape
    seen, missing = np.empty(d, np.int64), np.empty(d, np.int64)
    centred, white, slopes = np.empty(d), np.empty(d), np.empty(d)
    block, scratch = np.empty((d, d)), np.empty((d, d))
    for i in places:
        row = rows[i]
        n_seen = _split(row, seen, missing)
        n_missing = d - n_seen
        for k in range(n_components):
            mass = masses[k, i]
            if not mass > threshold:
                continue
            scatter = scatters[k]
            if n_missing and (flat[k] or n_missing > n_seen):
                _by_covariance(
                    row,
                    means[k],
                    covariances[k],
                    seen,
                    n_seen,
                    missing,
                    n_missing,
                    centred,
                    white,
                    block,
                )
                _add_left(
                    covariances[k],
                    block,
                    seen,
                    n_seen,
                    missing,
                    n_missing,
                    mass,
                    scratch,
                    scatter,
                )
            else:
                _by_precision(
                    row,
                    means[k],
                    precisions[k],
                    factors[k],
                    seen,
                    n_seen,
                    missing,
                    n_missing,
                    centred,
                    white,
                    slopes,
                    block,
                )
                _add_rest(block, missing, n_missing, mass, scratch, scatter)
            counts[k] += mass
            for a in range(d):
                weighted = mass * centred[a]
                shifts[k, a] += weighted
                for b in range(a + 1):
                    scatter[a, b] += weighted * centred[b]
