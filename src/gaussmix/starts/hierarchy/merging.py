"""The agglomeration: the one loop that merges clusters, whatever the criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError, ParameterError
from ...numerics.arguments import LARGEST, as_numbers
from .clusters import Clusters
from .registry import get_criterion
from .transforms import get_transform
from .tree import Tree

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from .cost import Cost

__all__ = ["agglomerate"]

# Numbers that the costs of several rows may need at once: they stay in the cache.
_CHUNK = 2**18


def agglomerate(
    X: Any, criterion: str = "VVV", transform: str = "SVD", *, partition: Any = None
) -> Tree:
    """Merge clusters of rows two at a time until one is left.

    At first every row is a cluster, unless `partition` says otherwise.  Each step merges the pair
    that raises the criterion, minus twice the classification log-likelihood of a
    Gaussian model, the least.

    Parameters
    ----------
    X : array-like (n, d)
    criterion : {"VVV", "EEE", "VII", "EII"}
        The model; W_k is the scatter matrix of cluster k of n_k rows, and a the mean
        variance of the (transformed) features over all rows.

        ======  =====================================================
        "EII"   sum_k tr(W_k): Ward's method
        "VII"   sum_k n_k log((tr(W_k) + a) / n_k)
        "EEE"   det(sum_k W_k); at first the trace, see `EEE`
        "VVV"   sum_k n_k log(det(W_k / n_k) + (tr(W_k) + a) / n_k)
        ======  =====================================================

        The terms with a keep small clusters, whose likelihood is unbounded, in place.
    transform : {"SVD", "VARS", "STD", "SPH", "PCS", "PCR"}
        What is done to the data first; see `list_transforms`.
    partition : array-like (n,), optional
        Labels of the clusters to begin with, such as equal rows together.

    Returns
    -------
    Tree

    Raises
    ------
    ParameterError
        If a name is unknown, or `partition` has another length.
    DataError
        If X is not a finite (n, d) array with rows.

    Notes
    -----
    Clusters stand in a row.  Of pairs of equal cost the one whose later member comes
    last is merged, and of those the one whose earlier member comes last; the union
    takes the earlier place and the last cluster the free one.  So mclust does, whose
    partitions are thus reached on data with repeated rows too.

    Memory grows with n, time with the square of n.

    References
    ----------
    Fraley (1998), Algorithms for model-based Gaussian hierarchical clustering, SIAM
    Journal on Scientific Computing 20.  Scrucca & Raftery (2015), Improved
    initialisation of model-based clustering using Gaussian hierarchical partitions,
    Advances in Data Analysis and Classification 9.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.hierarchy import agglomerate
    >>> rng = np.random.default_rng(0)
    >>> X = np.vstack([rng.normal(0, 1, (50, 2)), rng.normal(9, 1, (50, 2))])
    >>> agglomerate(X).labels(2).tolist() == [0] * 50 + [1] * 50
    True
    """
    model, transformed = get_criterion(criterion), get_transform(transform)
    rows = _checked(X)
    initial = np.arange(len(rows)) if partition is None else _first_rows(partition, len(rows))
    group = np.unique(initial, return_inverse=True)[1]
    clusters = Clusters(transformed(rows), group, with_scatters=model.needs_scatters)
    merges = _Agglomeration(clusters, model(clusters)).run()
    return Tree(merges, initial, model.name, transform.upper())


def _checked(X: Any) -> Array:
    rows = as_numbers("X", X, DataError)
    if rows.ndim != 2 or len(rows) == 0:
        raise DataError(f"X: expected shape (n_samples, n_features), got {rows.shape}")
    if not np.isfinite(rows).all():
        raise DataError("X: contains NaN or infinity; drop those rows or impute the values")
    if np.abs(rows).max(initial=0.0) > LARGEST:
        raise DataError(f"X: has values beyond {LARGEST:g}; divide them by a constant")
    return rows


def _first_rows(partition: Any, n_rows: int) -> AnyArray:
    """Return the first row (n,) of each row's cluster."""
    labels = np.asarray(partition)
    if labels.shape != (n_rows,):
        raise ParameterError(f"partition: expected shape ({n_rows},), got {labels.shape}")
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first[inverse]


