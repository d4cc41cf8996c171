"""Centers for starts, found for many starts at once: k-means++, Lloyd's iterations, swaps.

In NumPy's calls, or in compiled loops where they are loaded anyway.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..estep.compiled import goes_in_tiles
from ..numerics.distinct import distinct
from ..rows.folds import rows_of_a_block

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from .._typing import AnyArray, Array
    from ..em.problem import Problem

__all__ = [
    "distinct_rows",
    "goes_in_loops",
    "kmeans_loops",
    "lloyd",
    "nearest",
    "plus_plus",
    "swapped",
]

# Squared distances that are less than this share of the squared norms are rounding.
_ROUNDING = 1e-14
# Rows that are tried at once as new centers: at first, and while none is better.
_TRIED, _MOST_TRIED = 4, 16
# Features up to which compiled loops are faster (measured).
_MOST_FEATURES = 20


def goes_in_loops(problem: Problem) -> bool:
    """Whether centers of a problem's sample are found in compiled loops.

    As its E-steps are, by size alone; where features are many the products of BLAS are faster.
    """
    n_features, drawn_from = problem.data.sample.shape[1], problem.data.source.rows_drawn_from
    return n_features <= _MOST_FEATURES and goes_in_tiles(
        problem.n_components, 1 + n_features, drawn_from
    )


@lru_cache(maxsize=1)
def kmeans_loops() -> ModuleType | None:
    """Return the compiled loops; None on a machine that cannot have them."""
    try:
        from .loops import kmeans
    except ImportError:
        return None
    return kmeans


def nearest(rows: Array, centers: Array, *, in_loops: bool = False) -> AnyArray:
    """Return the nearest of `centers` (..., K, d) for each of `rows` (m, d), shape (..., m).

    `in_loops` is whether to use compiled loops, here and below, where they can be had.
    """
    if in_loops and kmeans_loops() is not None:
        return _in_loops(rows, np.ones(len(rows)), centers, 0)[1]
    # |x - c|^2 without the row's own norm, which does not change the order.
    offsets = 0.5 * np.einsum("...kj,...kj->...k", centers, centers)
    flat = centers.reshape(-1, rows.shape[1]).T
    labels = np.empty((len(rows), *centers.shape[:-2]), dtype=np.intp)
    for block in _blocks(len(rows), offsets.size):
        products = (rows[block] @ flat).reshape(-1, *offsets.shape)
        labels[block] = np.subtract(products, offsets, out=products).argmax(axis=-1)
    return np.ascontiguousarray(np.moveaxis(labels, 0, -1))


def _in_loops(rows: Array, weights: Array, centers: Array, n_iter: int) -> tuple[Array, AnyArray]:
    """Return centers (..., K, d) after Lloyd's iterations, and labels (..., m), by loops."""
    loops = kmeans_loops()
    assert loops is not None
    moved = np.array(centers, dtype=float).reshape(-1, *centers.shape[-2:])
    labels = np.empty((len(moved), len(rows)), dtype=np.int64)
    loops.lloyd_each(_columns(rows), weights, n_iter, labels, moved)
    return moved.reshape(centers.shape), labels.reshape(*centers.shape[:-2], len(rows))


def _columns(rows: Array) -> Array:
    return np.ascontiguousarray(rows.T)


