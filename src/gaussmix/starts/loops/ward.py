"""Ward's trees of many data sets as loops, which Numba compiles.

Chains of nearest neighbours (Murtagh 1983) find the same merges as looking for the closest pair
does, in time that grows with the square of the rows and no more memory than they take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...estep.compiling import ANY_ORDER, EXACT, compiled

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["ward_each"]


@compiled(ANY_ORDER)
def _nearest(
    means: AnyArray, counts: AnyArray, m: int, own: int, before: int, costs: AnyArray
) -> int:
    """Return which of m clusters is cheapest to merge with one; `before` if none is cheaper."""
    costs[:m] = 0.0
    for j in range(len(means)):
        column, middle = means[j], means[j, own]
        for i in range(m):
            costs[i] += (column[i] - middle) * (column[i] - middle)
    size = counts[own]
    for i in range(m):
        costs[i] *= size * counts[i] / (size + counts[i])
    costs[own] = np.inf
    least = np.inf
    for i in range(m):
        least = min(least, costs[i])
    if before >= 0 and costs[before] <= least:
        return before
    for i in range(m):
        if costs[i] <= least:
            return i
    return before


@compiled(EXACT)
def _merges(
    rows: AnyArray, means: AnyArray, memory: AnyArray, names: AnyArray, chain: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """Return the pairs of rows (n - 1, 2) whose clusters merge, and the costs, in any order.

    `means` (d, n), `memory` (2, n), `names` and `chain` (n,) are memory.
    """
    n, d = rows.shape
    counts, costs = memory[0], memory[1]
    pairs, heights = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    for i in range(n):
        for j in range(d):
            means[j, i] = rows[i, j]
        counts[i], names[i] = 1.0, i
    length, m = 0, n
    for step in range(n - 1):
        if length == 0:
            chain[0], length = 0, 1
        while True:
            own = chain[length - 1]
            before = chain[length - 2] if length > 1 else -1
            found = _nearest(means, counts, m, own, before, costs)
            if found == before:
                break
            chain[length] = found
            length += 1
        length -= 2
        pairs[step, 0], pairs[step, 1], heights[step] = names[own], names[before], costs[before]
        # The union takes the place of one, the last cluster that of the other.
        size = counts[own] + counts[before]
        share = counts[own] / size
        for j in range(d):
            means[j, before] += share * (means[j, own] - means[j, before])
        counts[before] = size
        m -= 1
        for j in range(d):
            means[j, own] = means[j, m]
        counts[own], names[own] = counts[m], names[m]
        for i in range(length):
            if chain[i] == m:
                chain[i] = own
    return pairs, heights


@compiled(EXACT)
def _cut(pairs: AnyArray, order: AnyArray, k: int, roots: AnyArray, labels: AnyArray) -> None:
    """Write the labels (n,) of K clusters, numbered by first appearance."""
    n = len(labels)
    for i in range(n):
        roots[i] = i
    for step in range(n - k):
        a, b = pairs[order[step], 0], pairs[order[step], 1]
        while roots[a] != a:
            roots[a] = roots[roots[a]]
            a = roots[a]
        while roots[b] != b:
            roots[b] = roots[roots[b]]
            b = roots[b]
        roots[max(a, b)] = min(a, b)
    count = 0
    for i in range(n):  # roots are the first of their rows
        a = i
        while roots[a] != a:
            a = roots[a]
        if a == i:
            labels[i] = count
            count += 1
        else:
            labels[i] = labels[a]


@compiled(EXACT)
def ward_each(rows: AnyArray, sizes: AnyArray, labels: AnyArray) -> None:
    """Write the labels (len(sizes), G, n) of Ward's clusters of data sets (G, n, d)."""
    n_sets, n, d = rows.shape
    means, memory = np.empty((d, n)), np.empty((2, n))
    names, chain = np.empty(n, np.int64), np.empty(n + 1, np.int64)
    for g in range(n_sets):
        pairs, heights = _merges(rows[g], means, memory, names, chain)
        order = np.argsort(heights, kind="mergesort")
        for s in range(len(sizes)):
            _cut(pairs, order, sizes[s], chain, labels[s, g])
