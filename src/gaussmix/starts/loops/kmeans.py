"""k-means on many data sets as loops, which Numba compiles: what `kmeans_of_many` does by NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...estep.compiling import EXACT, compiled

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["kmeans_each"]


@compiled(EXACT)
def _drawn(potentials: AnyArray, random: float) -> int:
    """Return a place drawn with probability in proportion to potentials (n,)."""
    total = 0.0
    for i in range(len(potentials)):
        total += potentials[i]
    target, found, last = random * total, 0.0, 0
    for i in range(len(potentials)):
        found += potentials[i]
        if potentials[i] > 0:
            last = i
            if found > target:
                return i
    return last


@compiled(EXACT)
def _squared(rows: AnyArray, place: int, out: AnyArray) -> None:
    """Write the squared distances of columns (d, n) from one of them."""
    out[:] = 0.0
    for j in range(len(rows)):
        own, middle = rows[j], rows[j, place]
        for i in range(len(own)):
            out[i] += (own[i] - middle) * (own[i] - middle)


@compiled(EXACT)
def _plus_plus(
    rows: AnyArray, weights: AnyArray, random: AnyArray, memory: AnyArray, centers: AnyArray
) -> None:
    """Write the centers (K, d) that k-means++ draws; `memory` is (4, n)."""
    n = rows.shape[1]
    distances, potentials, closer, best = memory[0], memory[1], memory[2], memory[3]
    first = _drawn(weights, random[0, 0])
    centers[0] = rows[:, first]
    _squared(rows, first, distances)
    for k in range(1, len(centers)):
        total = 0.0
        for i in range(n):
            potentials[i] = distances[i] * weights[i]
            total += potentials[i]
        if total <= 0.0:  # no row differs from those chosen
            potentials[:] = weights
        least, chosen = np.inf, 0
        for m in range(random.shape[1]):
            place = _drawn(potentials, random[k, m])
            _squared(rows, place, closer)
            left = 0.0
            for i in range(n):
                closer[i] = min(closer[i], distances[i])
                left += closer[i] * weights[i]
            if left < least:
                least, chosen = left, place
                best[:] = closer
        centers[k] = rows[:, chosen]
        distances[:] = best


@compiled(EXACT)
def _nearest(rows: AnyArray, centers: AnyArray, distances: AnyArray, labels: AnyArray) -> bool:
    """Write the nearest center of each row; say whether one has changed.

    `distances` is memory (2, n).
    """
    n_features, n = rows.shape
    own, least = distances[0], distances[1]
    changed = False
    nearest = np.zeros(n, dtype=np.int64)
    for k in range(len(centers)):
        half = 0.0
        for j in range(n_features):
            half += centers[k, j] * centers[k, j]
        own[:] = 0.5 * half
        for j in range(n_features):
            column, middle = rows[j], centers[k, j]
            for i in range(n):
                own[i] -= middle * column[i]
        if k == 0:
            least[:] = own
        else:
            for i in range(n):
                nearest[i] = k if own[i] < least[i] else nearest[i]
                least[i] = min(own[i], least[i])
    for i in range(n):
        changed |= nearest[i] != labels[i]
        labels[i] = nearest[i]
    return changed


@compiled(EXACT)
def _means(rows: AnyArray, weights: AnyArray, labels: AnyArray, centers: AnyArray) -> None:
    """Write the means of the rows of each center, where it has any."""
    n_features, n = rows.shape
    counts, sums = np.zeros(len(centers)), np.zeros(centers.shape)
    for i in range(n):
        counts[labels[i]] += weights[i]
    for j in range(n_features):
        for i in range(n):
            sums[labels[i], j] += weights[i] * rows[j, i]
    for k in range(len(centers)):
        if counts[k] > 0.0:
            centers[k] = sums[k] / counts[k]


@compiled(EXACT)
def kmeans_each(
    rows: AnyArray,
    middles: AnyArray,
    weights: AnyArray,
    random: AnyArray,
    most: int,
    labels: AnyArray,
) -> None:
    """Write the labels (G, n) of k-means on data sets (G, n, d) about `middles` (G, d).

    `weights` is (G, n), `random` (G, K, m) are uniform numbers; of at most so many iterations.
    """
    n_sets, n, n_features = rows.shape
    own, memory = np.empty((n_features, n)), np.empty((4, n))
    centers = np.empty((random.shape[1], n_features))
    for g in range(n_sets):
        for j in range(n_features):
            for i in range(n):
                own[j, i] = rows[g, i, j] - middles[g, j]
        _plus_plus(own, weights[g], random[g], memory, centers)
        labels[g] = -1
        _nearest(own, centers, memory, labels[g])
        for _ in range(most):
            _means(own, weights[g], labels[g], centers)
            if not _nearest(own, centers, memory, labels[g]):
                break
