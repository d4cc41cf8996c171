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
from ...estep.compiling import CAREFUL, compiled
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
    "estimate",
    "factor_of",
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
    lowest = floor.max()
    for q in range(len(packed)):
        least = floor[q] if kind.moment == SQUARES else lowest
        if not (least <= packed[q] < np.inf):
            return np.nan
        precision[q] = 1.0 / packed[q]
        log_det += log(packed[q])
    return log_det if kind.moment == SQUARES else d * log_det


@compiled(CAREFUL)
def _error(kind: Kind, row: AnyArray, reach: AnyArray) -> float:
    """Bound what is lost of the log-density of rows within `reach` (d,)."""
    d, error, q = len(reach), 0.0, 1 + len(reach)
    for i in range(d):
        if kind.moment == PRODUCTS:
            for j in range(i, d):
                error += abs(row[q]) * reach[i] * reach[j]
                q += 1
        else:
            error += abs(row[q]) * reach[i] * reach[i]
            q += kind.moment == SQUARES
    return 2.0 * _EPS * error


@compiled(CAREFUL)
def _near(kind: Kind, packed: AnyArray, reach: AnyArray) -> AnyArray:
    """Return how far (d,) rows are that count for a narrow component, from its mean."""
    d, q, near = len(reach), 0, np.empty_like(reach)
    for i in range(d):
        near[i] = min(reach[i], NEAR * sqrt(packed[q]))
        q += d - i if kind.moment == PRODUCTS else kind.moment == SQUARES
    return near


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
        mean, row, q = own.means[c] - about, theta[c], 0
        constant = max(log(own.weights[c]), _NO_WEIGHT) if own.weights[c] > 0 else _NO_WEIGHT
        constant -= 0.5 * (d * LOG_2PI + log_det)
        row[1 : 1 + d] = 0.0
        for i in range(d):
            if kind.moment == PRODUCTS:
                for j in range(i, d):
                    p = precision[q]
                    row[1 + i] += p * mean[j]
                    if j > i:
                        row[1 + j] += p * mean[i]
                    row[1 + d + q] = -0.5 * p if j == i else -p
                    q += 1
            else:
                row[1 + i] = precision[q] * mean[i]
                row[1 + d + q] = -0.5 * precision[q]
                q += kind.moment == SQUARES
        for i in range(d):
            constant -= 0.5 * mean[i] * row[1 + i]
        row[0] = constant
        far = _near(kind, own.values[min(c, len(own.values) - 1)], reach) if c == narrow else reach
        if not np.isfinite(constant):
            return -1
        if not _error(kind, row, far) <= TOLERANCE:
            if found < k:
                return -1
            found = c
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
    about[:] = 0.0
    narrow = _write(kind, own, about, reach, k, theta)
    if narrow in (-1, k):
        return narrow == k
    about[:] = own.means[narrow]
    return _write(kind, own, about, reach + np.abs(about), narrow, theta) == k


@compiled(CAREFUL)
def close(kind: Kind, moments: AnyArray, about: AnyArray, total: float, sums: Sums) -> bool:
    """Turn sums of features (K, 1 + d + T) about a place into statistics.

    Says whether no component is empty.
    """
    counts, means, scatters = sums
    k, d = means.shape
    scatters[:] = 0.0
    for c in range(k):
        count = moments[c, 0]
        if not (count > EMPTY * total):
            return False
        counts[c] = count
        own = scatters[c] if c < len(scatters) else scatters[0]
        for i in range(d):
            means[c, i] = moments[c, 1 + i] / count
        q = 0
        if kind.moment == PRODUCTS:
            for i in range(d):
                for j in range(i, d):
                    own[q] += moments[c, 1 + d + q] - count * (means[c, i] * means[c, j])
                    q += 1
        elif kind.moment == SQUARES:
            for i in range(d):
                own[i] += moments[c, 1 + d + i] - count * (means[c, i] * means[c, i])
        else:
            squared = 0.0
            for i in range(d):
                squared += means[c, i] * means[c, i]
            own[0] += moments[c, 1 + d] - count * squared
        means[c] += about
    return True


@compiled(CAREFUL)
def weigh(kind: Kind, counts: AnyArray, weights: AnyArray) -> None:
    """Write the mixing weights that counts say."""
    total, k = counts.sum(), len(counts)
    for c in range(k):
        weights[c] = max((1.0 / k) if kind.equal_weights else counts[c] / total, _TINY)


@compiled(CAREFUL)
def estimate(kind: Kind, sums: Sums, out: Mixture) -> None:
    """Write the parameters that maximise what is expected: the M-step."""
    counts, means, scatters = sums
    weigh(kind, counts, out.weights)
    out.means[:] = means
    sides = means.shape[1] if kind.moment == NORM else 1
    for c in range(len(scatters)):
        count = counts.sum() if kind.shared else counts[c]
        for q in range(scatters.shape[1]):
            out.values[c, q] = scatters[c, q] / (count * sides)