class _Agglomeration:
    """Each cluster's cheapest merge with one in an earlier place, kept up to date.

    After a merge most clusters' cheapest merges are unchanged, or known to cost at
    least some bound; the bound is looked into only when it comes to be the smallest
    ("lazy" nearest neighbours; Müllner 2011, the generic algorithm).  So no array of
    all pairs is needed.

    Attributes
    ----------
    cheapest : ndarray (m,)
        What the cheapest merge costs, or a lower bound of it where not `exact`.
    partner : ndarray of int (m,)
        With which cluster; meaningful where `exact`.
    """

    def __init__(self, clusters: Clusters, cost: Cost) -> None:
        self.clusters, self.cost = clusters, cost
        m = len(clusters)
        self.cheapest = np.full(m, -np.inf)
        self.cheapest[0] = np.inf  # nothing comes before it
        self.partner = np.full(m, -1)
        self.exact = np.zeros(m, dtype=bool)

    def run(self) -> AnyArray:
        """Merge until one cluster is left; return the first rows (m - 1, 2) of each pair."""
        n_merges = len(self.clusters) - 1
        merges = np.empty((n_merges, 2), dtype=np.intp)
        for step in range(n_merges):
            j = self._find()
            i = int(self.partner[j])
            merges[step] = self.clusters.first[i], self.clusters.first[j]
            self._merge(i, j)
        return np.sort(merges, axis=1)

    def _find(self) -> int:
        """Return the cluster whose merge with its partner is the cheapest of all."""
        j = int(_last_smallest(self.cheapest))
        while not self.exact[j]:
            self._look(np.array([j]))
            limit = self.cheapest[self.exact].min()
            doubtful = np.flatnonzero(~self.exact & (self.cheapest <= limit))
            if len(doubtful):
                self._look(doubtful)
            j = int(_last_smallest(self.cheapest))
        return j

    def _look(self, rows: AnyArray) -> None:
        """Find the cheapest merges of clusters `rows` (R,), ascending."""
        n_numbers = max(1, self.clusters.n_features, len(self.clusters.scatters))
        while len(rows):
            n = max(1, _CHUNK // (n_numbers * len(self.clusters)))
            some, rows = rows[:n], rows[n:]
            stop = int(some[-1])
            costs = self.cost.bounds(some, stop)
            if len(some) > 1:
                costs[np.arange(stop) >= some[:, None]] = np.inf
            costs = self.cost.refine(some, costs)
            self.partner[some] = _last_smallest(costs)
            self.cheapest[some] = costs[np.arange(len(some)), self.partner[some]]
            self.exact[some] = True

    def _merge(self, i: int, j: int) -> None:
        """Merge j into i; the last cluster takes the place of j."""
        offset = self.clusters.merge(i, j)
        m = len(self.clusters)
        self.cheapest, self.partner = self.cheapest[:m], self.partner[:m]
        self.exact = self.exact[:m]
        factor = self.cost.merged(i, offset)
        if factor == 1.0:
            self.exact &= (self.partner != i) & (self.partner != j)
        else:
            self.cheapest[self.cheapest < np.inf] *= factor
            self.exact[:] = False
        changed = np.array([i] if j == m else [i, j])
        for place, bounds in zip(changed, self.cost.bounds(changed, m), strict=True):
            self._update(int(place), bounds)

    def _update(self, place: int, bounds: Array) -> None:
        """Take note of bounds (m,) below what merging the cluster at `place` costs."""
        exact = self.cost.bounds_are_costs
        if place > 0:
            self.partner[place] = _last_smallest(bounds[:place])
            self.cheapest[place] = bounds[self.partner[place]]
            self.exact[place] = exact
        later, cheapest = bounds[place + 1 :], self.cheapest[place + 1 :]
        equal = np.flatnonzero(later == cheapest) + place + 1
        self.partner[equal] = np.maximum(self.partner[equal], place)
        lower = np.flatnonzero(later < cheapest) + place + 1
        self.partner[lower], self.cheapest[lower] = place, bounds[lower]
        self.exact[lower] = exact


def _last_smallest(values: Array) -> AnyArray:
    """Return the last place of the smallest value along the last axis."""
    return values.shape[-1] - 1 - values[..., ::-1].argmin(axis=-1)
