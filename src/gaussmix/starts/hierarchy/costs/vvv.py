"""VVV: ellipsoids of any volume, shape and orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..packed import log_determinants
from ..sums import SumOverClusters, squared_norms

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...._typing import AnyArray, Array
    from ..clusters import Clusters

# Of the size of the terms: more than their rounding errors.
_MARGIN = 1e-14


class VVV(SumOverClusters):
    """Sum of n_k log(det(W_k / n_k) + (tr(W_k) + a) / n_k) (Fraley 1998, section 2.4).

    Without its determinant a union costs less: few determinants need to be computed.  Of one
    feature the determinant is the trace, and none needs to be.
    """

    name = "VVV"
    needs_scatters = True
    bounds_are_costs = False

    def __init__(self, clusters: Clusters) -> None:
        self.bounds_are_costs = clusters.n_features == 1
        super().__init__(clusters)

    def own_terms(self, some: slice) -> Array:
        if self.bounds_are_costs:
            return super().own_terms(some)
        clusters = self.clusters
        return self._full_terms(
            clusters.counts[some],
            clusters.traces[some],
            lambda places: clusters.scatters[:, some][:, places],
        )

    def terms(self, counts: Array, traces: Array) -> Array:
        return super().terms(counts, 2.0 * traces if self.bounds_are_costs else traces)

    def bounds(self, rows: AnyArray, stop: int) -> Array:
        out = super().bounds(rows, stop)
        if self.bounds_are_costs:
            return out
        sizes = np.abs(self.clusters.terms)
        out -= _MARGIN * (np.abs(out) + 2.0 * (sizes[rows, None] + sizes[:stop]))
        return out

    def pair_costs(self, own: AnyArray, others: AnyArray) -> Array:
        clusters = self.clusters
        counts, offsets = clusters.offsets(own, others)
        traces = squared_norms(offsets)
        traces += clusters.traces[own] + clusters.traces[others]
        terms = self._full_terms(
            counts,
            traces,
            lambda places: clusters.union_scatters(own[places], others[places], offsets[:, places]),
        )
        return terms - (clusters.terms[own] + clusters.terms[others])

    def _full_terms(
        self, counts: Array, traces: Array, scatters: Callable[[AnyArray], Array]
    ) -> Array:
        """Return terms (R,); ``scatters(places)`` gives packed matrices of some."""
        d = self.clusters.n_features
        logs = np.log((traces + self.clusters.mean_variance) / counts)
        # The scatter matrix of d rows or fewer is singular.
        places = np.flatnonzero(counts > d)
        if len(places):
            log_dets = log_determinants(scatters(places), d) - d * np.log(counts[places])
            logs[places] = _log_of_sum(logs[places], log_dets)
        return counts * logs


def _log_of_sum(a: Array, b: Array) -> Array:
    """Return log(exp(a) + exp(b)); determinants may be beyond the range of float64."""
    larger = np.maximum(a, b)
    return larger + np.log1p(np.exp(np.minimum(a, b) - larger))
