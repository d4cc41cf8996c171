"""What is done with a tile of rows that miss the same features, and with their sums; compiled.

Such rows are whole rows of fewer features.  What is seen of a tile has shape (d, TILE), one row
of the data a column.
"""

from __future__ import annotations

import math
from typing import Any

from ..compiled_loops import TILE, exponentiate
from ..compiling import ANY_ORDER, compiled
from .loops import _compiled_exactly, _factorise

__all__ = [
    "TILE",
    "add_tile",
    "complete",
    "features",
    "share",
    "squared_norms",
    "take",
    "whiten",
    "without_mean",
]

# Of so few features products cost less than to choose the rows that matter.
_FEW = 12
# A product of densities from which its logarithm is taken.
_LARGE = 1e200
_compiled_in_any_order = compiled(frozenset(ANY_ORDER - {"nnan", "ninf"}))


@_compiled_exactly
def features(mask: Any, seen: Any, missing: Any) -> int:
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
def whiten(covariance: Any, seen: Any, n_seen: int, block: Any, inverse: Any) -> float:
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
def take(rows: Any, order: Any, first: int, m: int, seen: Any, n_seen: int, out: Any) -> None:
    """Write what is seen of some rows, feature by feature."""
    for i in range(m):
        row = rows[order[first + i]]
        for a in range(n_seen):
            out[a, i] = row[seen[a]]


@_compiled_in_any_order
def squared_norms(white: Any, z: Any, n_seen: int, m: int, one: Any, out: Any) -> None:
    """Write squared norms of W z, W lower triangular."""
    for i in range(m):
        out[i] = 0.0
    for a in range(n_seen):
        w = white[a]
        begin = (a + 1) % 4
        for i in range(m):
            one[i] = 0.0
        for b in range(begin):
            w0 = w[b]
            for i in range(m):
                one[i] += w0 * z[b, i]
        for b in range(begin, a + 1, 4):
            w0, w1, w2, w3 = w[b], w[b + 1], w[b + 2], w[b + 3]
            for i in range(m):
                one[i] += w0 * z[b, i] + w1 * z[b + 1, i] + w2 * z[b + 2, i] + w3 * z[b + 3, i]
        for i in range(m):
            out[i] += one[i] * one[i]


@_compiled_in_any_order
def share(
    joint: Any,
    m: int,
    weights: Any,
    order: Any,
    first: int,
    terms: Any,
    scratch: Any,
    largest: Any,
    total: Any,
) -> float:
    """Turn log-joint densities of a tile (J, m) into masses; return the sum of log-densities.

    `scratch` is memory (2, TILE), as numbers and as integers.
    """
    exponentiate(joint, terms, scratch[0][0], scratch[1][0], largest[:m], total[:m])
    value = 0.0
    if len(weights):
        for i in range(m):
            weight = weights[order[first + i]]
            value += weight * (largest[i] + math.log(total[i]))
            total[i] = weight / total[i]
    else:
        product = 1.0
        for i in range(m):
            value += largest[i]
            product *= total[i]
            if product > _LARGE:
                value += math.log(product)
                product = 1.0
        value += math.log(product)
        for i in range(m):
            total[i] = 1.0 / total[i]
    for k in range(len(joint)):
        own = joint[k]
        for i in range(m):
            own[i] *= total[i]
    return value


@_compiled_exactly
def without_mean(
    x: Any,
    mass: Any,
    places: Any,
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
            masses[i] = mass[places[first + i]]
        for a in range(n_seen):
            middle = mean[seen[a]]
            for i in range(m):
                z[a, i] = x[a, i] - middle
        return m
    kept = 0  # only rows that matter to the component
    for i in range(m):
        value = mass[places[first + i]]
        if value > threshold:
            masses[kept] = value
            for a in range(n_seen):
                z[a, kept] = x[a, i] - mean[seen[a]]
            kept += 1
    return kept


@_compiled_in_any_order
def add_tile(
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
        begin = (a + 1) % 4
        for b in range(begin):
            total = 0.0
            for i in range(m):
                total += one[i] * z[b, i]
            squares[a, b] += total
        for b in range(begin, a + 1, 4):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for i in range(m):
                s0 += one[i] * z[b, i]
                s1 += one[i] * z[b + 1, i]
                s2 += one[i] * z[b + 2, i]
                s3 += one[i] * z[b + 3, i]
            squares[a, b] += s0
            squares[a, b + 1] += s1
            squares[a, b + 2] += s2
            squares[a, b + 3] += s3
    return count


@_compiled_exactly
def complete(
    covariance: Any,
    white: Any,
    seen: Any,
    n_seen: int,
    missing: Any,
    n_missing: int,
    count: float,
    shifts: Any,
    squares: Any,
    scratch: Any,
    out_shifts: Any,
    out: Any,
) -> None:
    """Add sums of what is seen, and of what is expected of the rest, to those of whole rows.

    `white` is the inverse of the Cholesky factor of S_oo; `squares` (n_seen, n_seen) and `out`
    (d, d) are lower triangles.
    """
    for a in range(n_seen):
        out_shifts[seen[a]] += shifts[a]
        for b in range(a + 1):
            out[seen[a], seen[b]] += squares[a, b]
            squares[b, a] = squares[a, b]
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
