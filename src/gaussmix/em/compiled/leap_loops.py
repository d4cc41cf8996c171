"""Leaps along the path of one small fit: `em.leaps` and `em.coordinates`, number by number."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...estep.compiling import CAREFUL, compiled, copy
from ..leaps import (
    CYCLE,
    FIRST_LIMIT,
    FIRST_STEPS,
    GROWTH,
    LEAST_STEPS,
    LENGTHS,
    MEMORY,
)
from .extrapolation_loops import extrapolate
from .step_loops import (
    NORM,
    PRODUCTS,
    SQUARES,
    Kind,
    Mixture,
    Sums,
    copy_rows,
    factor_of,
    total_of,
    weigh,
)

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["Path", "begin", "leap", "may_pay", "note", "path_of", "slowest", "take_back"]

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
    path.limit[0] = FIRST_LIMIT
    for i in range(LENGTHS):
        path.lengths[i] = 1.0
    path.numbers[_N_STEPS], path.numbers[_KNOWN] = 0, False


@compiled(CAREFUL, inline=True)
def note(kind: Kind, sums: Sums, path: Path) -> None:
    """Note what an E-step has found."""
    numbers, found = path.numbers, path.memory[0]
    finite = _to_vector(kind, sums, found)
    if numbers[_KNOWN] and finite:
        if numbers[_N_STEPS] == MEMORY:
            numbers[_N_STEPS] -= 1
            for i in range(MEMORY - 1):
                copy_rows(path.steps[i + 1], path.steps[i])
        last = path.steps[numbers[_N_STEPS]]
        copy(path.start, last[0])
        copy(found, last[1])
        numbers[_N_STEPS] += 1
    copy(found, path.start)
    numbers[_KNOWN] = finite


@compiled(CAREFUL)
def may_pay(path: Path, count: int, n_taken: int) -> bool:
    """Whether a leap may pay now, after so many values and E-steps."""
    numbers = path.numbers
    due = n_taken % CYCLE == 0 and numbers[_KNOWN] and numbers[_N_STEPS] >= LEAST_STEPS
    return bool(due and count > FIRST_STEPS)


@compiled(CAREFUL, inline=True)
def leap(kind: Kind, sums: Sums, total: float, path: Path, out: Mixture) -> bool:
    """Write the mixture to leap to, and remember it; False if there is no place to go to."""
    n_steps = path.numbers[_N_STEPS]
    target, scale, way = path.memory[0], path.memory[1], path.memory[2]
    _write_metric(kind, sums, total, scale)
    gained, limited = extrapolate(path.steps[:n_steps], scale, path.limit[0], way)
    last = path.steps[n_steps - 1, 0]
    for c in range(len(target)):
        target[c] = last[c] + way[c]
    if not _from_vector(kind, target, total, out):
        return False
    copy(target, path.start)
    if limited:
        path.limit[0] *= GROWTH
    for i in range(LENGTHS - 1):
        path.lengths[i] = path.lengths[i + 1]
    path.lengths[LENGTHS - 1] = gained
    return True


@compiled(CAREFUL)
def take_back(path: Path) -> None:
    """Note that a leap did not climb: the fit is where it began."""
    path.limit[0] = max(FIRST_LIMIT, path.limit[0] / GROWTH**2)
    copy(path.steps[path.numbers[_N_STEPS] - 1, 1], path.start)


@compiled(CAREFUL)
def slowest(path: Path) -> float:
    """Return the slowest rate at which gains have lately been seen to shrink; 0 if unknown."""
    longest = 1.0
    for i in range(LENGTHS):
        longest = max(longest, path.lengths[i])
    return (1.0 - 1.0 / longest) ** 2


# -- coordinates -------------------------------------------------------------------------------


@compiled(CAREFUL, inline=True)
def _coordinates(kind: Kind, scatter: AnyArray, weight: float, out: AnyArray) -> None:
    """Write the coordinates of a scatter over its weight."""
    if kind.moment != PRODUCTS:
        for q in range(len(scatter)):
            out[q] = log(scatter[q] / weight) if scatter[q] > 0 else np.nan
        return
    d = len(kind.floor)
    factor, size = np.empty((d, d)), sqrt(weight)
    if not factor_of(scatter, factor):
        out[0] = np.nan
        return
    q = d
    for i in range(d):
        out[i] = log(factor[i, i] / size)
        for j in range(i):
            out[q] = factor[i, j] / factor[i, i]
            q += 1


@compiled(CAREFUL, inline=True)
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
        weight = total_of(counts) if kind.shared else counts[c]
        _coordinates(kind, scatters[c], weight, out[first : first + n_terms])
    return _are_finite(out)


@compiled(CAREFUL)
def _are_finite(numbers: AnyArray) -> bool:
    finite = True
    for i in range(len(numbers)):
        finite = finite and abs(numbers[i]) < np.inf
    return finite


@compiled(CAREFUL, inline=True)
def _write_metric(kind: Kind, sums: Sums, total: float, out: AnyArray) -> None:
    """Write by what to multiply differences of coordinates."""
    counts, means, scatters = sums
    (k, d), n_terms = means.shape, scatters.shape[1]
    for c in range(k):
        share = sqrt(counts[c] / total)
        row = 0 if kind.shared else c
        weight = total_of(counts) if kind.shared else counts[c]
        out[c * (1 + d)] = share
        q = 0
        for i in range(d):
            scatter = scatters[row, q if kind.moment != NORM else 0]
            variance = scatter / weight / (d if kind.moment == NORM else 1)
            out[c * (1 + d) + 1 + i] = share / (sqrt(variance) if variance > 0 else 1.0)
            q += d - i if kind.moment == PRODUCTS else 1
    for c in range(len(scatters)):
        first = k * (1 + d) + c * n_terms
        for q in range(n_terms):
            out[first + q] = 1.0 if kind.shared else sqrt(counts[c] / total)


@compiled(CAREFUL, inline=True)
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


@compiled(CAREFUL, inline=True)
def _from_vector(kind: Kind, vector: AnyArray, total: float, out: Mixture) -> bool:
    """Write the mixture that statistics at some coordinates lead to.

    Counts are brought to their total, in `vector` too.  Says whether all is finite.
    """
    (k, d), n_terms = out.means.shape, out.values.shape[1]
    counts = np.empty(k)
    for c in range(k):
        counts[c] = exp(vector[c * (1 + d)])
    share = total / total_of(counts)
    for c in range(k):
        vector[c * (1 + d)] += log(share)
        for i in range(d):
            out.means[c, i] = vector[c * (1 + d) + 1 + i]
    weigh(kind, counts, out.weights)
    for c in range(len(out.values)):
        first = k * (1 + d) + c * n_terms
        _covariance(kind, vector[first : first + n_terms], out.values[c])
    return _are_finite(vector)
