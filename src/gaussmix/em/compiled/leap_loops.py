"""Leaps along the path of one small fit: `em.leaps` and `em.coordinates`, number by number."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...estep.compiling import ANY_ORDER, CAREFUL, compiled
from ..leaps import (
    CYCLE,
    FIRST_LIMIT,
    FIRST_STEPS,
    GROWTH,
    LEAST_STEPS,
    LENGTHS,
    MEMORY,
    SAME,
)
from .step_loops import NORM, PRODUCTS, SQUARES, Kind, Mixture, Sums, factor_of, weigh

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["Path", "begin", "leap", "may_pay", "note", "path_of", "slowest", "take_back"]

_TINY, _EPS = float(np.finfo(float).tiny), float(np.finfo(float).eps)
# Of rotations of all pairs of axes; five or six do.
_SWEEPS = 30
# Places of the numbers of a path.
_N_STEPS, _KNOWN = 0, 1


class Path(NamedTuple):
    """What one fit remembers of EM's steps; see `em.leaps.Paths`.

    Attributes
    ----------
    steps : ndarray (MEMORY, 2, p)
        Coordinates before and after steps of EM.
    start : ndarray (p,)
        Where the step that is under way began.
    lengths : ndarray (LENGTHS,)
    limit : ndarray (1,)
    numbers : ndarray of int (2,)
        Steps that there are, and whether `start` is known.
    memory : ndarray (3, p)
    """

    steps: AnyArray
    start: AnyArray
    lengths: AnyArray
    limit: AnyArray
    numbers: AnyArray
    memory: AnyArray


@compiled(CAREFUL)
def path_of(p: int) -> Path:
    """Return memory for fits of p coordinates."""
    steps, memory = np.empty((MEMORY, 2, p)), np.empty((3, p))
    numbers = np.zeros(2, np.int64)
    return Path(steps, np.empty(p), np.empty(LENGTHS), np.empty(1), numbers, memory)


@compiled(CAREFUL)
def begin(path: Path) -> None:
    """Forget all steps."""
    path.lengths[:], path.limit[:], path.numbers[:] = 1.0, FIRST_LIMIT, 0


@compiled(CAREFUL)
def note(kind: Kind, sums: Sums, path: Path) -> None:
    """Note what an E-step has found."""
    numbers, found = path.numbers, path.memory[0]
    finite = _to_vector(kind, sums, found)
    if numbers[_KNOWN] and finite:
        if numbers[_N_STEPS] == MEMORY:
            path.steps[:-1] = path.steps[1:]
            numbers[_N_STEPS] -= 1
        last = path.steps[numbers[_N_STEPS]]
        last[0], last[1] = path.start, found
        numbers[_N_STEPS] += 1
    path.start[:] = found
    numbers[_KNOWN] = finite


@compiled(CAREFUL)
def may_pay(path: Path, count: int, n_taken: int) -> bool:
    """Whether a leap may pay now, after so many values and E-steps."""
    numbers = path.numbers
    due = n_taken % CYCLE == 0 and numbers[_KNOWN] and numbers[_N_STEPS] >= LEAST_STEPS
    return bool(due and count > FIRST_STEPS)


@compiled(CAREFUL)
def leap(kind: Kind, sums: Sums, total: float, path: Path, out: Mixture) -> bool:
    """Write the mixture to leap to, and remember it; False if there is no place to go to."""
    n_steps = path.numbers[_N_STEPS]
    target, scale, way = path.memory[0], path.memory[1], path.memory[2]
    _write_metric(kind, sums, total, scale)
    gained, limited = _extrapolate(path.steps[:n_steps], scale, path.limit[0], way)
    target[:] = path.steps[n_steps - 1, 0] + way
    if not _from_vector(kind, target, total, out):
        return False
    path.start[:] = target
    if limited:
        path.limit[0] *= GROWTH
    path.lengths[:-1] = path.lengths[1:]
    path.lengths[-1] = gained
    return True


@compiled(CAREFUL)
def take_back(path: Path) -> None:
    """Note that a leap did not climb: the fit is where it began."""
    path.limit[0] = max(FIRST_LIMIT, path.limit[0] / GROWTH**2)
    path.start[:] = path.steps[path.numbers[_N_STEPS] - 1, 1]


@compiled(CAREFUL)
def slowest(path: Path) -> float:
    """Return the slowest rate at which gains have lately been seen to shrink; 0 if unknown."""
    return float((1.0 - 1.0 / max(path.lengths.max(), 1.0)) ** 2)


# -- coordinates -------------------------------------------------------------------------------


@compiled(CAREFUL)
def _coordinates(kind: Kind, scatter: AnyArray, weight: float, out: AnyArray) -> None:
    """Write the coordinates of a scatter over its weight."""
    if kind.moment != PRODUCTS:
        for q in range(len(scatter)):
            out[q] = log(scatter[q] / weight) if scatter[q] > 0 else np.nan
        return
    d = len(kind.floor)
    factor = np.empty((d, d))
    if not factor_of(scatter / weight, factor):
        out[:] = np.nan
        return
    q = d
    for i in range(d):
        out[i] = log(factor[i, i])
        for j in range(i):
            out[q] = factor[i, j] / factor[i, i]
            q += 1


@compiled(CAREFUL)
def _to_vector(kind: Kind, sums: Sums, out: AnyArray) -> bool:
    """Write the coordinates of statistics; say whether all are finite."""
    counts, means, scatters = sums
    (k, d), n_terms = means.shape, scatters.shape[1]
    for c in range(k):
        out[c * (1 + d)] = log(counts[c])
        for i in range(d):
            out[c * (1 + d) + 1 + i] = means[c, i]
    for c in range(len(scatters)):
        first = k * (1 + d) + c * n_terms
        weight = counts.sum() if kind.shared else counts[c]
        _coordinates(kind, scatters[c], weight, out[first : first + n_terms])
    return bool(np.isfinite(out).all())


@compiled(CAREFUL)
def _write_metric(kind: Kind, sums: Sums, total: float, out: AnyArray) -> None:
    """Write by what to multiply differences of coordinates."""
    counts, means, scatters = sums
    (k, d), n_terms = means.shape, scatters.shape[1]
    for c in range(k):
        share = sqrt(counts[c] / total)
        row = 0 if kind.shared else c
        weight = counts.sum() if kind.shared else counts[c]
        out[c * (1 + d)] = share
        q = 0
        for i in range(d):
            scatter = scatters[row, q if kind.moment != NORM else 0]
            variance = scatter / weight / (d if kind.moment == NORM else 1)
            out[c * (1 + d) + 1 + i] = share / (sqrt(variance) if variance > 0 else 1.0)
            q += d - i if kind.moment == PRODUCTS else 1
    for c in range(len(scatters)):
        first = k * (1 + d) + c * n_terms
        out[first : first + n_terms] = 1.0 if kind.shared else sqrt(counts[c] / total)


@compiled(CAREFUL)
def _covariance(kind: Kind, own: AnyArray, out: AnyArray) -> None:
    """Write the covariance of some coordinates."""
    d = len(kind.floor)
    if kind.moment == SQUARES:
        for q in range(len(own)):
            out[q] = exp(own[q])
        return
    if kind.moment == NORM:
        out[0] = exp(own[0]) / d
        return
    factor, q = np.empty((d, d)), d
    for i in range(d):
        factor[i, i] = exp(own[i])
        for j in range(i):
            factor[i, j] = own[q] * factor[i, i]
            q += 1
    q = 0
    for i in range(d):
        for j in range(i, d):
            out[q] = 0.0
            for t in range(i + 1):
                out[q] += factor[i, t] * factor[j, t]
            q += 1


@compiled(CAREFUL)
def _from_vector(kind: Kind, vector: AnyArray, total: float, out: Mixture) -> bool:
    """Write the mixture that statistics at some coordinates lead to.

    Counts are brought to their total, in `vector` too.  Says whether all is finite.
    """
    (k, d), n_terms = out.means.shape, out.values.shape[1]
    counts = np.empty(k)
    for c in range(k):
        counts[c] = exp(vector[c * (1 + d)])
    share = total / counts.sum()
    for c in range(k):
        vector[c * (1 + d)] += log(share)
        for i in range(d):
            out.means[c, i] = vector[c * (1 + d) + 1 + i]
    weigh(kind, counts, out.weights)
    for c in range(len(out.values)):
        first = k * (1 + d) + c * n_terms
        _covariance(kind, vector[first : first + n_terms], out.values[c])
    return bool(np.isfinite(vector).all())


# -- where the steps would end -----------------------------------------------------------------


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
def _products(a: AnyArray, b: AnyArray) -> AnyArray:
    """Return a b' for rows (m, p) and (l, p)."""
    found = np.empty((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            found[i, j] = _product(a[i], b[j])
    return found


@compiled(CAREFUL)
def _orthonormal(gram: AnyArray) -> AnyArray:
    """Return orthonormal directions, as combinations (r, m) of ways with these products (m, m)."""
    values, parts = _axes(gram)
    largest, r = values.max(), 0
    for a in range(len(values)):
        if values[a] > SAME**2 * largest:
            parts[r] = parts[a] / sqrt(values[a])
            r += 1
    return parts[:r]


@compiled(CAREFUL)
def _axes(matrix: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the eigenvalues (m,) of a symmetric matrix, and the vectors, in rows.

    By Jacobi's rotations (Golub & Van Loan, section 8.5): of the few directions of a leap they
    are found before LAPACK has been called.
    """
    own, m = matrix.copy(), len(matrix)
    axes = np.eye(m)
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
    values = np.empty(m)
    for i in range(m):
        values[i] = own[i, i]
    return values, axes


@compiled(CAREFUL)
def _rotate(own: AnyArray, axes: AnyArray, i: int, j: int) -> None:
    """Turn axes i and j so that they are not correlated."""
    half = 0.5 * (own[j, j] - own[i, i]) / own[i, j]
    t = 1.0 / (abs(half) + sqrt(half * half + 1.0))
    if half < 0:
        t = -t
    c = 1.0 / sqrt(t * t + 1.0)
    s = t * c
    for q in range(len(own)):
        a, b = own[q, i], own[q, j]
        own[q, i], own[q, j] = c * a - s * b, s * a + c * b
    for q in range(len(own)):
        a, b = own[i, q], own[j, q]
        own[i, q], own[j, q] = c * a - s * b, s * a + c * b
        a, b = axes[i, q], axes[j, q]
        axes[i, q], axes[j, q] = c * a - s * b, s * a + c * b


@compiled(CAREFUL)
def _turned(parts: AnyArray, own: AnyArray) -> AnyArray:
    """Return parts own (r, l), of (r, m) and (m, l)."""
    found = np.zeros((len(parts), own.shape[1]))
    for a in range(len(parts)):
        for i in range(len(own)):
            for b in range(own.shape[1]):
                found[a, b] += parts[a, i] * own[i, b]
    return found


@compiled(CAREFUL)
def _extrapolate(
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
    whole = _products(last, last)[0, 0]
    parts = _orthonormal(_products(moved, moved))
    r, further, gains, limited = len(parts), np.zeros(m), whole, False
    # How much steps change along them: a symmetric matrix, which has directions of its own.
    change = _products(_turned(parts, _products(moved, changed)), parts)
    rates, turn = _axes(0.5 * (change + change.T))
    parts = _turned(turn, parts)
    alongs = _turned(parts, _products(moved, last))
    for a in range(r):
        along, rate = alongs[a, 0], abs(rates[a])
        limited |= rate < 1.0 / limit and along != 0.0
        gains += along * along * (1.0 / max(rate, _TINY) - 1.0)
        for i in range(m):
            further[i] += parts[a, i] * ((1.0 / max(rate, 1.0 / limit) - 1.0) * along)
    for c in range(p):
        total = last[0, c]
        for i in range(m):
            total += further[i] * moved[i, c]
        way[c] = total / scale[c] if scale[c] > 0 else total
    return gains / max(whole, _TINY), limited
