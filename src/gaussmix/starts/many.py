"""k-means on many data sets at once: where fits to each of them begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .centers import kmeans_loops

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["N_DRAWN", "kmeans_of_many", "loops_can_be_had"]

# Candidates for each center, of which the best is kept.
N_DRAWN = 3
_MOST_ITERATIONS = 30


def kmeans_of_many(
    rows: Array,
    weights: Array,
    n_components: int,
    random: Array,
    middles: Array | None = None,
    *,
    in_loops: bool = False,
) -> AnyArray:
    """Return labels (G, n) of k-means, from centers by k-means++, of G data sets (G, n, d).

    Parameters
    ----------
    rows : ndarray (G, n, d)
    weights : ndarray (G, n)
        0 for rows that are not there.
    n_components : int
    random : ndarray (G, K, N_DRAWN)
        Uniform numbers: what is drawn of a data set does not depend on the others.
    middles : ndarray (G, d), optional
        What is taken off the rows first, so that no digits are lost; nothing unless said.
    in_loops : bool
        Whether to use compiled loops, where they can be had.
    """
    if middles is None:
        middles = np.zeros((len(rows), rows.shape[2]))
    loops = kmeans_loops() if in_loops else None
    if loops is not None:
        labels = np.empty(rows.shape[:2], dtype=np.int64)
        loops.kmeans_each(rows, middles, weights, random, _MOST_ITERATIONS, labels)
        return labels
    rows = rows - middles[:, None]
    centers = _plus_plus(rows, weights, n_components, random)
    labels = _nearest(rows, centers)
    every = np.arange(n_components)[:, None]
    for _ in range(_MOST_ITERATIONS):
        chosen = np.where(labels[:, None] == every, weights[:, None], 0.0)
        counts = chosen.sum(axis=2)[:, :, None]
        means = np.matmul(chosen, rows) / np.where(counts > 0, counts, 1.0)
        centers = np.where(counts > 0, means, centers)
        before, labels = labels, _nearest(rows, centers)
        if np.array_equal(labels, before):
            break
    return labels


def loops_can_be_had() -> bool:
    """Whether there are compiled loops; they are loaded then."""
    return kmeans_loops() is not None


def _nearest(rows: Array, centers: Array) -> AnyArray:
    halves = 0.5 * np.einsum("gkd,gkd->gk", centers, centers)
    products = np.matmul(centers, rows.swapaxes(1, 2)) - halves[:, :, None]
    labels: AnyArray = products.argmax(axis=1)
    return labels


def _plus_plus(rows: Array, weights: Array, n_components: int, random: Array) -> Array:
    every = np.arange(len(rows))
    centers = np.empty((len(rows), n_components, rows.shape[2]))
    centers[:, 0] = rows[every, _drawn(weights, random[:, 0, :1])[:, 0]]
    distances = _squared(rows, centers[:, :1])[:, 0]
    for k in range(1, n_components):
        potentials = distances * weights
        flat = potentials.sum(axis=1) <= 0  # no row differs from those chosen
        potentials[flat] = weights[flat]
        candidates = rows[every[:, None], _drawn(potentials, random[:, k])]
        closer = np.minimum(_squared(rows, candidates), distances[:, None])
        best = (closer * weights[:, None]).sum(axis=2).argmin(axis=1)
        centers[:, k], distances = candidates[every, best], closer[every, best]
    return centers


def _drawn(potentials: Array, random: Array) -> AnyArray:
    """Return places (G, m) drawn with probabilities in proportion to potentials (G, n)."""
    sums = potentials.cumsum(axis=1)
    targets = random * sums[:, -1:]
    found = (sums[:, None] <= targets[:, :, None]).sum(axis=2)
    # A target may be the sum itself, by rounding: the last row of any weight then.
    last = potentials.shape[1] - 1 - (potentials[:, ::-1] > 0).argmax(axis=1)
    return np.minimum(found, last[:, None])


def _squared(rows: Array, centers: Array) -> Array:
    """Return squared distances (G, m, n) of rows from centers (G, m, d)."""
    return np.asarray(
        np.stack(
            [
                np.einsum("gnd,gnd->gn", offsets, offsets)
                for offsets in (rows - centers[:, m, None] for m in range(centers.shape[1]))
            ],
            axis=1,
        )
    )
