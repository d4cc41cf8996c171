"""An E-step of measured rows, in tiles of rows side by side, which Numba compiles.

Lower triangles of small matrices are stored row by row, rows of the data last: all loops over a
tile are over neighbours in memory, and of one length.  See `base` for the formulas.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..compiling import EXACT, compiled

__all__ = ["add", "write_distances"]

_TILE = 64
_LOG_2 = math.log(2.0)
# As in `tiles`.
_LEAST_SHARE = 1e-15
_TINY = 1e-300
# Bits of a float64.
_SHIFT, _BIAS = np.int64(52), np.int64(1023)
_FRACTION, _ONE = np.int64(2**52 - 1), np.int64(1023 << 52)

_compiled_exactly = compiled(frozenset(EXACT - {"nnan", "ninf"}))


@_compiled_exactly
def _scratch(e: int, d: int, projected: bool) -> Any:
    """Return the arrays of a tile: y, its errors, what is missing, R; T, y - R mu, R V, rest."""
    size = e * d if projected else 0
    return (
        np.empty((e, _TILE)),
        np.empty((e * (e + 1) // 2, _TILE)),
        np.empty((e, _TILE)),
        np.empty((size, _TILE)),
        np.empty((e * (e + 1) // 2, _TILE)),
        np.empty((e, _TILE)),
        np.empty((e * d, _TILE)),
        np.empty((4, _TILE)),
    )


@_compiled_exactly
def _load(values: Any, errors: Any, projections: Any, i: int, b: int, scratch: Any) -> bool:
    """Put a row in its place of a tile; return whether something of it is missing."""
    y, gone = scratch[0], scratch[2]
    holes = False
    for j in range(values.shape[1]):
        missing = math.isnan(values[i, j])
        holes |= missing
        gone[j, b] = 1.0 if missing else 0.0
        y[j, b] = 0.0 if missing else values[i, j]
    _load_errors(errors, i, b, scratch[1], gone)
    if len(projections):
        own = projections[i if len(projections) > 1 else 0]
        e, d = own.shape
        for j in range(e):
            for c in range(d):
                scratch[3][j * d + c, b] = 0.0 if gone[j, b] > 0.0 else own[j, c]
    return holes


@_compiled_exactly
def _load_errors(errors: Any, i: int, b: int, spread: Any, gone: Any) -> None:
    """Put the errors of a row in their place: 1 where nothing is seen."""
    e = len(gone)
    own = errors[i if len(errors) > 1 else 0]
    diagonal = len(own) == e
    for j in range(e):
        first = j * (j + 1) // 2
        for t in range(j):
            hidden = diagonal or gone[j, b] > 0.0 or gone[t, b] > 0.0
            spread[first + t, b] = 0.0 if hidden else own[first + t]
        variance = own[j] if diagonal else own[first + j]
        spread[first + j, b] = 1.0 if gone[j, b] > 0.0 else variance


@_compiled_exactly
def _copy(scratch: Any, last: int) -> None:
    """Fill the places behind the last row of a tile with that one."""
    for part in scratch[:4]:
        for j in range(len(part)):
            for b in range(last + 1, _TILE):
                part[j, b] = part[j, last]


@_compiled_exactly
def _hide(scratch: Any, mean: Any, covariance: Any, holes: bool, projected: bool) -> None:
    """Write T and y - R mu of a tile under a component; R V too where that is not V."""
    if projected:
        _project(scratch, mean, covariance)
        return
    y, spread, gone, _, total, white, _, _ = scratch
    for j in range(len(y)):
        first = j * (j + 1) // 2
        middle = mean[j]
        for b in range(_TILE):
            white[j, b] = y[j, b] - middle
        for t in range(j + 1):
            value = covariance[j, t]
            for b in range(_TILE):
                total[first + t, b] = spread[first + t, b] + value
    if holes:
        _uncover(spread, gone, total, white)


@_compiled_exactly
def _uncover(spread: Any, gone: Any, total: Any, white: Any) -> None:
    """Take out of T and y - mu what is missing."""
    for j in range(len(white)):
        first = j * (j + 1) // 2
        for b in range(_TILE):
            white[j, b] *= 1.0 - gone[j, b]
        for t in range(j + 1):
            for b in range(_TILE):
                if gone[j, b] > 0.0 or gone[t, b] > 0.0:
                    total[first + t, b] = spread[first + t, b]


@_compiled_exactly
def _project(scratch: Any, mean: Any, covariance: Any) -> None:
    """Write the same, and R V, where R is not the identity."""
    y, spread, _, turned, total, white, hidden, _ = scratch
    e, d = len(y), len(mean)
    white[:] = y
    total[:] = spread
    hidden[:] = 0.0
    for j in range(e):
        for c in range(d):
            for b in range(_TILE):
                white[j, b] -= turned[j * d + c, b] * mean[c]
            for a in range(d):
                for b in range(_TILE):
                    hidden[j * d + c, b] += turned[j * d + a, b] * covariance[a, c]
        first = j * (j + 1) // 2
        for t in range(j + 1):
            for c in range(d):
                for b in range(_TILE):
                    total[first + t, b] += hidden[j * d + c, b] * turned[t * d + c, b]


@_compiled_exactly
def _factorise(total: Any, white: Any, rest: Any) -> None:
    """Turn T into its factor L, with inverses on the diagonal, and y - R mu into L^-1 of it.

    `rest` gets, of each row, the squared norm of that plus the exponent of the determinant times
    log 2, and the mantissa of the determinant.
    """
    e = len(white)
    inverse, least = rest[2], rest[3]
    bits = rest[1].view(np.int64)
    for b in range(_TILE):
        rest[0, b] = 0.0
        rest[1, b] = 1.0
    for j in range(e):
        own = j * (j + 1) // 2
        for b in range(_TILE):
            least[b] = max(_LEAST_SHARE * total[own + j, b], _TINY)
        for t in range(j):
            for b in range(_TILE):
                total[own + j, b] -= total[own + t, b] * total[own + t, b]
                white[j, b] -= total[own + t, b] * white[t, b]
        for b in range(_TILE):
            pivot = max(total[own + j, b], least[b])
            rest[1, b] *= pivot
            inverse[b] = 1.0 / math.sqrt(pivot)
            total[own + j, b] = inverse[b]
        for b in range(_TILE):
            white[j, b] *= inverse[b]
            rest[0, b] += white[j, b] * white[j, b] + _LOG_2 * float((bits[b] >> _SHIFT) - _BIAS)
            bits[b] = (bits[b] & _FRACTION) | _ONE
        for i in range(j + 1, e):
            other = i * (i + 1) // 2
            for t in range(j):
                for b in range(_TILE):
                    total[other + j, b] -= total[other + t, b] * total[own + t, b]
            for b in range(_TILE):
                total[other + j, b] *= inverse[b]


@_compiled_exactly
def write_distances(
    values: Any,
    errors: Any,
    projections: Any,
    means: Any,
    covariances: Any,
    out: Any,
    mantissas: Any,
) -> None:
    """Write squared distances of rows plus log-determinants (K, B), less logs of the mantissas."""
    n_rows, e = values.shape
    projected = len(projections) > 0
    scratch = _scratch(e, means.shape[1], projected)
    total, white, rest = scratch[4], scratch[5], scratch[7]
    for first in range(0, n_rows, _TILE):
        count = min(_TILE, n_rows - first)
        holes = False
        for b in range(count):
            holes |= _load(values, errors, projections, first + b, b, scratch)
        _copy(scratch, count - 1)
        for k in range(len(means)):
            _hide(scratch, means[k], covariances[k], holes, projected)
            _factorise(total, white, rest)
            for b in range(count):
                out[k, first + b] = rest[0, b]
                mantissas[k, first + b] = rest[1, b]


@_compiled_exactly
def _carry(scratch: Any, covariance: Any, holes: bool, projected: bool) -> None:
    """Turn R V of a tile into L^-1 R V."""
    gone, total, hidden = scratch[2], scratch[4], scratch[6]
    e, d = len(gone), len(covariance)
    for j in range(e):
        own = j * (j + 1) // 2
        for c in range(d):
            place = j * d + c
            if not projected:
                hidden[place] = covariance[j, c]
                if holes:
                    for b in range(_TILE):
                        hidden[place, b] *= 1.0 - gone[j, b]
            for t in range(j):
                for b in range(_TILE):
                    hidden[place, b] -= total[own + t, b] * hidden[t * d + c, b]
            for b in range(_TILE):
                hidden[place, b] *= total[own + j, b]


@_compiled_exactly
def _gather(scratch: Any, weights: Any, shifts: Any, scatters: Any) -> None:
    """Add a tile's rows, place by place; the second half of `shifts` is scratch."""
    white, hidden, gained = scratch[5], scratch[6], scratch[7][1]
    e = len(white)
    d = len(shifts) // 2
    for c in range(d):
        moved = shifts[d + c]
        moved[:] = 0.0
        for j in range(e):
            for b in range(_TILE):
                moved[b] += hidden[j * d + c, b] * white[j, b]
        for b in range(_TILE):
            shifts[c, b] += weights[b] * moved[b]
        first = c * (c + 1) // 2
        for a in range(c + 1):
            for b in range(_TILE):
                gained[b] = moved[b] * shifts[d + a, b]
            for j in range(e):
                for b in range(_TILE):
                    gained[b] -= hidden[j * d + c, b] * hidden[j * d + a, b]
            for b in range(_TILE):
                scatters[first + a, b] += weights[b] * gained[b]


