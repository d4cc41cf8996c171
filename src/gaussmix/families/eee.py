"""EEE: all components share one full covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..covariances import Covariances, FullCovariances
from .base import Family

if TYPE_CHECKING:
    from ..statistics import SufficientStatistics


class EEE(Family):
    """Volume, shape and orientation all equal: Sigma = sum_k W_k / n."""

    name = "EEE"
    synonym = "tied"
    summary = "ellipsoids, all of the same volume, shape and orientation"
    held: ClassVar[type[Covariances]] = FullCovariances
    shared = True

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        assert statistics.scatters is not None
        values = statistics.scatters / statistics.total
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_features * (n_features + 1) // 2
