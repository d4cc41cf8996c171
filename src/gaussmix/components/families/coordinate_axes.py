"""Ellipsoids along the coordinate axes: a rule applied to the diagonals of the scatters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..covariances import Covariances, DiagonalCovariances
from .base import Family
from .rules import EE, EV, VE, VV, Rule

if TYPE_CHECKING:
    from ..._typing import Array
    from ..statistics import SufficientStatistics


class CoordinateAxes(Family):
    """Sigma_k = diag(v_k)."""

    rule: ClassVar[Rule]
    held = DiagonalCovariances
    grouped = unit_free = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        variances = self.rule(statistics.scatters, statistics.counts, statistics.groups, previous)
        return self.hold(variances, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return self.rule.n_parameters(n_components, n_features)

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + 1.0 + (dof + 2.0) / len(counts)

    def prior_scale(self, covariance: Array, n_features: int) -> Array:
        return np.full(n_features, covariance.mean())


class EEI(CoordinateAxes):
    """v_kj = sum_k s_kj / n."""

    name = "EEI"
    summary = "ellipsoids along the coordinate axes, all of the same volume and shape"
    rule = EE
    shared = True
    direct = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        values = statistics.scatters / statistics.groups.sum(statistics.counts)[:, None]
        return self.hold(values, statistics.n_components, statistics.n_features)


class VEI(CoordinateAxes):
    """v_kj = volume_k a_j, prod_j a_j = 1 (Celeux & Govaert 1995, section 4.1)."""

    name = "VEI"
    summary = "ellipsoids along the coordinate axes, of any volume and the same shape"
    rule = VE
    free = False

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + (dof + 3.0) / n_features


class EVI(CoordinateAxes):
    """v_kj = volume a_kj, prod_j a_kj = 1 (Celeux & Govaert 1995, section 4.1)."""

    name = "EVI"
    summary = "ellipsoids along the coordinate axes, of the same volume and any shape"
    volumes_vary = False
    rule = EV
    free = False


class VVI(CoordinateAxes):
    """v_kj = s_kj / n_k."""

    name = "VVI"
    synonym = "diag"
    summary = "ellipsoids along the coordinate axes, of any volume and shape"
    rule = VV
    direct = True

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + dof + 3.0
