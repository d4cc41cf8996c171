"""The E-step as loops over tiles of rows, which Numba compiles.

A tile's features, densities and responsibilities stay in the first cache, and Python's
lock is not held.  Arrays of a tile have shape (n, TILE), one row of the data a column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .compiling import ANY_ORDER, EXACT, ExpTerms, LogTerms, compiled, copy
from .scale_loops import fall, fall_block, weigh, weigh_block

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = [
    "TILE",
    "ExpTerms",
    "LogTerms",
    "add_moments",
    "expect",
    "expect_mixed",
    "exponentiate",
    "fall_block",
    "multiply",
    "share",
    "weigh_block",
    "write_features",
]

TILE = 256
# A share of the largest mass of a tile that adds less than rounding to any sum it enters.
NEGLIGIBLE = 1e-20
# With at least so many terms it pays to leave out rows of negligible mass (measured).
FEW_TERMS = 20


@compiled(EXACT)
def write_features(
    rows: AnyArray,
    n_rows: int,
    center: AnyArray,
    first: AnyArray,
    second: AnyArray,
    term: AnyArray,
    out: AnyArray,
) -> None:
    """Write [1, x, second(x)] of `n_rows` rows about `center` into columns of `out` (n_terms, m).

    Second-order term ``term[q]``, ascending, adds the product of features ``first[q]`` and
    ``second[q]``.
    """
    n_features = rows.shape[1]
    out[0, :n_rows] = out.dtype.type(1.0)
    for j in range(n_features):
        own, middle = out[1 + j], center[j]
        for i in range(n_rows):
            own[i] = rows[i, j] - middle
    for q in range(len(term)):
        a, b, own = out[1 + first[q]], out[1 + second[q]], out[1 + n_features + term[q]]
        if q == 0 or term[q] != term[q - 1]:
            for i in range(n_rows):
                own[i] = a[i] * b[i]
        else:
            for i in range(n_rows):
                own[i] += a[i] * b[i]


@compiled(EXACT)
def multiply(theta: AnyArray, features: AnyArray, out: AnyArray, m: int) -> None:
    """Write theta @ features into m columns: two components and four terms at a time."""
    n_joint, n_terms = theta.shape
    for k in range(0, n_joint, 2):
        other = min(k + 1, n_joint - 1)
        a, b = out[other], out[k]
        a[:m] = theta[other, 0]
        b[:m] = theta[k, 0]
        if other == k:
            for t in range(1, n_terms):
                u, x = theta[k, t], features[t]
                for i in range(m):
                    b[i] += u * x[i]
            continue
        last = 1 + (n_terms - 1) // 4 * 4
        for t in range(1, last, 4):
            u0, u1, u2, u3 = theta[k, t], theta[k, t + 1], theta[k, t + 2], theta[k, t + 3]
            v0, v1 = theta[other, t], theta[other, t + 1]
            v2, v3 = theta[other, t + 2], theta[other, t + 3]
            x0, x1, x2, x3 = features[t], features[t + 1], features[t + 2], features[t + 3]
            for i in range(m):
                b[i] += u0 * x0[i] + u1 * x1[i] + u2 * x2[i] + u3 * x3[i]
                a[i] += v0 * x0[i] + v1 * x1[i] + v2 * x2[i] + v3 * x3[i]
        for t in range(last, n_terms):
            u, v, x = theta[k, t], theta[other, t], features[t]
            for i in range(m):
                b[i] += u * x[i]
                a[i] += v * x[i]


@compiled(EXACT)
def exponentiate(
    joint: AnyArray,
    terms: ExpTerms,
    power: AnyArray,
    bits: AnyArray,
    largest: AnyArray,
    total: AnyArray,
) -> None:
    """Turn log-joint densities into exp(density - largest), and find `largest` and `total`.

    `power` (TILE,) and `bits` are the same memory, as numbers and as integers.
    """
    m = len(total)
    c = terms.numbers
    log2e, nearest, high, low, lowest = c[0], c[1], c[2], c[3], c[4]
    c0, c2, c3, c4, c5, c6 = c[5], c[6], c[7], c[8], c[9], c[10]
    copy(joint[0], largest)
    total[:] = c0 - c0
    for k in range(1, len(joint)):
        own = joint[k]
        for i in range(m):
            largest[i] = max(largest[i], own[i])
    for k in range(len(joint)):
        own = joint[k]
        for i in range(m):
            x = max(own[i] - largest[i], lowest)
            shifted = x * log2e + nearest
            n = shifted - nearest
            own[i] = (x - n * high) - n * low
            power[i] = shifted
        if len(c) > 11:
            c7, c8, c9, c10, c11, c12 = c[11], c[12], c[13], c[14], c[15], c[16]
            for i in range(m):
                r = own[i]
                s = r * r
                tail = (c8 + c9 * r) + s * ((c10 + c11 * r) + s * c12)
                tail = (c4 + c5 * r) + s * ((c6 + c7 * r) + s * tail)
                own[i] = (c0 + r) + s * ((c2 + c3 * r) + s * tail)
        else:
            for i in range(m):
                r = own[i]
                s = r * r
                own[i] = (c0 + r) + s * ((c2 + c3 * r) + s * ((c4 + c5 * r) + s * c6))
        for i in range(m):
            bits[i] = (bits[i] + terms.bias) << terms.shift
        for i in range(m):
            own[i] *= power[i]
            total[i] += own[i]


@compiled(EXACT)
def share(joint: AnyArray, weights: AnyArray, total: AnyArray, shares: AnyArray) -> None:
    """Turn exp(density - largest) into (weighted) responsibilities."""
    one = total.dtype.type(1.0)
    for i in range(len(total)):
        shares[i] = one / total[i]
    if len(weights):
        for i in range(len(total)):
            shares[i] *= weights[i]
    for k in range(len(joint)):
        own = joint[k]
        for i in range(len(total)):
            own[i] *= shares[i]


@compiled(ANY_ORDER)
def add_moments(joint: AnyArray, features: AnyArray, moments: AnyArray, m: int) -> None:
    """Add joint @ features' of m columns: two components and four terms at a time."""
    n_joint, n_terms = moments.shape
    zero = joint.dtype.type(0.0)
    last = n_terms // 4 * 4
    for k in range(0, n_joint, 2):
        other = min(k + 1, n_joint - 1)  # an odd last component is done twice, and counted once
        both = moments.dtype.type(other > k)
        a, b = joint[k], joint[other]
        for t in range(0, last, 4):
            x0, x1, x2, x3 = features[t], features[t + 1], features[t + 2], features[t + 3]
            a0, a1, a2, a3 = zero, zero, zero, zero
            b0, b1, b2, b3 = zero, zero, zero, zero
            for i in range(m):
                a0 += a[i] * x0[i]
                a1 += a[i] * x1[i]
                a2 += a[i] * x2[i]
                a3 += a[i] * x3[i]
                b0 += b[i] * x0[i]
                b1 += b[i] * x1[i]
                b2 += b[i] * x2[i]
                b3 += b[i] * x3[i]
            moments[k, t] += a0
            moments[k, t + 1] += a1
            moments[k, t + 2] += a2
            moments[k, t + 3] += a3
            moments[other, t] += both * b0
            moments[other, t + 1] += both * b1
            moments[other, t + 2] += both * b2
            moments[other, t + 3] += both * b3
        for t in range(last, n_terms):
            x = features[t]
            a0, b0 = zero, zero
            for i in range(m):
                a0 += a[i] * x[i]
                b0 += b[i] * x[i]
            moments[k, t] += a0
            moments[other, t] += both * b0


