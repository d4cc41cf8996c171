"""Centers for starts, found for many starts at once: k-means++ and Lloyd's iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..numerics.distinct import distinct
from ..rows.folds import rows_of_a_block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array

__all__ = ["distinct_rows", "lloyd", "nearest", "plus_plus", "swapped"]

# Values that are summed by one call; more are no quicker.
_SUMMED_AT_ONCE = 2**17
# Squared distances that are less than this share of the squared norms are rounding.
_ROUNDING = 1e-14


def nearest(rows: Array, centers: Array) -> AnyArray:
    """Return the nearest of `centers` (..., K, d) for each of `rows` (m, d), shape (..., m)."""
    # |x - c|^2 without the row's own norm, which does not change the order.
    offsets = 0.5 * np.einsum("...kj,...kj->...k", centers, centers)
    flat = centers.reshape(-1, rows.shape[1]).T
    labels = np.empty((len(rows), *centers.shape[:-2]), dtype=np.intp)
    for block in _blocks(len(rows), offsets.size):
        products = (rows[block] @ flat).reshape(-1, *offsets.shape)
        labels[block] = np.subtract(products, offsets, out=products).argmax(axis=-1)
    return np.ascontiguousarray(np.moveaxis(labels, 0, -1))


def plus_plus(
    rows: Array, weights: Array, n_components: int, n_starts: int, rng: np.random.Generator
) -> Array:
    """Return k-means++ centers (R, K, d), rows drawn by their squared distance from the others.

    Of a few candidates the one is kept that lowers the sum of squares most (Arthur &
    Vassilvitskii 2007, and their greedy variant).
    """
    norms = np.einsum("ij,ij->i", rows, rows)
    rounding = _ROUNDING * float(norms @ weights)
    n_candidates = 2 + int(np.log(n_components))
    chosen = np.empty((n_starts, n_components), dtype=np.intp)
    chosen[:, 0] = rng.choice(len(rows), n_starts, p=weights / weights.sum())
    distances = _squared_distances(rows, norms, chosen[:, :1])[:, 0]
    for k in range(1, n_components):
        potentials = distances * weights
        candidates = _draw(potentials, n_candidates, rng)
        for r in np.flatnonzero(potentials.sum(axis=1) <= rounding):
            potential = _exact_potential(rows, weights, chosen[r, :k])
            candidates[r] = _draw(potential[None], n_candidates, rng)[0]
        closer = _squared_distances(rows, norms, candidates)
        np.minimum(closer, distances[:, None], out=closer)
        best = (closer @ weights).argmin(axis=1)
        starts = np.arange(n_starts)
        distances, chosen[:, k] = closer[starts, best], candidates[starts, best]
    return rows[chosen]


def swapped(
    rows: Array, weights: Array, centers: Array, n_steps: int, rng: np.random.Generator
) -> Array:
    """Return centers (K, d) some of which rows have taken the place of.

    At each step a row is drawn as by k-means++; it takes the place of the center that is missed
    least, if that lowers the sum of squares (local search: Lattanzi & Sohler 2019).  It leads
    out of the optima of k-means where two centers share a cluster and two clusters a center.
    """
    norms, centers = np.einsum("ij,ij->i", rows, rows), centers.copy()
    lengths = np.einsum("ij,ij->i", centers, centers)
    each = norms[:, None] - 2.0 * rows @ centers.T + lengths
    changed = True
    for _ in range(n_steps):
        if changed:
            labels = each.argmin(axis=1)
            first, second = np.maximum(np.partition(each, 1, axis=1)[:, :2].T, 0.0)
            potential = first * weights
            least = potential.sum()
            changed = False
        place = _draw(potential[None], 1, rng)[0, 0]
        found = norms - 2.0 * rows @ rows[place] + norms[place]
        kept = np.clip(found, 0.0, first)
        missed = (np.clip(found, 0.0, second) - kept) * weights
        missed = np.bincount(labels, missed, len(centers))
        out = missed.argmin()
        if kept @ weights + missed[out] < least:
            each[:, out], centers[out], changed = found, rows[place], True
    return centers


def _squared_distances(rows: Array, norms: Array, places: AnyArray) -> Array:
    """Return squared distances (R, t, m) of all rows from rows at `places` (R, t)."""
    products = rows[places.ravel()] @ rows.T
    distances = norms - 2.0 * products.reshape(*places.shape, -1) + norms[places][..., None]
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


def _draw(potentials: Array, count: int, rng: np.random.Generator) -> AnyArray:
    """Draw `count` places for each start with probabilities in proportion to its row (R, m)."""
    sums = potentials.cumsum(axis=1)
    targets = rng.random((len(sums), count)) * sums[:, -1:]
    found = [np.searchsorted(own, target) for own, target in zip(sums, targets, strict=True)]
    return np.minimum(found, potentials.shape[1] - 1)


def lloyd(rows: Array, weights: Array, centers: Array, n_iter: int) -> Array:
    """Return centers (R, K, d) after Lloyd's iterations of k-means (Lloyd 1982).

    A center without rows stays where it is.
    """
    n_starts, n_components, _ = centers.shape
    first = n_components * np.arange(n_starts)[:, None]
    labels = np.full((n_starts, len(rows)), -1)
    values = np.concatenate([weights[None], weights * rows.T])
    for _ in range(n_iter):
        before, labels = labels, nearest(rows, centers)
        if np.array_equal(labels, before):
            break
        sums = _sums_by_place(labels + first, values, n_starts * n_components)
        counts = sums[0].reshape(n_starts, n_components, 1)
        means = sums[1:].T.reshape(centers.shape) / np.where(counts > 0, counts, 1.0)
        centers = np.where(counts > 0, means, centers)
    return centers


def _sums_by_place(places: AnyArray, values: Array, size: int) -> Array:
    """Return the sums (v, size) of values (v, m) by the places (R, m) that they go to."""
    step = max(1, _SUMMED_AT_ONCE // places.size)
    found = []
    for part in (values[i : i + step] for i in range(0, len(values), step)):
        apart = places + size * np.arange(len(part))[:, None, None]
        each = np.broadcast_to(part[:, None], apart.shape)
        found.append(np.bincount(apart.reshape(-1), each.reshape(-1), size * len(part)))
    return np.concatenate(found).astype(np.float64, copy=False).reshape(-1, size)


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
