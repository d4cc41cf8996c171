"""An E-step of incomplete rows, one pattern of missingness after the other, compiled by Numba.

Rows that miss the same features are whole rows of fewer features: what a component is for them
is found once, and loops run along the rows.  `order` are the places of rows by pattern, and
`bounds` where in it each pattern begins and ends.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..compiling import ANY_ORDER, compiled
from .loops import _compiled_exactly, _factorise

__all__ = ["add_patterns", "expect_patterns", "write_patterns"]

TILE = 256
# Of so few features products cost less than to choose the rows that matter.
_FEW = 12
# What adds less than rounding to any sum it enters, and the logarithm below which exp() does.
_NEGLIGIBLE, _NEGLIGIBLE_LOG = 1e-20, -50.0
_LOG_2PI = math.log(2.0 * math.pi)
_compiled_in_any_order = compiled(frozenset(ANY_ORDER - {"nnan", "ninf"}))


@_compiled_exactly
def _whiten(covariance: Any, seen: Any, n_seen: int, block: Any, inverse: Any) -> float:
    """Write the inverse of the Cholesky factor of S_oo; return log |S_oo|."""
    for a in range(n_seen):
        for b in range(a + 1):
            block[a, b] = covariance[seen[a], seen[b]]
    log_det = _factorise(block, n_seen)
    for a in range(n_seen):
        inverse[a, a] = 1.0 / block[a, a]
        for i in range(a + 1, n_seen):
            total = 0.0
            for t in range(a, i):
                total -= block[i, t] * inverse[t, a]
            inverse[i, a] = total / block[i, i]
    return log_det


@_compiled_exactly
def _features(mask: Any, seen: Any, missing: Any) -> int:
    """Write which features a pattern sees, and which not; return how many it sees."""
    n_seen = 0
    n_missing = 0
    for j in range(len(mask)):
        if mask[j]:
            seen[n_seen] = j
            n_seen += 1
        else:
            missing[n_missing] = j
            n_missing += 1
    return n_seen


@_compiled_exactly
def _take(rows: Any, order: Any, first: int, m: int, seen: Any, n_seen: int, out: Any) -> None:
    """Write what is seen of some rows, feature by feature."""
    for i in range(m):
        row = rows[order[first + i]]
        for a in range(n_seen):
            out[a, i] = row[seen[a]]


@_compiled_in_any_order
def _distances(white: Any, z: Any, n_seen: int, m: int, one: Any, out: Any) -> None:
    """Write squared norms of W z, W lower triangular."""
    for i in range(m):
        out[i] = 0.0
    for a in range(n_seen):
        w = white[a]
        for i in range(m):
            one[i] = 0.0
        b = 0
        while b + 4 <= a + 1:
            w0, w1, w2, w3 = w[b], w[b + 1], w[b + 2], w[b + 3]
            for i in range(m):
                one[i] += w0 * z[b, i] + w1 * z[b + 1, i] + w2 * z[b + 2, i] + w3 * z[b + 3, i]
            b += 4
        while b <= a:
            w0 = w[b]
            for i in range(m):
                one[i] += w0 * z[b, i]
            b += 1
        for i in range(m):
            out[i] += one[i] * one[i]


@_compiled_exactly
def write_patterns(
    rows: Any,
    order: Any,
    bounds: Any,
    masks: Any,
    means: Any,
    covariances: Any,
    log_weights: Any,
    out: Any,
) -> None:
    """Write log-joint densities of what is seen of rows, at their places in `out` (J, B)."""
    n_components, d = means.shape
    seen, missing = np.empty(d, np.int64), np.empty(d, np.int64)
    block, white = np.empty((d, d)), np.zeros((n_components, d, d))
    constants = np.empty(n_components)
    x, z = np.empty((d, TILE)), np.empty((d, TILE))
    one, distances = np.empty(TILE), np.empty(TILE)
    for u in range(len(masks)):
        n_seen = _features(masks[u], seen, missing)
        for k in range(n_components):
            log_det = _whiten(covariances[k], seen, n_seen, block, white[k])
            constants[k] = log_weights[k] - 0.5 * (n_seen * _LOG_2PI + log_det)
        for first in range(bounds[u], bounds[u + 1], TILE):
            m = min(TILE, bounds[u + 1] - first)
            _take(rows, order, first, m, seen, n_seen, x)
            for k in range(n_components):
                for a in range(n_seen):
                    mean = means[k, seen[a]]
                    for i in range(m):
                        z[a, i] = x[a, i] - mean
                _distances(white[k], z, n_seen, m, one, distances)
                own, constant = out[k], constants[k]
                for i in range(m):
                    own[order[first + i]] = constant - 0.5 * distances[i]


@_compiled_in_any_order
def _add_tile(
    z: Any, masses: Any, n_seen: int, m: int, one: Any, shifts: Any, squares: Any
) -> float:
    """Add sums of z and the lower triangle of sums of z z' under masses; return their sum."""
    count = 0.0
    for i in range(m):
        count += masses[i]
    for a in range(n_seen):
        total = 0.0
        for i in range(m):
            one[i] = masses[i] * z[a, i]
            total += one[i]
        shifts[a] += total
        for b in range(a + 1):
            total = 0.0
            for i in range(m):
                total += one[i] * z[b, i]
            squares[a, b] += total
    return count


