"""VVV: every component has its own full covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..covariances import Covariances, FullCovariances
from .base import Family

if TYPE_CHECKING:
    from ..statistics import SufficientStatistics


class VVV(Family):
    """Volume, shape and orientation all vary: Sigma_k = W_k / N_k."""

    name = "VVV"
    synonym = "full"
    summary = "ellipsoids of any volume, shape and orientation"
    held: ClassVar[type[Covariances]] = FullCovariances

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        assert statistics.scatters is not None
        values = statistics.scatters / statistics.counts[:, None, None]
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features * (n_features + 1) // 2
