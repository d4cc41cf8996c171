"""k-means as loops, which Numba compiles: what `starts/centers.py` and `many.py` do by NumPy.

Rows are given column by column (d, n), so that the inner loops are over rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...estep.compiling import ANY_ORDER, compiled, copy

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["kmeans_each", "lloyd_each", "plus_plus_each", "swap"]

# Rows whose distances stay in the first cache.
_TILE = 256


@compiled(ANY_ORDER)
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


@compiled(ANY_ORDER)
def _squared(rows: AnyArray, place: int, out: AnyArray) -> None:
    """Write the squared distances of columns (d, n) from one of them."""
    out[:] = 0.0
    for j in range(len(rows)):
        own, middle = rows[j], rows[j, place]
        for i in range(len(own)):
            out[i] += (own[i] - middle) * (own[i] - middle)


@compiled(ANY_ORDER)
def _weigh_others(rows: AnyArray, weights: AnyArray, centers: AnyArray, out: AnyArray) -> None:
    """Write the weights of rows that differ from all centers (k, d); of all rows if none does."""
    any_differs = False
    for i in range(len(out)):
        differs = weights[i] > 0
        for k in range(len(centers)):
            same = True
            for j in range(len(rows)):
                same = same and rows[j, i] == centers[k, j]
            differs = differs and not same
        out[i] = weights[i] if differs else 0.0
        any_differs = any_differs or differs
    if not any_differs:
        copy(weights, out)


@compiled(ANY_ORDER)
def _plus_plus(
    rows: AnyArray,
    weights: AnyArray,
    first: int,
    random: AnyArray,
    memory: AnyArray,
    centers: AnyArray,
) -> None:
    """Write the centers (K, d) that k-means++ draws after the first; `memory` is (4, n).

    `random` is (K - 1, t), for the candidates of each.
    """
    n = rows.shape[1]
    distances, potentials, closer, best = memory[0], memory[1], memory[2], memory[3]
    copy(rows[:, first], centers[0])
    _squared(rows, first, distances)
    for k in range(1, len(centers)):
        total = 0.0
        for i in range(n):
            potentials[i] = distances[i] * weights[i]
            total += potentials[i]
        if total <= 0.0:  # no distance is left
            _weigh_others(rows, weights, centers[:k], potentials)
        least, chosen = 0.0, -1
        for m in range(random.shape[1]):
            place = _drawn(potentials, random[k - 1, m])
            _squared(rows, place, closer)
            left = 0.0
            for i in range(n):
                closer[i] = min(closer[i], distances[i])
                left += closer[i] * weights[i]
            if chosen < 0 or left < least:
                least, chosen = left, place
                copy(closer, best)
        copy(rows[:, chosen], centers[k])
        copy(best, distances)


@compiled(ANY_ORDER)
def _nearest(rows: AnyArray, centers: AnyArray, labels: AnyArray) -> bool:
    """Write the nearest center of each row; say whether one has changed."""
    n_features, n = rows.shape
    own, least = np.empty(_TILE), np.empty(_TILE)
    found = np.empty(_TILE, dtype=np.int64)
    changed = False
    for begin in range(0, n, _TILE):
        size = min(_TILE, n - begin)
        for k in range(len(centers)):
            half = 0.0
            for j in range(n_features):
                half += centers[k, j] * centers[k, j]
            own[:size] = 0.5 * half
            for j in range(n_features):
                column, middle = rows[j, begin : begin + size], centers[k, j]
                for i in range(size):
                    own[i] -= middle * column[i]
            if k == 0:
                copy(own, least[:size])
                found[:size] = 0
            else:
                for i in range(size):
                    found[i] = k if own[i] < least[i] else found[i]
                    least[i] = min(own[i], least[i])
        for i in range(size):
            changed |= found[i] != labels[begin + i]
            labels[begin + i] = found[i]
    return changed


@compiled(ANY_ORDER)
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
            for j in range(n_features):
                centers[k, j] = sums[k, j] / counts[k]


@compiled(ANY_ORDER)
def plus_plus_each(
    rows: AnyArray, weights: AnyArray, first: AnyArray, random: AnyArray, centers: AnyArray
) -> None:
    """Write the centers (R, K, d) that k-means++ draws for R starts; `first` (R,) are given.

    `random` is (R, K - 1, t).
    """
    memory = np.empty((4, rows.shape[1]))
    for r in range(len(centers)):
        _plus_plus(rows, weights, first[r], random[r], memory, centers[r])


@compiled(ANY_ORDER)
def lloyd_each(
    rows: AnyArray, weights: AnyArray, most: int, labels: AnyArray, centers: AnyArray
) -> None:
    """Move centers (R, K, d) by at most so many of Lloyd's iterations; write `labels` (R, n)."""
    for r in range(len(centers)):
        labels[r] = -1
        _nearest(rows, centers[r], labels[r])
        for _ in range(most):
            _means(rows, weights, labels[r], centers[r])
            if not _nearest(rows, centers[r], labels[r]):
                break


@compiled(ANY_ORDER)
def swap(rows: AnyArray, weights: AnyArray, random: AnyArray, centers: AnyArray) -> None:
    """Let rows take the place of centers (K, d), a row for each random number; see `swapped`."""
    n = rows.shape[1]
    first, second, potential, found = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    labels, missed = np.empty(n, dtype=np.int64), np.empty(len(centers))
    least = _two_nearest(rows, weights, centers, (first, second, potential, found), labels)
    for t in range(len(random)):
        place = _drawn(potential, random[t])
        _squared(rows, place, found)
        missed[:] = 0.0
        left = 0.0
        for i in range(n):
            kept = min(found[i], first[i])
            left += kept * weights[i]
            missed[labels[i]] += (min(found[i], second[i]) - kept) * weights[i]
        out = missed.argmin()
        if left + missed[out] < least:
            copy(rows[:, place], centers[out])
            least = _two_nearest(rows, weights, centers, (first, second, potential, found), labels)


@compiled(ANY_ORDER)
def _two_nearest(
    rows: AnyArray,
    weights: AnyArray,
    centers: AnyArray,
    memory: tuple[AnyArray, AnyArray, AnyArray, AnyArray],
    labels: AnyArray,
) -> float:
    """Write squared distances of rows from the nearest center and the next; return their sum.

    And, in `memory`, the first times weights.  Of a single center the next is as far as it is.
    """
    first, second, potential, own = memory
    n_features, n = rows.shape
    for k in range(len(centers)):
        own[:] = 0.0
        for j in range(n_features):
            column, middle = rows[j], centers[k, j]
            for i in range(n):
                own[i] += (column[i] - middle) * (column[i] - middle)
        if k == 0:
            copy(own, first)
            copy(own, second)
            labels[:] = 0
            continue
        for i in range(n):
            nearer = own[i] < first[i]
            next_one = first[i] if nearer else min(own[i], second[i])
            second[i] = own[i] if k == 1 and not nearer else next_one
            labels[i] = k if nearer else labels[i]
            first[i] = min(own[i], first[i])
    total = 0.0
    for i in range(n):
        potential[i] = first[i] * weights[i]
        total += potential[i]
    return total


@compiled(ANY_ORDER)
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
    centers = np.empty((1, random.shape[1], n_features))
    for g in range(n_sets):
        for j in range(n_features):
            for i in range(n):
                own[j, i] = rows[g, i, j] - middles[g, j]
        first = _drawn(weights[g], random[g, 0, 0])
        _plus_plus(own, weights[g], first, random[g, 1:], memory, centers[0])
        lloyd_each(own, weights[g], most, labels[g : g + 1], centers)
