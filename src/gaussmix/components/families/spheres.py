"""Spheres: one variance for all features; of one size (EII) or of any (VII)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..covariances import Covariances, SphericalCovariances
from .base import Family

if TYPE_CHECKING:
    from ..._typing import Array
    from ..statistics import SufficientStatistics


class EII(Family):
    """sigma^2 = sum_k trace(W_k) / (d n)."""

    name = "EII"
    summary = "spheres, all of the same volume"
    held = SphericalCovariances
    shared = grouped = True
    direct = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        totals = statistics.groups.sum(statistics.counts)
        values = statistics.scatters / (totals * statistics.n_features)
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return 1

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + 1.0 + (dof + 2.0) / (len(counts) * n_features)

    def prior_scale(self, covariance: Array, n_features: int) -> Array:
        return covariance / n_features


class VII(Family):
    """sigma_k^2 = trace(W_k) / (d n_k)."""

    name = "VII"
    synonym: ClassVar[str | None] = "spherical"
    summary = "spheres of any volume"
    held = SphericalCovariances
    grouped = True
    direct = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        values = np.asarray(statistics.scatters / (statistics.counts * statistics.n_features))
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + 1.0 + (dof + 2.0) / n_features

    def prior_scale(self, covariance: Array, n_features: int) -> Array:
        return covariance / n_features