@compiled(EXACT)
def expect(
    rows: AnyArray,
    weights: AnyArray,
    center: AnyArray,
    theta: AnyArray,
    pairs: tuple[AnyArray, AnyArray, AnyArray],
    density: tuple[AnyArray, LogTerms, AnyArray],
    terms: ExpTerms,
    scratch: tuple[AnyArray, AnyArray],
    moments: AnyArray,
    largest: AnyArray,
    total: AnyArray,
) -> None:
    """Add the moments of rows (B, d) under their responsibilities, and write their densities.

    Of R mixtures: `theta` and `moments` are (R, n_joint, n_terms), of features about `center`
    (d,).  Row i's log-density is largest[r, i] + log(total[r, i]).  `weights` is (B,), or
    empty; `scratch` is memory (2, TILE), as numbers and as integers.  `density` are terms
    (R, k, 5) of one that is not normal, and its sums (R, k, 2), for `fall` and `weigh`.
    """
    n_mixtures, n_joint, n_terms = theta.shape
    power, bits = scratch[0][0], scratch[1][0]
    own_terms, logs, own_sums = density
    scales = np.empty((own_terms.shape[1], TILE), theta.dtype)
    excess = np.empty_like(scales)
    features = np.empty((n_terms, TILE), theta.dtype)
    joint = np.empty((n_joint, TILE), theta.dtype)
    shares = np.empty(TILE, theta.dtype)
    for begin in range(0, len(rows), TILE):
        end = min(begin + TILE, len(rows))
        tile, m = rows[begin:end], end - begin
        write_features(tile, m, center, pairs[0], pairs[1], pairs[2], features)
        for r in range(n_mixtures):
            own = total[r, begin:end]
            multiply(theta[r], features, joint, m)
            if len(scales):
                fall(joint, own_terms[r], logs, scratch, scales, excess, m)
            exponentiate(joint, terms, power, bits, largest[r, begin:end], own)
            share(joint, weights[begin:end], own, shares)
            if len(scales):
                weigh(joint, scales, excess, own_sums[r], m)
            add_moments(joint, features, moments[r], m)


