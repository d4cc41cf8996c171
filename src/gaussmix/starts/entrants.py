"""The starts that take part in a race: divisions of its rows, as different in kind as can be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from ..em.optima import Candidate
from .centers import distinct_rows, goes_in_loops, lloyd, nearest, plus_plus, swapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..em.problem import Problem
    from ..em.result import FitResult

__all__ = ["Entrants", "entrants_of", "tree_labels"]

# Lloyd's iterations of starts from k-means: they need not converge.  They are made on at most so
# many rows, or so many for each component.
_LLOYD = 10
_CLUSTERED_ROWS, _CLUSTERED_ROWS_PER_MEAN = 2000, 50
# With fewer starts from k-means for each component some are improved by local search: the chance
# that one of them finds all clusters falls with the number of these.  It is done in so many steps
# for each, more where no other starts can be afforded (measured).
_ENOUGH_STARTS, _SEARCHED = 2, 3
_STEPS, _STEPS_OF_FEW = 4, 8
# Trees are built of at most this many rows: their time grows with the square, and of more rows none
# has been seen to win.
_TREE_ROWS = 500
# Crowded rows are three quarters of all, by the distance of a near neighbour among some.
_CROWD, _NEIGHBOUR, _NEIGHBOURS_AMONG = 0.75, 8, 1000


@dataclass(frozen=True, eq=False)
class Entrants:
    """Divisions of rows that take part.

    Attributes
    ----------
    labels : ndarray of int (R, m)
    kinds : list of str (R,)
        What they are from.
    """

    labels: AnyArray
    kinds: list[str]

    def is_trusted(self, starts: Sequence[int], doomed: bool) -> bool:
        """Whether some starts must not drop out."""
        return any(self.kinds[r] == _TRUSTED for r in starts)

    def is_trusted_if_doomed(self, starts: Sequence[int], doomed: bool) -> bool:
        """The same where only fits with held covariances are at stake."""
        return doomed and self.is_trusted(starts, doomed)

    def candidate(self, result: FitResult, starts: Sequence[int]) -> Candidate:
        """Return the fit that some starts have become."""
        kinds = Counter(self.kinds[r] for r in starts)
        return Candidate(result, dict(kinds), kinds[_TRUSTED])


def entrants_of(track: Problem, count: int, rng: np.random.Generator) -> Entrants:
    """Return divisions as different in kind as so many can be.

    No one kind wins everywhere: trees and k-means find compact clusters, k-means++ far ones,
    random points crowded ones; and sphered rows show clusters that are long.
    """
    rows = track.data.sample
    spaces = {"": rows}
    found: list[AnyArray] = []
    kinds: list[str] = []
    if len(rows) <= _TREE_ROWS and count > 1:
        found.append(tree_labels(rows, track.n_components)[None])
        kinds.append("Ward's tree")
    every = _AMONG_OUTLIERS if track.model.density.weighs else _TURNS
    turns = islice(cycle(every), max(count - len(found), 1))
    for (kind, space), several in Counter(turns).items():
        if space not in spaces:
            spaces[space] = _sphered(rows, track.data.weights)
        centers = _KINDS[kind](spaces[space], track, several, rng)
        found.append(nearest(spaces[space], centers, in_loops=goes_in_loops(track)))
        kinds += [kind + space] * several
    return Entrants(np.concatenate(found), kinds)


def _kmeans(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    return _clustered(rows, track.data.weights, track, count, rng)


def _clustered(
    rows: Array, weights: Array, track: Problem, count: int, rng: np.random.Generator
) -> Array:
    """Return centers (R, K, d) of k-means on some of the rows."""
    found, k, in_loops = [], track.n_components, goes_in_loops(track)
    n_searched = min(count, _SEARCHED) if count < _ENOUGH_STARTS * k else 0
    size = min(len(rows), max(_CLUSTERED_ROWS, _CLUSTERED_ROWS_PER_MEAN * k))
    if n_searched:
        some = rng.choice(len(rows), size, replace=False)
        n_steps = k * (_STEPS if count > n_searched else _STEPS_OF_FEW)
        found.append(_searched(rows[some], weights[some], k, n_steps, rng, in_loops)[:n_searched])
    if size < len(rows):
        some = some if n_searched else rng.choice(len(rows), size, replace=False)
        rows, weights = rows[some], weights[some]
    if count > n_searched:
        found.append(plus_plus(rows, weights, k, count - n_searched, rng, in_loops=in_loops))
    return lloyd(rows, weights, np.concatenate(found), _LLOYD, in_loops=in_loops)


def _searched(
    rows: Array,
    weights: Array,
    n_components: int,
    n_steps: int,
    rng: np.random.Generator,
    in_loops: bool,
) -> Array:
    """Return centers (R, K, d) of k-means improved by local search, the best first."""
    found = plus_plus(rows, weights, n_components, _SEARCHED, rng, in_loops=in_loops)
    for own in found:
        own[:] = swapped(rows, weights, own, n_steps, rng, in_loops=in_loops)
    found = lloyd(rows, weights, found, _LLOYD, in_loops=in_loops)
    every = nearest(rows, found, in_loops=in_loops)
    sums = [
        weights @ np.square(rows - own[labels]).sum(axis=1)
        for own, labels in zip(found, every, strict=True)
    ]
    return found[np.argsort(sums, kind="stable")]


def _plus_plus(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    weights, in_loops = track.data.weights, goes_in_loops(track)
    return plus_plus(rows, weights, track.n_components, count, rng, in_loops=in_loops)


def _random(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    return distinct_rows(rows, track.data.weights, track.n_components, count, rng)


def _crowded(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    """Return centers of k-means on the rows that have neighbours nearby: no far ones take part."""
    from scipy.spatial.distance import cdist

    weights = track.data.weights
    some = rows[rng.choice(len(rows), min(len(rows), _NEIGHBOURS_AMONG), replace=False)]
    nth = min(_NEIGHBOUR, len(some) - 1)
    gaps = np.empty(len(rows))
    for first in range(0, len(rows), _NEIGHBOURS_AMONG):
        block = rows[first : first + _NEIGHBOURS_AMONG]
        gaps[first : first + len(block)] = np.partition(cdist(block, some), nth, axis=1)[:, nth]
    order = np.argsort(gaps, kind="stable")
    within = np.cumsum(weights[order]) <= _CROWD * weights.sum()
    kept = order[within] if within.sum() >= track.n_components else order
    return _clustered(rows[kept], weights[kept], track, count, rng)


_TRUSTED, _DENSE = "k-means", "k-means of crowded rows"
_KINDS = {
    _TRUSTED: _kmeans,
    "k-means++": _plus_plus,
    "random points": _random,
    _DENSE: _crowded,
}
# In proportion to how often each wins (measured), the surest first.
_TURNS = (
    ("k-means", ""),
    ("k-means++", ""),
    ("k-means", " of sphered rows"),
    ("k-means++", ""),
    ("k-means", ""),
    ("random points", " of sphered rows"),
    ("k-means++", " of sphered rows"),
    ("random points", ""),
)


# Where components have heavy tails, outliers are to be found in no cluster.
_AMONG_OUTLIERS = ((_DENSE, ""), *_TURNS[:4], (_DENSE, " of sphered rows"), *_TURNS[4:])


def _sphered(rows: Array, weights: Array) -> Array:
    """Return rows with identity covariance; of unit variances if they span no volume."""
    offsets = rows - np.average(rows, axis=0, weights=weights)
    covariance = (offsets * weights[:, None]).T @ offsets / weights.sum()
    deviations = np.sqrt(np.diagonal(covariance))
    deviations = np.where(deviations > 0, deviations, 1.0)
    offsets /= deviations
    try:
        factor = np.linalg.cholesky(covariance / np.outer(deviations, deviations))
    except np.linalg.LinAlgError:
        return offsets
    return np.asarray(solve_triangular(factor, offsets.T, lower=True, overwrite_b=True).T)


def tree_labels(rows: Array, n_components: int) -> AnyArray:
    """Return the division (m,) of Ward's hierarchical clustering (Ward 1963)."""
    from scipy.cluster.hierarchy import fcluster, ward

    tree = ward(rows)
    # By the order of merges: cut by their heights, equal ones would go together, to fewer clusters.
    tree[:, 2] = np.arange(len(tree))
    return fcluster(tree, n_components, "maxclust") - 1