def plus_plus(
    rows: Array,
    weights: Array,
    n_components: int,
    n_starts: int,
    rng: np.random.Generator,
    *,
    in_loops: bool = False,
) -> Array:
    """Return k-means++ centers (R, K, d), rows drawn by their squared distance from the others.

    Of a few candidates the one is kept that lowers the sum of squares most (Arthur &
    Vassilvitskii 2007, and their greedy variant).
    """
    first = rng.choice(len(rows), n_starts, p=weights / weights.sum())
    random = rng.random((n_components - 1, n_starts, 2 + int(np.log(n_components))))
    loops = kmeans_loops() if in_loops else None
    if loops is not None:
        centers = np.empty((n_starts, n_components, rows.shape[1]))
        own = np.ascontiguousarray(random.swapaxes(0, 1))
        loops.plus_plus_each(_columns(rows), weights, first, own, centers)
        return centers
    norms = np.einsum("ij,ij->i", rows, rows)
    rounding = _ROUNDING * float(norms @ weights)
    chosen = np.empty((n_starts, n_components), dtype=np.intp)
    chosen[:, 0] = first
    distances = _squared_distances(rows, norms, chosen[:, :1])[:, 0]
    for k in range(1, n_components):
        potentials = distances * weights
        candidates = _drawn(potentials, random[k - 1])
        for r in np.flatnonzero(potentials.sum(axis=1) <= rounding):
            potential = _exact_potential(rows, weights, chosen[r, :k])
            candidates[r] = _drawn(potential[None], random[k - 1, r, None])[0]
        closer = _squared_distances(rows, norms, candidates)
        np.minimum(closer, distances[:, None], out=closer)
        best = (closer @ weights).argmin(axis=1)
        starts = np.arange(n_starts)
        distances, chosen[:, k] = closer[starts, best], candidates[starts, best]
    return rows[chosen]


def swapped(
    rows: Array,
    weights: Array,
    centers: Array,
    n_steps: int,
    rng: np.random.Generator,
    *,
    in_loops: bool = False,
) -> Array:
    """Return centers (K, d) some of which rows have taken the place of.

    At each step a row is drawn as by k-means++; it takes the place of the center that is missed
    least, if that lowers the sum of squares (local search: Lattanzi & Sohler 2019).  It leads
    out of the optima of k-means where two centers share a cluster and two clusters a center.
    """
    random, centers = rng.random(n_steps), centers.copy()
    loops = kmeans_loops() if in_loops else None
    if loops is not None:
        loops.swap(_columns(rows), weights, random, centers)
        return centers
    norms = np.einsum("ij,ij->i", rows, rows)
    lengths = np.einsum("ij,ij->i", centers, centers)
    each = norms[:, None] - 2.0 * rows @ centers.T + lengths
    done, changed, tried = 0, True, _TRIED
    while done < n_steps:
        if changed:
            labels = each.argmin(axis=1)
            chosen = (labels[:, None] == np.arange(len(centers))).astype(float)
            first, second = np.maximum(np.partition(each, 1, axis=1)[:, :2].T, 0.0)
            potential = first * weights
            least = potential.sum()
        # Steps are taken one after the other; what several would do is found at once.
        (places,) = _drawn(potential[None], random[None, done : done + tried])
        (found,) = _squared_distances(rows, norms, places[None])
        kept = np.minimum(found, first)
        missed = ((np.minimum(found, second) - kept) * weights) @ chosen
        better = np.flatnonzero(kept @ weights + missed.min(axis=1) < least)
        changed = len(better) > 0
        if not changed:
            done, tried = done + tried, min(2 * tried, _MOST_TRIED)
            continue
        step = int(better[0])
        out = missed[step].argmin()
        each[:, out], centers[out] = found[step], rows[places[step]]
        done, tried = done + step + 1, _TRIED
    return centers


def _squared_distances(rows: Array, norms: Array, places: AnyArray) -> Array:
    """Return squared distances (R, t, m) of all rows from rows at `places` (R, t)."""
    distances: Array = (rows[places.ravel()] @ rows.T).reshape(*places.shape, -1)
    distances *= -2.0
    distances += norms
    distances += norms[places][..., None]
    return np.maximum(distances, 0.0, out=distances)


def _exact_potential(rows: Array, weights: Array, chosen: AnyArray) -> Array:
    """Return by what to draw (m,) where squared distances from chosen rows are but rounding.

    Squares of differences are exact enough.  Where they vanish too, rows that differ from those
    chosen are drawn by weight; and if none does, any.
    """
    gaps, differs = np.full(len(rows), np.inf), np.ones(len(rows), dtype=bool)
    for place in chosen:
        offsets = rows - rows[place]
        gaps = np.minimum(gaps, np.einsum("ij,ij->i", offsets, offsets))
        differs &= (rows != rows[place]).any(axis=1)
    for potential in (gaps * weights, differs * weights):
        if potential.sum() > 0:
            return potential
    return weights


