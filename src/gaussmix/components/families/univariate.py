"""mclust's names in one dimension: E (one variance) and V (a variance for each component)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ...exceptions import ParameterError
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
        _require_one(self.name, statistics.n_features)
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
        _require_one(self.name, statistics.n_features)
        return super().estimate(statistics, previous)


def _require_one(name: str, n_features: int) -> None:
    if n_features != 1:
        raise ParameterError(
            f"covariance_type: {name!r} is for data of one feature, X has {n_features}; "
            f"choose {name}II or another family of three letters"
        )
