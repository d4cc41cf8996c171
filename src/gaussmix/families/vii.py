"""VII: every component is a sphere of its own size."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..covariances import Covariances, SphericalCovariances
from .base import Family

if TYPE_CHECKING:
    from ..statistics import SufficientStatistics


class VII(Family):
    """Volume varies, shape is a sphere: sigma_k^2 = trace(W_k) / (d N_k)."""

    name = "VII"
    synonym = "spherical"
    summary = "spheres of any volume"
    held: ClassVar[type[Covariances]] = SphericalCovariances

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        assert statistics.scatters is not None
        values = statistics.scatters / (statistics.counts * statistics.n_features)
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components