def _drawn(potentials: Array, random: Array) -> AnyArray:
    """Draw places (R, t) for each start with probabilities in proportion to its row (R, m)."""
    sums = potentials.cumsum(axis=1)
    targets = random * sums[:, -1:]
    found = [np.searchsorted(own, target) for own, target in zip(sums, targets, strict=True)]
    return np.minimum(found, potentials.shape[1] - 1)


def lloyd(
    rows: Array, weights: Array, centers: Array, n_iter: int, *, in_loops: bool = False
) -> Array:
    """Return centers (R, K, d) after Lloyd's iterations of k-means (Lloyd 1982).

    A center without rows stays where it is.
    """
    if in_loops and kmeans_loops() is not None:
        return _in_loops(rows, weights, centers, n_iter)[0]
    n_starts, n_components, _ = centers.shape
    first = n_components * np.arange(n_starts)[:, None]
    labels = np.full((n_starts, len(rows)), -1)
    values = np.concatenate([weights[:, None], weights[:, None] * rows], axis=1)
    for _ in range(n_iter):
        before, labels = labels, nearest(rows, centers)
        if np.array_equal(labels, before):
            break
        sums = _sums_by_place(labels + first, values, n_starts * n_components)
        counts = sums[:, 0].reshape(n_starts, n_components, 1)
        means = sums[:, 1:].reshape(centers.shape) / np.where(counts > 0, counts, 1.0)
        centers = np.where(counts > 0, means, centers)
    return centers


def _sums_by_place(places: AnyArray, values: Array, size: int) -> Array:
    """Return the sums (size, v) of values (m, v) by the places (R, m) that they go to."""
    from scipy.sparse import csc_array

    which, ends = places.T.reshape(-1), np.arange(0, places.size + 1, len(places))
    goes = csc_array((np.ones(places.size), which, ends), shape=(size, len(values)))
    return np.asarray(goes @ values)


def distinct_rows(
    rows: Array, weights: Array, n_components: int, n_starts: int, rng: np.random.Generator
) -> Array:
    """Return different rows (R, K, d) drawn by weight; repeats too if fewer differ.

    Of arrivals at rates in proportion to the weights, the first are such a draw (Efraimidis &
    Spirakis 2006).
    """
    arrivals = rng.standard_exponential((n_starts, len(rows))) / weights
    chosen = _first(arrivals, n_components)
    found = np.sort(distinct(rows[chosen.ravel()])[1].reshape(chosen.shape), axis=1)
    repeated = np.flatnonzero((found[:, 1:] == found[:, :-1]).any(axis=1))
    if len(repeated):
        kinds = distinct(rows)[1]
    for r in repeated:
        order = arrivals[r].argsort()
        first = np.sort(np.unique(kinds[order], return_index=True)[1])
        repeats = np.setdiff1d(np.arange(len(rows)), first)
        chosen[r] = order[np.concatenate([first, repeats])[:n_components]]
    return rows[chosen]


def _first(arrivals: Array, count: int) -> AnyArray:
    """Return the places (R, count) of the first arrivals of each row (R, m), in order."""
    if count < arrivals.shape[1]:
        chosen = arrivals.argpartition(count - 1, axis=1)[:, :count]
    else:
        chosen = np.tile(np.arange(count), (len(arrivals), 1))
    order = np.take_along_axis(arrivals, chosen, axis=1).argsort(axis=1)
    return np.take_along_axis(chosen, order, axis=1)


def _blocks(n_rows: int, n_values: int) -> Iterator[slice]:
    """Yield slices of rows for which an array of `n_values` each is not large."""
    size = rows_of_a_block(8 * n_values)
    for first in range(0, n_rows, size):
        yield slice(first, first + size)
