"""Ellipsoids that all have the same axes, which are found with their variances."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..covariances import Covariances, FullCovariances
from .base import Family
from .orientation import best_axes
from .rules import (
    EE,
    EV,
    VE,
    VV,
    Rule,
    VolumeState,
    best_volumes,
    definite,
    estimate_others,
    without_scatter,
)

if TYPE_CHECKING:
    from ..._typing import Array
    from ...numerics.groups import Groups
    from ..statistics import SufficientStatistics


class CommonAxes(Family):
    """Sigma_k = D diag(v_k) D'."""

    rule: ClassVar[Rule]
    held = FullCovariances
    grouped = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        axes, variances = best_axes(
            statistics.scatters, statistics.counts, statistics.groups, self.rule, previous
        )
        values = (axes * variances[:, None, :]) @ np.swapaxes(axes, 1, 2)
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        angles = n_features * (n_features - 1) // 2
        return self.rule.n_parameters(n_components, n_features) + angles


class EEE(CommonAxes):
    """Sigma = sum_k W_k / n."""

    name = "EEE"
    synonym = "tied"
    summary = "ellipsoids, all of the same volume, shape and orientation"
    rule = EE
    shared = True
    coordinate_free = unit_free = True
    direct = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        totals = statistics.groups.sum(statistics.counts)
        values = statistics.scatters / totals[:, None, None]
        return self.hold(values, statistics.n_components, statistics.n_features)

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + 1.0 + (dof + n_features + 1.0) / len(counts)


class VEE(CommonAxes):
    """Sigma_k = volume_k C, |C| = 1 (Celeux & Govaert 1995, section 3.4)."""

    name = "VEE"
    summary = "ellipsoids of any volume, and the same shape and orientation"
    rule = VE
    free = False
    unit_free = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        values = self._values(statistics.scatters, statistics.counts, statistics.groups, previous)
        return self.hold(values, statistics.n_components, statistics.n_features)

    def _values(
        self, scatters: Array, counts: Array, groups: Groups, previous: Covariances | None
    ) -> Array:
        lost = without_scatter(np.diagonal(scatters, axis1=1, axis2=2), counts, groups)
        if lost.any():
            return estimate_others(self._values, scatters, counts, groups, previous, lost)
        scatters = definite(scatters, counts, groups)
        shape = scatters.shape

        def state(volumes: Array) -> VolumeState:
            each = scatters / volumes[:, None, None]
            pooled = groups.sum(each)
            shares = groups.spread(np.linalg.inv(pooled)) @ each
            flat = shares.reshape(len(shares), -1)[groups.places]
            turned = np.swapaxes(shares, 1, 2).reshape(len(shares), -1)[groups.places]
            return VolumeState(
                volumes,
                pooled,
                np.linalg.slogdet(pooled)[1],
                np.trace(shares, axis1=1, axis2=2),
                flat @ np.swapaxes(turned, 1, 2),
            )

        best = best_volumes(counts, groups, shape[1], state, previous)
        sizes = best.volumes / groups.spread(groups.sum(counts))
        return sizes[:, None, None] * groups.spread(best.pooled)


class EVE(CommonAxes):
    """Sigma_k = volume D A_k D', |A_k| = 1 (Browne & McNicholas 2014)."""

    name = "EVE"
    summary = "ellipsoids of the same volume and orientation, and any shape"
    volumes_vary = False
    rule = EV
    free = False


class VVE(CommonAxes):
    """Sigma_k = volume_k D A_k D': common principal components (Flury 1984)."""

    name = "VVE"
    summary = "ellipsoids of any volume and shape, and the same orientation"
    rule = VV
    free = False
