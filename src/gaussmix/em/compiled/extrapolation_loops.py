"""Where the steps of one small fit would end: `em.leaps`, number by number."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from ...estep.compiling import ANY_ORDER, CAREFUL, compiled
from ..leaps import SAME

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["extrapolate"]

_TINY, _EPS = float(np.finfo(float).tiny), float(np.finfo(float).eps)
# Of rotations of all pairs of axes; five or six do.
_SWEEPS = 30


@compiled(ANY_ORDER)
def _product(a: AnyArray, b: AnyArray) -> float:
    total = 0.0
    for c in range(len(a)):
        total += a[c] * b[c]
    return total


@compiled(CAREFUL)
def _differ(steps: AnyArray, scale: AnyArray, moved: AnyArray, changed: AnyArray) -> None:
    """Write how steps (m + 1, 2, p) differ, in units of the way between their starts."""
    for i in range(len(moved)):
        before, after = steps[i], steps[i + 1]
        ways, changes = moved[i], changed[i]
        for c in range(len(scale)):
            start, then = before[0, c], after[0, c]
            ways[c] = (then - start) * scale[c]
            changes[c] = ((after[1, c] - then) - (before[1, c] - start)) * scale[c]
        square = _product(ways, ways)
        share = 1.0 / sqrt(square) if square > 0 else 1.0
        for c in range(len(scale)):
            ways[c] *= share
            changes[c] *= share


@compiled(CAREFUL)
def _products(a: AnyArray, b: AnyArray, count: int) -> AnyArray:
    """Return a b' for rows (m, p) and the first of (l, p)."""
    found = np.empty((len(a), count))
    for i in range(len(a)):
        for j in range(count):
            found[i, j] = _product(a[i], b[j])
    return found


@compiled(CAREFUL)
def _orthonormal(gram: AnyArray, parts: AnyArray) -> int:
    """Write orthonormal directions, as combinations (r, m) of ways with these products (m, m).

    Returns r, how many there are.
    """
    m, largest, r = len(gram), 0.0, 0
    values = np.empty(m)
    _find_axes(gram, values, parts)
    for a in range(m):
        largest = max(largest, values[a])
    for a in range(m):
        if values[a] > SAME**2 * largest:
            for i in range(m):
                parts[r, i] = parts[a, i] / sqrt(values[a])
            r += 1
    return r


@compiled(CAREFUL)
def _find_axes(own: AnyArray, values: AnyArray, axes: AnyArray) -> None:
    """Write the eigenvalues (m,) of a symmetric matrix, which is used up, and vectors, in rows.

    By Jacobi's rotations (Golub & Van Loan, section 8.5): of the few directions of a leap they
    are found before LAPACK has been called.
    """
    m = len(values)
    for i in range(m):
        for j in range(m):
            axes[i, j] = i == j
    for _ in range(_SWEEPS):
        rest, whole = 0.0, 0.0
        for i in range(m):
            whole += own[i, i] * own[i, i]
            for j in range(i):
                rest += own[i, j] * own[i, j]
        if rest <= _EPS**2 * whole:
            break
        for i in range(m):
            for j in range(i):
                if own[i, j] != 0.0:
                    _rotate(own, axes, i, j)
    for i in range(m):
        values[i] = own[i, i]


@compiled(CAREFUL)
def _rotate(own: AnyArray, axes: AnyArray, i: int, j: int) -> None:
    """Turn axes i and j so that they are not correlated."""
    half = 0.5 * (own[j, j] - own[i, i]) / own[i, j]
    t = 1.0 / (abs(half) + sqrt(half * half + 1.0))
    if half < 0:
        t = -t
    c = 1.0 / sqrt(t * t + 1.0)
    s = t * c
    for q in range(own.shape[1]):
        a, b = own[q, i], own[q, j]
        own[q, i], own[q, j] = c * a - s * b, s * a + c * b
    for q in range(own.shape[1]):
        a, b = own[i, q], own[j, q]
        own[i, q], own[j, q] = c * a - s * b, s * a + c * b
        a, b = axes[i, q], axes[j, q]
        axes[i, q], axes[j, q] = c * a - s * b, s * a + c * b


@compiled(CAREFUL)
def _multiply(parts: AnyArray, own: AnyArray, r: int, out: AnyArray) -> None:
    """Write parts own (r, l), of (r, m) and (m, l)."""
    for a in range(r):
        for b in range(out.shape[1]):
            total = 0.0
            for i in range(len(own)):
                total += parts[a, i] * own[i, b]
            out[a, b] = total


@compiled(CAREFUL)
def extrapolate(
    steps: AnyArray, scale: AnyArray, limit: float, way: AnyArray
) -> tuple[float, bool]:
    """Write the way (p,) from the last start to where steps (m + 1, 2, p) would end.

    Returns
    -------
    gained : float
        What is to be gained, over what a step of EM gains.
    limited : bool
        Whether the way would be longer than `limit` steps of EM.
    """
    m, p = len(steps) - 1, len(way)
    moved, changed, last = np.empty((m, p)), np.empty((m, p)), np.empty((1, p))
    for c in range(p):
        last[0, c] = (steps[m, 1, c] - steps[m, 0, c]) * scale[c]
    _differ(steps, scale, moved, changed)
    whole = _product(last[0], last[0])
    parts, further = np.empty((m, m)), np.zeros(m)
    r = _orthonormal(_products(moved, moved, m), parts)
    # How much steps change along them: a symmetric matrix, which has directions of its own.
    half, rates, turn = np.empty((r, m)), np.empty(r), np.empty((r, r))
    _multiply(parts, _products(moved, changed, m), r, half)
    change = _products(half, parts, r)
    for a in range(r):
        for b in range(a):
            change[a, b] = change[b, a] = 0.5 * (change[a, b] + change[b, a])
    _find_axes(change, rates, turn)
    _multiply(turn, parts[:r], r, half)
    alongs = _products(moved, last, 1)
    gains, limited = whole, False
    for a in range(r):
        along, rate = 0.0, abs(rates[a])
        for i in range(m):
            along += half[a, i] * alongs[i, 0]
        limited |= rate < 1.0 / limit and along != 0.0
        gains += along * along * (1.0 / max(rate, _TINY) - 1.0)
        for i in range(m):
            further[i] += half[a, i] * ((1.0 / max(rate, 1.0 / limit) - 1.0) * along)
    for c in range(p):
        total = last[0, c]
        for i in range(m):
            total += further[i] * moved[i, c]
        way[c] = total / scale[c] if scale[c] > 0 else total
    return gains / max(whole, _TINY), limited
