"""Maximum likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .base import Objective

if TYPE_CHECKING:
    from ..._typing import Array
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics

__all__ = ["Likelihood"]


class Likelihood(Objective):
    """The log-likelihood (Dempster, Laird & Rubin 1977)."""

    @property
    def is_likelihood(self) -> bool:
        return True

    @property
    def direct(self) -> bool:
        return self.is_climbed

    def penalty(self, parameters: Parameters) -> Array:
        return np.zeros(len(parameters.groups))

    def informed(self, statistics: SufficientStatistics) -> SufficientStatistics:
        return statistics
