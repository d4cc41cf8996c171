"""The M-step, and the natural parameters that the next E-step is of, for one small mixture.

Scatters and covariances are rows of numbers, in the order of the features of their moment.
"""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...components.covariances.base import LOG_2PI
from ...components.covariances.full import NARROWEST
from ...estep.choice import TOLERANCE
from ...estep.compiling import CAREFUL, compiled, copy
from ...estep.many import NEAR
from ..mstep import EMPTY

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = [
    "NORM",
    "PRODUCTS",
    "SQUARES",
    "Kind",
    "Mixture",
    "Sums",
    "close",
    "copy_rows",
    "estimate",
    "factor_of",
    "total_of",
    "weigh",
    "write_theta",
]

#: How second moments are held.
PRODUCTS, SQUARES, NORM = 0, 1, 2
_TINY = float(np.finfo(float).tiny)
_EPS = float(np.finfo(float).eps)
_NO_WEIGHT = -1e300


class Kind(NamedTuple):
    """What the model and the data say of every fit.

    Attributes
    ----------
    moment : int
    shared, equal_weights : bool
    floor : ndarray (d,)
    """

    moment: int
    shared: bool
    equal_weights: bool
    floor: AnyArray


class Mixture(NamedTuple):
    """Parameters of one mixture; means are about the center of the rows.

    Attributes
    ----------
    weights : ndarray (K,)
    means : ndarray (K, d)
    values : ndarray (K or 1, T)
        Covariances.
    """

    weights: AnyArray
    means: AnyArray
    values: AnyArray


class Sums(NamedTuple):
    """Statistics of one mixture; means are about the center of the rows.

    Attributes
    ----------
    counts : ndarray (K,)
    means : ndarray (K, d)
    scatters : ndarray (K or 1, T)
    """

    counts: AnyArray
    means: AnyArray
    scatters: AnyArray


# Loops over few numbers are written out: slices and sums of arrays take seconds to compile.


@compiled(CAREFUL)
def copy_rows(source: AnyArray, out: AnyArray) -> None:
    """Copy numbers (m, l)."""
    for i in range(len(out)):
        copy(source[i], out[i])


@compiled(CAREFUL)
def total_of(numbers: AnyArray) -> float:
    """Return the sum of numbers (m,)."""
    total = 0.0
    for i in range(len(numbers)):
        total += numbers[i]
    return total


@compiled(CAREFUL)
def factor_of(packed: AnyArray, factor: AnyArray) -> bool:
    """Write the lower Cholesky factor (d, d) of a matrix, and say whether there is one."""
    d, q = len(factor), 0
    for i in range(d):
        for j in range(i, d):
            factor[j, i] = packed[q]
            q += 1
    for j in range(d):
        pivot = factor[j, j]
        for t in range(j):
            pivot -= factor[j, t] * factor[j, t]
        if not (0.0 < pivot < np.inf):
            return False
        root = sqrt(pivot)
        factor[j, j] = root
        for i in range(j + 1, d):
            rest = factor[i, j]
            for t in range(j):
                rest -= factor[i, t] * factor[j, t]
            factor[i, j] = rest / root
    return True


@compiled(CAREFUL)
def _invert_factor(factor: AnyArray, inverse: AnyArray) -> None:
    for j in range(len(factor)):
        inverse[j, j] = 1.0 / factor[j, j]
        for i in range(j + 1, len(factor)):
            rest = 0.0
            for t in range(j, i):
                rest -= factor[i, t] * inverse[t, j]
            inverse[i, j] = rest / factor[i, i]


@compiled(CAREFUL)
def _invert(kind: Kind, packed: AnyArray, precision: AnyArray) -> float:
    """Write the precision of a covariance, and return its log-determinant.

    NaN of one that is not surely above the floor, or too flat for float64 arithmetic.
    """
    floor, log_det = kind.floor, 0.0
    d = len(floor)
    if kind.moment == PRODUCTS:
        factor, inverse = np.empty((d, d)), np.empty((d, d))
        if not factor_of(packed, factor):
            return np.nan
        _invert_factor(factor, inverse)
        below, widest, q = 0.0, 0.0, 0
        for i in range(d):
            widest += packed[q] / floor[i]
            first = q
            for j in range(i, d):
                total = 0.0
                for t in range(j, d):
                    total += inverse[t, i] * inverse[t, j]
                precision[q] = total
                q += 1
            below += precision[first] * floor[i]
            log_det += 2.0 * log(factor[i, i])
        usable = below <= 1.0 and below * widest <= 1.0 / NARROWEST
        return log_det if usable else np.nan
    lowest = 0.0
    for i in range(d):
        lowest = max(lowest, floor[i])
    for q in range(len(packed)):
        least = floor[q] if kind.moment == SQUARES else lowest
        if not (least <= packed[q] < np.inf):
            return np.nan
        precision[q] = 1.0 / packed[q]
        log_det += log(packed[q])
    return log_det if kind.moment == SQUARES else d * log_det


@compiled(CAREFUL)
def _error(kind: Kind, row: AnyArray, packed: AnyArray, reach: AnyArray, far: bool) -> float:
    """Bound what is lost of the log-density of rows within `reach` (d,).

    Unless they are `far`, of those that are near in deviations of the component, too.
    """
    d, error, q = len(reach), 0.0, 0
    for i in range(d):
        if kind.moment == PRODUCTS:
            own, first = _within(reach[i], packed[q], far), q
            for j in range(i, d):
                other = _within(reach[j], packed[first + _places(i, j, d)], far)
                error += abs(row[1 + d + q]) * own * other
                q += 1
        else:
            own = _within(reach[i], packed[q], far)
            error += abs(row[1 + d + q]) * own * own
            q += kind.moment == SQUARES
    return 2.0 * _EPS * error


