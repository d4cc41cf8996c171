"""Ellipsoids that each have axes of their own: the eigenvectors of their scatter.

With W_k = L_k diag(s_k) L_k', eigenvalues in order, the best axes are L_k and the
best variances those of the rule for s (Celeux & Govaert 1995, sections 3.2 and 4.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...numerics.matrices import axes_of, factors_or_nan
from ..covariances import Covariances, FullCovariances
from .base import Family
from .rules import EE, EV, VE, VV, Rule, geometric_mean

if TYPE_CHECKING:
    from ..._typing import Array
    from ..statistics import SufficientStatistics


class OwnAxes(Family):
    """Sigma_k = L_k diag(v_k) L_k'."""

    rule: ClassVar[Rule]
    held = FullCovariances
    free = False
    grouped = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        eigenvalues, axes = axes_of(statistics.scatters)
        eigenvalues = np.maximum(eigenvalues, 0.0)
        variances = self.rule(eigenvalues, statistics.counts, statistics.groups, previous)
        values = (axes * variances[:, None, :]) @ np.swapaxes(axes, 1, 2)
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        angles = n_components * n_features * (n_features - 1) // 2
        return self.rule.n_parameters(n_components, n_features) + angles


class EEV(OwnAxes):
    """Sigma_k = volume L_k A L_k'."""

    name = "EEV"
    summary = "ellipsoids of the same volume and shape, and any orientation"
    volumes_vary = False
    rule = EE

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + 1.0 + (dof + n_features - 2.0) / len(counts)


class VEV(OwnAxes):
    """Sigma_k = volume_k L_k A L_k'."""

    name = "VEV"
    summary = "ellipsoids of any volume, the same shape, and any orientation"
    rule = VE

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts


class EVV(OwnAxes):
    """Sigma_k = volume C_k, |C_k| = 1: C_k = W_k / |W_k|^(1/d)."""

    name = "EVV"
    summary = "ellipsoids of the same volume, and any shape and orientation"
    volumes_vary = False
    unit_free = True
    rule = EV

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        scatters, groups = statistics.scatters, statistics.groups
        # Determinants by factors do not depend on units; without a factor there is no volume.
        diagonals = np.diagonal(factors_or_nan(scatters), axis1=1, axis2=2)
        sizes = np.nan_to_num(geometric_mean(diagonals) ** 2)
        volumes = groups.spread(groups.sum(sizes) / groups.sum(statistics.counts))
        values = scatters * (volumes / sizes)[:, None, None]
        return self.hold(values, statistics.n_components, statistics.n_features)


class VVV(OwnAxes):
    """Sigma_k = W_k / n_k: nothing is tied, so axes need not be looked for."""

    name = "VVV"
    synonym = "full"
    summary = "ellipsoids of any volume, shape and orientation"
    rule = VV
    free = True
    coordinate_free = unit_free = True
    direct = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        values = statistics.scatters / statistics.counts[:, None, None]
        return self.hold(values, statistics.n_components, statistics.n_features)

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        return counts + dof + n_features + 2.0