@_compiled_exactly
def _complete(
    covariance: Any,
    seen: Any,
    n_seen: int,
    missing: Any,
    n_missing: int,
    count: float,
    shifts: Any,
    squares: Any,
    block: Any,
    white: Any,
    scratch: Any,
    out_shifts: Any,
    out: Any,
) -> None:
    """Add sums of what is seen, and of what is expected of the rest, to those of whole rows.

    `squares` (n_seen, n_seen) and `out` (d, d) are lower triangles.
    """
    for a in range(n_seen):
        out_shifts[seen[a]] += shifts[a]
        for b in range(a + 1):
            out[seen[a], seen[b]] += squares[a, b]
            squares[b, a] = squares[a, b]
    if n_missing == 0:
        return
    _whiten(covariance, seen, n_seen, block, white)
    halves, gains, carried = scratch[0], scratch[1], scratch[2]
    for q in range(n_missing):
        j = missing[q]
        for a in range(n_seen):
            total = 0.0
            for b in range(a + 1):
                total += white[a, b] * covariance[j, seen[b]]
            halves[q, a] = total
        for a in range(n_seen):
            total = 0.0
            for b in range(a, n_seen):
                total += white[b, a] * halves[q, b]
            gains[q, a] = total
        for a in range(n_seen):
            total = 0.0
            for b in range(n_seen):
                total += gains[q, b] * squares[b, a]
            carried[q, a] = total
            out_shifts[j] += gains[q, a] * shifts[a]
            s = seen[a]
            out[max(j, s), min(j, s)] += total
        for p in range(q + 1):
            total = covariance[j, missing[p]]
            moved = 0.0
            for a in range(n_seen):
                total -= halves[q, a] * halves[p, a]
                moved += carried[q, a] * gains[p, a]
            out[j, missing[p]] += count * total + moved


@_compiled_exactly
def _own(
    x: Any,
    mass: Any,
    order: Any,
    first: int,
    m: int,
    mean: Any,
    seen: Any,
    n_seen: int,
    threshold: float,
    masses: Any,
    z: Any,
) -> int:
    """Write rows of a tile less a component's mean, and their masses; return how many there are."""
    if n_seen < _FEW:
        for i in range(m):
            masses[i] = mass[order[first + i]]
        for a in range(n_seen):
            middle = mean[seen[a]]
            for i in range(m):
                z[a, i] = x[a, i] - middle
        return m
    kept = 0  # only rows that matter to the component
    for i in range(m):
        value = mass[order[first + i]]
        if value > threshold:
            masses[kept] = value
            for a in range(n_seen):
                z[a, kept] = x[a, i] - mean[seen[a]]
            kept += 1
    return kept


@_compiled_exactly
def add_patterns(
    rows: Any,
    order: Any,
    bounds: Any,
    masks: Any,
    means: Any,
    covariances: Any,
    masses: Any,
    threshold: float,
    counts: Any,
    shifts: Any,
    scatters: Any,
) -> None:
    """Add what is expected of rows under masses (J, B): lower triangles of scatters."""
    n_components, d = means.shape
    seen, missing = np.empty(d, np.int64), np.empty(d, np.int64)
    block, white = np.empty((d, d)), np.zeros((d, d))
    scratch = np.empty((3, d, d))
    x, z, one, own = np.empty((d, TILE)), np.empty((d, TILE)), np.empty(TILE), np.empty(TILE)
    own_counts = np.empty(n_components)
    own_shifts, own_squares = np.empty((n_components, d)), np.empty((n_components, d, d))
    for u in range(len(masks)):
        n_seen = _features(masks[u], seen, missing)
        own_counts[:] = 0.0
        own_shifts[:] = 0.0
        own_squares[:] = 0.0
        for first in range(bounds[u], bounds[u + 1], TILE):
            m = min(TILE, bounds[u + 1] - first)
            _take(rows, order, first, m, seen, n_seen, x)
            for k in range(n_components):
                kept = _own(
                    x, masses[k], order, first, m, means[k], seen, n_seen, threshold, own, z
                )
                if kept:
                    own_counts[k] += _add_tile(
                        z, own, n_seen, kept, one, own_shifts[k], own_squares[k]
                    )
        for k in range(n_components):
            if own_counts[k] > 0.0:
                counts[k] += own_counts[k]
                _complete(
                    covariances[k],
                    seen,
                    n_seen,
                    missing,
                    d - n_seen,
                    own_counts[k],
                    own_shifts[k],
                    own_squares[k],
                    block,
                    white,
                    scratch,
                    shifts[k],
                    scatters[k],
                )