@compiled(CAREFUL)
def _within(reach: float, variance: float, far: bool) -> float:
    return reach if far else min(reach, NEAR * sqrt(variance))


@compiled(CAREFUL)
def _places(i: int, j: int, d: int) -> int:
    """Return how many places after the square of feature i that of feature j is, j >= i."""
    return (j - i) * d - (j * (j - 1) - i * (i - 1)) // 2


@compiled(CAREFUL)
def _log_weight(weight: float) -> float:
    return max(log(weight), _NO_WEIGHT) if weight > 0 else _NO_WEIGHT


@compiled(CAREFUL)
def _write(
    kind: Kind, own: Mixture, about: AnyArray, reach: AnyArray, narrow: int, theta: AnyArray
) -> int:
    """Write natural parameters about a place; return for which component they are not accurate.

    The number of components if for none, -1 if they are no use: for several, or not above the
    floor.  Rows are within `reach` (d,) of the place, and those that count for the component
    `narrow` within some of its deviations.
    """
    (k, d), n_terms = own.means.shape, own.values.shape[1]
    precision, log_det, found = np.empty(n_terms), 0.0, k
    for c in range(k):
        if c < len(own.values):
            log_det = _invert(kind, own.values[c], precision)
            if np.isnan(log_det):
                return -1
        mean, row, q = own.means[c], theta[c], 0
        constant = _log_weight(own.weights[c]) - 0.5 * (d * LOG_2PI + log_det)
        for i in range(d):
            row[1 + i] = 0.0
        for i in range(d):
            if kind.moment == PRODUCTS:
                for j in range(i, d):
                    p = precision[q]
                    row[1 + i] += p * (mean[j] - about[j])
                    if j > i:
                        row[1 + j] += p * (mean[i] - about[i])
                    row[1 + d + q] = -0.5 * p if j == i else -p
                    q += 1
            else:
                row[1 + i] = precision[q] * (mean[i] - about[i])
                row[1 + d + q] = -0.5 * precision[q]
                q += kind.moment == SQUARES
        for i in range(d):
            constant -= 0.5 * (mean[i] - about[i]) * row[1 + i]
        row[0] = constant
        packed = own.values[min(c, len(own.values) - 1)]
        error = _error(kind, row, packed, reach, c != narrow)
        if not abs(constant) < np.inf or (error > TOLERANCE and found < k):
            return -1
        found = found if error <= TOLERANCE else c
    return found


@compiled(CAREFUL)
def write_theta(
    kind: Kind, own: Mixture, reach: AnyArray, about: AnyArray, theta: AnyArray
) -> bool:
    """Write the natural parameters (K, 1 + d + T) of a mixture, and what they are about (d,).

    That is the center of the rows, or the mean of a component so narrow that digits would be
    lost.

    Returns
    -------
    bool
        Whether an E-step of rows within `reach` (d,) of their center may use them.
    """
    k = len(own.weights)
    for i in range(len(about)):
        about[i] = 0.0
    narrow = _write(kind, own, about, reach, k, theta)
    if narrow == -1 or narrow == k:  # noqa: PLR1714 - a tuple takes longer to compile
        return narrow == k
    further = np.empty(len(about))
    for i in range(len(about)):
        about[i] = own.means[narrow, i]
        further[i] = reach[i] + abs(about[i])
    return _write(kind, own, about, further, narrow, theta) == k


@compiled(CAREFUL)
def _add_centred(kind: Kind, row: AnyArray, mean: AnyArray, out: AnyArray) -> None:
    """Add the scatter of a component about its mean, of sums of features (1 + d + T,)."""
    count, d, q = row[0], len(mean), 0
    for i in range(d):
        if kind.moment == PRODUCTS:
            for j in range(i, d):
                out[q] += row[1 + d + q] - count * (mean[i] * mean[j])
                q += 1
        elif kind.moment == SQUARES:
            out[i] += row[1 + d + i] - count * (mean[i] * mean[i])
        else:
            out[0] -= count * (mean[i] * mean[i])
    if kind.moment == NORM:
        out[0] += row[1 + d]


@compiled(CAREFUL)
def close(kind: Kind, moments: AnyArray, about: AnyArray, total: float, sums: Sums) -> bool:
    """Turn sums of features (K, 1 + d + T) about a place into statistics.

    Says whether no component is empty.
    """
    counts, means, scatters = sums
    for c in range(len(scatters)):
        for q in range(scatters.shape[1]):
            scatters[c, q] = 0.0
    for c in range(len(counts)):
        row = moments[c]
        if not (row[0] > EMPTY * total):
            return False
        counts[c], mean = row[0], means[c]
        for i in range(len(mean)):
            mean[i] = row[1 + i] / row[0]
        _add_centred(kind, row, mean, scatters[min(c, len(scatters) - 1)])
        for i in range(len(mean)):
            mean[i] += about[i]
    return True


@compiled(CAREFUL)
def weigh(kind: Kind, counts: AnyArray, weights: AnyArray) -> None:
    """Write the mixing weights that counts say."""
    total, k = total_of(counts), len(counts)
    for c in range(k):
        weights[c] = max((1.0 / k) if kind.equal_weights else counts[c] / total, _TINY)


@compiled(CAREFUL)
def estimate(kind: Kind, sums: Sums, out: Mixture) -> None:
    """Write the parameters that maximise what is expected: the M-step."""
    counts, means, scatters = sums
    weigh(kind, counts, out.weights)
    copy_rows(means, out.means)
    sides = means.shape[1] if kind.moment == NORM else 1
    for c in range(len(scatters)):
        count = total_of(counts) if kind.shared else counts[c]
        for q in range(scatters.shape[1]):
            out.values[c, q] = scatters[c, q] / (count * sides)