@_compiled_exactly
def add(
    values: Any,
    errors: Any,
    projections: Any,
    means: Any,
    covariances: Any,
    masses: Any,
    threshold: float,
    counts: Any,
    shifts: Any,
    lower: Any,
) -> None:
    """Add what is expected of rows under masses (K, B) that exceed a threshold.

    To counts (K,), shifts from the means (K, d), and lower triangles of scatters (K, d, d).
    """
    n_rows, e = values.shape
    d = means.shape[1]
    projected = len(projections) > 0
    scratch = _scratch(e, d, projected)
    weights = np.empty(_TILE)
    moved = np.empty((2 * d, _TILE))
    scatters = np.empty((d * (d + 1) // 2, _TILE))
    for k in range(len(means)):
        moved[:d] = 0.0
        scatters[:] = 0.0
        filled = 0
        holes = False
        count = 0.0
        for i in range(n_rows):
            mass = masses[k, i]
            if mass > threshold:
                holes |= _load(values, errors, projections, i, filled, scratch)
                weights[filled] = mass
                count += mass
                filled += 1
            if filled == _TILE or (i == n_rows - 1 and filled > 0):
                _copy(scratch, filled - 1)
                weights[filled:] = 0.0
                _hide(scratch, means[k], covariances[k], holes, projected)
                _factorise(scratch[4], scratch[5], scratch[7])
                _carry(scratch, covariances[k], holes, projected)
                _gather(scratch, weights, moved, scatters)
                filled = 0
                holes = False
        counts[k] += count
        for c in range(d):
            shifts[k, c] += moved[c].sum()
            first = c * (c + 1) // 2
            for a in range(c + 1):
                lower[k, c, a] += count * covariances[k, c, a] + scatters[first + a].sum()