@_compiled_in_any_order
def _share(joint: Any, m: int, weights: Any, first: int, order: Any, largest: Any) -> float:
    """Turn log-joint densities of a tile (J, m) into masses; return the sum of log-densities."""
    value = 0.0
    for i in range(m):
        largest[i] = joint[0, i]
    for k in range(1, len(joint)):
        for i in range(m):
            largest[i] = max(largest[i], joint[k, i])
    for i in range(m):
        total = 0.0
        for k in range(len(joint)):
            below = joint[k, i] - largest[i]
            share = math.exp(below) if below > _NEGLIGIBLE_LOG else 0.0
            joint[k, i] = share
            total += share
        weight = weights[order[first + i]] if len(weights) else 1.0
        value += weight * (largest[i] + math.log(total))
        for k in range(len(joint)):
            joint[k, i] *= weight / total
    return value


@_compiled_exactly
def expect_patterns(
    rows: Any,
    order: Any,
    bounds: Any,
    masks: Any,
    means: Any,
    covariances: Any,
    log_weights: Any,
    weights: Any,
    counts: Any,
    shifts: Any,
    scatters: Any,
) -> float:
    """Do all of it for one mixture; return the log-likelihood.  No weights are an empty array."""
    n_components, d = means.shape
    seen, missing = np.empty(d, np.int64), np.empty(d, np.int64)
    block, scratch = np.empty((d, d)), np.empty((3, d, d))
    white, constants = np.zeros((n_components, d, d)), np.empty(n_components)
    x, z = np.empty((d, TILE)), np.empty((d, TILE))
    one, own, joint = np.empty(TILE), np.empty(TILE), np.empty((n_components, TILE))
    inside = np.arange(TILE)
    own_counts = np.empty(n_components)
    own_shifts, own_squares = np.empty((n_components, d)), np.empty((n_components, d, d))
    value = 0.0
    for u in range(len(masks)):
        n_seen = _features(masks[u], seen, missing)
        own_counts[:] = 0.0
        own_shifts[:] = 0.0
        own_squares[:] = 0.0
        for k in range(n_components):
            log_det = _whiten(covariances[k], seen, n_seen, block, white[k])
            constants[k] = log_weights[k] - 0.5 * (n_seen * _LOG_2PI + log_det)
        for first in range(bounds[u], bounds[u + 1], TILE):
            m = min(TILE, bounds[u + 1] - first)
            _take(rows, order, first, m, seen, n_seen, x)
            for k in range(n_components):
                for a in range(n_seen):
                    mean = means[k, seen[a]]
                    for i in range(m):
                        z[a, i] = x[a, i] - mean
                _distances(white[k], z, n_seen, m, one, own)
                for i in range(m):
                    joint[k, i] = constants[k] - 0.5 * own[i]
            value += _share(joint, m, weights, first, order, one)
            for k in range(n_components):
                kept = _own(x, joint[k], inside, 0, m, means[k], seen, n_seen, _NEGLIGIBLE, own, z)
                if kept:
                    own_counts[k] += _add_tile(
                        z, own, n_seen, kept, one, own_shifts[k], own_squares[k]
                    )
        for k in range(n_components):
            if own_counts[k] > 0.0:
                counts[k] += own_counts[k]
                _complete(
                    covariances[k],
                    seen,
                    n_seen,
                    missing,
                    d - n_seen,
                    own_counts[k],
                    own_shifts[k],
                    own_squares[k],
                    block,
                    white[k],
                    scratch,
                    shifts[k],
                    scatters[k],
                )
    return value
