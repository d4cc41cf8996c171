"""The posterior mode under a conjugate prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from ...components.parameters import join_statistics, one_of
from .base import Objective

if TYPE_CHECKING:
    from ..._typing import Array
    from ...components.densities import Density
    from ...components.families import Family
    from ...components.parameters import Parameters
    from ...components.prior import ConjugatePrior, PriorTerms
    from ...components.statistics import SufficientStatistics

__all__ = ["PosteriorMode"]

# Variances so many times those of most rows are some far rows'.
_DRAWN_OUT = 30.0


class PosteriorMode(Objective):
    """Log-likelihood and log prior density (Fraley & Raftery 2007).

    The prior of mixtures of different sizes differs.

    Raises
    ------
    ParameterError
        If the prior cannot be used on such data, or the family has none.
    """

    def __init__(
        self,
        family: Family,
        total: SufficientStatistics,
        reg_covar: float,
        equal_weights: bool,
        density: Density,
        prior: ConjugatePrior,
    ) -> None:
        super().__init__(family, total, reg_covar, equal_weights, density)
        self._prior = prior
        self._terms: dict[int, PriorTerms] = {}
        self._of_size(1)

    def on_scales(self, scales: Array, center: Array) -> Self:
        other = super().on_scales(scales, center)
        if (self.total.variances > _DRAWN_OUT * scales).any():
            # The prior's own mean and scale are the data's: some far rows must not set them.
            total, moment = self.total, self.total.moment
            within = moment.narrowed(total.scatters / total.total, scales) * total.total
            other.total, other._terms = total.changed(means=center[None], scatters=within), {}
        return other

    def _of_size(self, n_components: int) -> PriorTerms:
        if n_components not in self._terms:
            self._terms[n_components] = self._prior.on(self.total, self.family, n_components)
        return self._terms[n_components]

    def penalty(self, parameters: Parameters) -> Array:
        found = []
        for g, size in enumerate(parameters.groups.sizes):
            own = one_of((parameters, g))
            terms = self._of_size(size)
            found.append(terms.log_density(own.means, own.covariances, self.family))
        return np.array(found)

    def informed(self, statistics: SufficientStatistics) -> SufficientStatistics:
        sizes = statistics.groups.sizes
        if len(set(sizes)) == 1:
            return self._of_size(sizes[0]).add_to(statistics, self.family)
        each = [
            self._of_size(size).add_to(one_of((statistics, g)), self.family)
            for g, size in enumerate(sizes)
        ]
        return join_statistics([(one, 0) for one in each])
