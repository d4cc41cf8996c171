"""An E-step of incomplete rows, one pattern of missingness after the other, compiled by Numba.

What a component is for rows that miss the same features is found once, and loops run along the
rows (see `tiles`).  `order` are the places of rows by pattern, and `bounds` where in it each
pattern begins and ends.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .loops import _compiled_exactly
from .tiles import (
    TILE,
    add_tile,
    complete,
    features,
    share,
    squared_norms,
    take,
    whiten,
    without_mean,
)

__all__ = ["TILE", "add_patterns", "expect_patterns", "write_patterns"]

# What adds less than rounding to any sum it enters.
_NEGLIGIBLE = 1e-20
# Stands for the logarithm of a weight that is 0.
_NOWHERE = -1e30
_LOG_2PI = math.log(2.0 * math.pi)


@_compiled_exactly
def _open_pattern(
    mask: Any,
    covariances: Any,
    log_weights: Any,
    seen: Any,
    missing: Any,
    block: Any,
    white: Any,
    constants: Any,
) -> int:
    """Write what components are for a pattern: whitening, log-joint densities at the means."""
    n_seen = features(mask, seen, missing)
    for k in range(len(log_weights)):
        log_det = whiten(covariances[k], seen, n_seen, block, white[k])
        log_weight = max(log_weights[k], _NOWHERE)
        constants[k] = log_weight - 0.5 * (n_seen * _LOG_2PI + log_det)
    return n_seen


@_compiled_exactly
def _write_tile(
    x: Any,
    m: int,
    means: Any,
    white: Any,
    constants: Any,
    seen: Any,
    n_seen: int,
    z: Any,
    one: Any,
    joint: Any,
) -> None:
    """Write log-joint densities of a tile (J, m)."""
    for k in range(len(means)):
        for a in range(n_seen):
            mean = means[k, seen[a]]
            for i in range(m):
                z[a, i] = x[a, i] - mean
        own, constant = joint[k], constants[k]
        squared_norms(white[k], z, n_seen, m, one, own)
        for i in range(m):
            own[i] = constant - 0.5 * own[i]


@_compiled_exactly
def _add_tiles(
    x: Any,
    m: int,
    masses: Any,
    places: Any,
    first: int,
    means: Any,
    seen: Any,
    n_seen: int,
    threshold: float,
    z: Any,
    one: Any,
    own: Any,
    counts: Any,
    shifts: Any,
    squares: Any,
) -> None:
    """Add the sums of a tile under each component to those of its pattern."""
    for k in range(len(means)):
        kept = without_mean(
            x, masses[k], places, first, m, means[k], seen, n_seen, threshold, own, z
        )
        if kept:
            counts[k] += add_tile(z, own, n_seen, kept, one, shifts[k], squares[k])


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
    one, joint = np.empty(TILE), np.empty((n_components, TILE))
    for u in range(len(masks)):
        n_seen = _open_pattern(
            masks[u], covariances, log_weights, seen, missing, block, white, constants
        )
        for first in range(bounds[u], bounds[u + 1], TILE):
            m = min(TILE, bounds[u + 1] - first)
            take(rows, order, first, m, seen, n_seen, x)
            _write_tile(x, m, means, white, constants, seen, n_seen, z, one, joint)
            for k in range(n_components):
                for i in range(m):
                    out[k, order[first + i]] = joint[k, i]


@_compiled_exactly
def _close_pattern(
    covariances: Any,
    white: Any,
    seen: Any,
    n_seen: int,
    missing: Any,
    counts: Any,
    shifts: Any,
    squares: Any,
    scratch: Any,
    out_counts: Any,
    out_shifts: Any,
    out: Any,
) -> None:
    """Add what is expected of the rows of a pattern to sums of whole rows; empty its own."""
    n_missing = covariances.shape[1] - n_seen
    for k in range(len(counts)):
        if counts[k] > 0.0:
            out_counts[k] += counts[k]
            complete(
                covariances[k],
                white[k],
                seen,
                n_seen,
                missing,
                n_missing,
                counts[k],
                shifts[k],
                squares[k],
                scratch,
                out_shifts[k],
                out[k],
            )
    counts[:] = 0.0
    shifts[:] = 0.0
    squares[:] = 0.0


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
    block, scratch = np.empty((d, d)), np.empty((3, d, d))
    white = np.zeros((n_components, d, d))
    x, z, one, own = np.empty((d, TILE)), np.empty((d, TILE)), np.empty(TILE), np.empty(TILE)
    sums = np.zeros(n_components), np.zeros((n_components, d)), np.zeros((n_components, d, d))
    for u in range(len(masks)):
        n_seen = features(masks[u], seen, missing)
        for first in range(bounds[u], bounds[u + 1], TILE):
            m = min(TILE, bounds[u + 1] - first)
            take(rows, order, first, m, seen, n_seen, x)
            _add_tiles(
                x,
                m,
                masses,
                order,
                first,
                means,
                seen,
                n_seen,
                threshold,
                z,
                one,
                own,
                sums[0],
                sums[1],
                sums[2],
            )
        for k in range(n_components):
            if n_seen < d and sums[0][k] > 0.0:
                whiten(covariances[k], seen, n_seen, block, white[k])
        _close_pattern(
            covariances,
            white,
            seen,
            n_seen,
            missing,
            sums[0],
            sums[1],
            sums[2],
            scratch,
            counts,
            shifts,
            scatters,
        )


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
    terms: Any,
    memory: Any,
    counts: Any,
    shifts: Any,
    scatters: Any,
) -> float:
    """Do all of it for one mixture; return the log-likelihood.  No weights are an empty array.

    `terms` are what exponentials need; `memory` is scratch (2, TILE), as numbers and as integers.
    """
    n_components, d = means.shape
    seen, missing = np.empty(d, np.int64), np.empty(d, np.int64)
    block, scratch = np.empty((d, d)), np.empty((3, d, d))
    white, constants = np.zeros((n_components, d, d)), np.empty(n_components)
    x, z = np.empty((d, TILE)), np.empty((d, TILE))
    one, own, joint = np.empty(TILE), np.empty(TILE), np.empty((n_components, TILE))
    inside = np.arange(TILE)
    sums = np.zeros(n_components), np.zeros((n_components, d)), np.zeros((n_components, d, d))
    value = 0.0
    for u in range(len(masks)):
        n_seen = _open_pattern(
            masks[u], covariances, log_weights, seen, missing, block, white, constants
        )
        for first in range(bounds[u], bounds[u + 1], TILE):
            m = min(TILE, bounds[u + 1] - first)
            take(rows, order, first, m, seen, n_seen, x)
            _write_tile(x, m, means, white, constants, seen, n_seen, z, one, joint)
            value += share(joint, m, weights, order, first, terms, memory, one, own)
            _add_tiles(
                x,
                m,
                joint,
                inside,
                0,
                means,
                seen,
                n_seen,
                _NEGLIGIBLE,
                z,
                one,
                own,
                sums[0],
                sums[1],
                sums[2],
            )
        _close_pattern(
            covariances,
            white,
            seen,
            n_seen,
            missing,
            sums[0],
            sums[1],
            sums[2],
            scratch,
            counts,
            shifts,
            scatters,
        )
    return value
