"""Scale mixtures of normals in compiled loops: what `StudentT` does, a tile of rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .compiling import ANY_ORDER, EXACT, LogTerms, compiled

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["add_logs", "fall", "fall_block", "weigh", "weigh_block"]


@compiled(EXACT)
def add_logs(scratch: tuple[AnyArray, AnyArray], logs: LogTerms, out: AnyArray, m: int) -> None:
    """Add to m small numbers the logs of the first row of `scratch`, which is used up.

    `scratch` is (2, TILE), the same memory as numbers and as integers.
    """
    numbers, integers = scratch
    y, n, y_bits, n_bits = numbers[0], numbers[1], integers[0], integers[1]
    c = logs.numbers
    high, low, whole, half = c[0], c[1], c[2], c[3]
    c0, c1, c2, c3, c4 = c[4], c[5], c[6], c[7], c[8]
    one = half + half
    two = one + one
    for i in range(m):
        place = (y_bits[i] - logs.root) >> logs.shift
        y_bits[i] -= place << logs.shift
        n_bits[i] = place + logs.whole
    if len(c) > 9:
        c5, c6, c7, c8, c9 = c[9], c[10], c[11], c[12], c[13]
        for i in range(m):
            f = y[i] - one
            s = f / (two + f)
            z = s * s
            z2 = z * z
            tail = (c6 + c7 * z) + z2 * (c8 + c9 * z)
            tail = (c2 + c3 * z) + z2 * ((c4 + c5 * z) + z2 * tail)
            tail = z * ((c0 + c1 * z) + z2 * tail)
            square = half * f * f
            exponent = n[i] - whole
            rest = s * (square + tail) + (exponent * low + out[i])
            out[i] = exponent * high - ((square - rest) - f)
    else:
        for i in range(m):
            f = y[i] - one
            s = f / (two + f)
            z = s * s
            z2 = z * z
            tail = z * ((c0 + c1 * z) + z2 * ((c2 + c3 * z) + z2 * c4))
            square = half * f * f
            exponent = n[i] - whole
            rest = s * (square + tail) + (exponent * low + out[i])
            out[i] = exponent * high - ((square - rest) - f)


@compiled(EXACT)
def fall_row(
    a: AnyArray,
    own: AnyArray,
    logs: LogTerms,
    scratch: tuple[AnyArray, AnyArray],
    u: AnyArray,
    e: AnyArray,
    m: int,
) -> None:
    """Do what `fall` does for m columns of one component, whose terms are `own` (5,)."""
    y = scratch[0][0]
    half = logs.numbers[3]
    zero, one = half - half, half + half
    two = one + one
    slope, fading, peak, most = -two * own[0], own[1], own[2], own[3]
    first = own[4]  # log of the most that u can be
    for i in range(m):
        x = min(a[i], zero) * slope
        whole_y = one + x
        y[i] = whole_y
        inverse = one / whole_y
        u[i] = most * inverse
        a[i] = (x - (whole_y - one)) * inverse  # what 1 + x has lost of x
    add_logs(scratch, logs, a, m)
    for i in range(m):
        logarithm = a[i]
        e[i] = (u[i] - one) + (logarithm - first)
        a[i] = peak - fading * logarithm


@compiled(EXACT)
def fall(
    joint: AnyArray,
    own: AnyArray,
    logs: LogTerms,
    scratch: tuple[AnyArray, AnyArray],
    scales: AnyArray,
    excess: AnyArray,
    m: int,
) -> None:
    """Turn -distance / 2 of m columns into log-joint densities.

    `own` (k, 5) are the terms of the density of the first k components.  Written besides: what
    responsibilities are multiplied by, u, and u - 1 - log(u).  `scratch` is (2, TILE), the same
    memory as numbers and as integers.
    """
    for k in range(len(own)):
        fall_row(joint[k], own[k], logs, scratch, scales[k], excess[k], m)


@compiled(EXACT)
def fall_block(
    joint: AnyArray,
    own: AnyArray,
    logs: LogTerms,
    scratch: tuple[AnyArray, AnyArray],
    scales: AnyArray,
    excess: AnyArray,
) -> None:
    """Do it for all columns of a block, a tile of one component at a time."""
    n_rows, length = joint.shape[1], scratch[0].shape[1]
    for k in range(len(own)):
        for begin in range(0, n_rows, length):
            end = min(begin + length, n_rows)
            a, u, e = joint[k, begin:end], scales[k, begin:end], excess[k, begin:end]
            fall_row(a, own[k], logs, scratch, u, e, end - begin)


@compiled(ANY_ORDER)
def weigh_row(a: AnyArray, u: AnyArray, e: AnyArray, sums: AnyArray, m: int) -> None:
    """Do what `weigh` does for m columns of one component, whose sums are (2,)."""
    zero = a.dtype.type(0.0)
    count, more = zero, zero
    for i in range(m):
        count += a[i]
        more += a[i] * e[i]
    for i in range(m):
        a[i] *= u[i]
    sums[0] += count
    sums[1] += more


@compiled(ANY_ORDER)
def weigh(joint: AnyArray, scales: AnyArray, excess: AnyArray, sums: AnyArray, m: int) -> None:
    """Turn responsibilities of m columns into masses; add up the former, and what they exceed.

    `sums` is (k, 2): counts, and sums of u - 1 - log(u).
    """
    for k in range(len(sums)):
        weigh_row(joint[k], scales[k], excess[k], sums[k], m)


@compiled(ANY_ORDER)
def weigh_block(
    joint: AnyArray, scales: AnyArray, excess: AnyArray, sums: AnyArray, length: int
) -> None:
    """Do it for all columns of a block, so many of one component at a time."""
    n_rows = joint.shape[1]
    for k in range(len(sums)):
        for begin in range(0, n_rows, length):
            end = min(begin + length, n_rows)
            a, u, e = joint[k, begin:end], scales[k, begin:end], excess[k, begin:end]
            weigh_row(a, u, e, sums[k], end - begin)
