"""Criteria that are a sum of one term for each cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .cost import Cost

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from .clusters import Clusters

__all__ = ["SumOverClusters"]


class SumOverClusters(Cost):
    """Terms n_k log((tr(W_k) + a) / n_k), or more, with a the mean variance of all rows.

    A merge replaces two terms by that of the union; all other costs stay as they are.
    """

    def __init__(self, clusters: Clusters) -> None:
        super().__init__(clusters)
        clusters.terms[:] = self.own_terms(slice(None))

    def own_terms(self, some: slice) -> Array:
        """Return the terms of some of the clusters."""
        return self.terms(self.clusters.counts[some], self.clusters.traces[some])

    def terms(self, counts: Array, traces: Array) -> Array:
        """Return terms for counts and traces (any shape)."""
        return counts * np.log((traces + self.clusters.mean_variance) / counts)

    def bounds(self, rows: AnyArray, stop: int) -> Array:
        clusters = self.clusters
        counts, offsets = clusters.offsets(rows[:, None], slice(stop))
        traces = squared_norms(offsets)
        traces += clusters.traces[rows, None] + clusters.traces[:stop]
        out = self.terms(counts, traces)
        out -= clusters.terms[rows, None] + clusters.terms[:stop]
        return out

    def merged(self, i: int, offset: Array) -> float:
        self.clusters.terms[i] = self.own_terms(slice(i, i + 1))[0]
        return 1.0


def squared_norms(vectors: Array) -> Array:
    """Return the squared norms (...) of vectors (d, ...); each has the same rounding."""
    out = np.zeros(vectors.shape[1:])
    for part in vectors:
        out += part * part
    return out
