"""VVI: every component has its own diagonal covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..covariances import Covariances, DiagonalCovariances
from .base import Family

if TYPE_CHECKING:
    from ..statistics import SufficientStatistics


class VVI(Family):
    """Volume and shape vary, axes are the coordinates: Sigma_k = diag(W_k) / N_k."""

    name = "VVI"
    synonym = "diag"
    summary = "ellipsoids of any volume and shape, along the coordinate axes"
    held: ClassVar[type[Covariances]] = DiagonalCovariances

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        assert statistics.scatters is not None
        values = statistics.scatters / statistics.counts[:, None]
        return self.hold(values, statistics.n_components, statistics.n_features)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features