@compiled(EXACT)
def _distances(
    columns: AnyArray,
    mean: AnyArray,
    factor: AnyArray,
    banded: bool,
    scratch: tuple[AnyArray, AnyArray],
    out: AnyArray,
) -> None:
    """Write -1/2 |factor (row - mean)|^2 of rows (d, TILE) into `out` (m,), lower triangular.

    `banded` says that the factor is diagonal.  `scratch` is (d, TILE) and (TILE,).
    """
    centred, white = scratch
    m = len(out)
    for j in range(len(columns)):
        own, x, middle = centred[j], columns[j], mean[j]
        for i in range(m):
            own[i] = x[i] - middle
    for a in range(len(columns)):
        first = a if banded else 0
        begin = first + (a + 1 - first) % 4
        white[:m] = 0.0
        for j in range(first, begin):
            u, x = factor[a, j], centred[j]
            for i in range(m):
                white[i] += u * x[i]
        for j in range(begin, a + 1, 4):
            u0, u1, u2, u3 = factor[a, j], factor[a, j + 1], factor[a, j + 2], factor[a, j + 3]
            x0, x1, x2, x3 = centred[j], centred[j + 1], centred[j + 2], centred[j + 3]
            for i in range(m):
                white[i] += u0 * x0[i] + u1 * x1[i] + u2 * x2[i] + u3 * x3[i]
        half = -0.5
        for i in range(m):
            out[i] += half * white[i] * white[i]


@compiled(EXACT)
def _gather(
    columns: AnyArray, masses: AnyArray, places: AnyArray, packed: AnyArray, kept: AnyArray
) -> int:
    """Copy the rows (d, TILE) whose masses (m,) count, and their masses; return how many."""
    most = masses[0]
    for i in range(1, len(masses)):
        most = max(most, masses[i])
    threshold, count = NEGLIGIBLE * most, 0
    for i in range(len(masses)):
        places[count] = i
        count += masses[i] > threshold
    for i in range(count):
        kept[i] = masses[places[i]]
    for j in range(len(columns)):
        own, x = packed[j], columns[j]
        for i in range(count):
            own[i] = x[places[i]]
    return count


@compiled(EXACT)
def expect_mixed(
    rows: AnyArray,
    weights: AnyArray,
    center: AnyArray,
    theta: AnyArray,
    own: tuple[AnyArray, AnyArray, AnyArray, bool],
    pairs: tuple[AnyArray, AnyArray, AnyArray],
    density: tuple[AnyArray, LogTerms, AnyArray],
    terms: ExpTerms,
    scratch: tuple[AnyArray, AnyArray],
    moments: AnyArray,
    largest: AnyArray,
    total: AnyArray,
) -> None:
    """Do what `expect` does for one mixture, some components of which are whitened.

    The first components are: `own` are their means (k, d), inverse factors (k, d, d), the
    logs of their joint densities at the mean (k,), and whether all factors are diagonal.
    `theta` (n_joint - k, n_terms) is of the others, about `center` (d,).  Moments
    (n_joint, n_terms) are about the mean of each of the first, and about `center`.
    """
    means, factors, constants, banded = own
    power, bits = scratch[0][0], scratch[1][0]
    own_terms, logs, own_sums = density
    scales = np.empty((own_terms.shape[1], TILE))
    excess = np.empty_like(scales)
    k, d, n_terms = len(means), rows.shape[1], moments.shape[1]
    features = np.empty((n_terms, TILE))
    joint = np.empty((len(moments), TILE))
    shares, kept = np.empty(TILE), np.empty((1, TILE))
    columns, packed, centred = np.empty((d, TILE)), np.empty((d, TILE)), np.empty((d, TILE))
    places = np.empty(TILE, np.int32)
    for begin in range(0, len(rows), TILE):
        end = min(begin + TILE, len(rows))
        tile, m = rows[begin:end], end - begin
        if len(theta):
            write_features(tile, m, center, pairs[0], pairs[1], pairs[2], features)
            multiply(theta, features, joint[k:], m)
        for j in range(d):
            for i in range(m):
                columns[j, i] = tile[i, j]
        for c in range(k):
            joint[c, :m] = constants[c]
            _distances(columns, means[c], factors[c], banded, (centred, shares), joint[c, :m])
        if len(scales):
            fall(joint, own_terms[0], logs, scratch, scales, excess, m)
        exponentiate(joint, terms, power, bits, largest[0, begin:end], total[0, begin:end])
        share(joint, weights[begin:end], total[0, begin:end], shares)
        if len(scales):
            weigh(joint, scales, excess, own_sums[0], m)
        if len(theta):
            add_moments(joint[k:], features, moments[k:], m)
        for c in range(k):
            source, masses, count = columns.T, joint[c : c + 1], m
            if n_terms >= FEW_TERMS:
                count = _gather(columns, joint[c, :m], places, packed, kept[0])
                source, masses = packed.T, kept
            write_features(source, count, means[c], pairs[0], pairs[1], pairs[2], features)
            add_moments(masses, features, moments[c : c + 1], count)
