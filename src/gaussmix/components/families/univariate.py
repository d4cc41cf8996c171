"""mclust's names in one dimension: E (one variance) and V (a variance for each component)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .spheres import EII, VII

if TYPE_CHECKING:
    from ..covariances import Covariances
    from ..statistics import SufficientStatistics


class E(EII):
    """sigma^2 = sum_k W_k / n."""

    name = "E"
    univariate = True
    summary = "one feature, all components of the same variance"

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        self.require_features(statistics.n_features)
        return super().estimate(statistics, previous)


class V(VII):
    """sigma_k^2 = W_k / n_k."""

    name = "V"
    univariate = True
    synonym: ClassVar[str | None] = None
    summary = "one feature, components of any variance"

    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        self.require_features(statistics.n_features)
        return super().estimate(statistics, previous)
