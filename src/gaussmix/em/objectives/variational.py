"""The evidence lower bound of a Bayesian mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...components.variational_posterior import VariationalPosterior, averaged
from .base import Objective

if TYPE_CHECKING:
    from ..._typing import Array
    from ...components.densities import Density
    from ...components.families import Family
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics
    from ...components.variational_prior import VariationalPrior

__all__ = ["Variational"]

# Sums of the same weights in other blocks agree to so much.
_ROUNDING = 1e-9


class Variational(Objective):
    """A lower bound of the log evidence (Bishop 2006, section 10.2; Blei & Jordan 2006).

    Parameters are those of the posterior: each component's share of the rows (its weight), the
    expected mean, and the inverse of the expected precision.  Its counts follow: shares of all
    rows of `total`.  Rows that are a sample stand for all: their statistics count as many times
    as there are more.

    After an E-step the bound is the sum of the logs of what the responsibilities are normalised
    by, less the divergence of the posterior from the prior: all constants are in it.

    Raises
    ------
    ParameterError
        If the prior cannot be used on such data.
    """

    def __init__(
        self,
        family: Family,
        total: SufficientStatistics,
        reg_covar: float,
        density: Density,
        prior: VariationalPrior,
    ) -> None:
        super().__init__(family, total, reg_covar, False, density)
        self.weights = prior.weights
        self.normal_wishart = prior.on(total, family, self.floor)

    @property
    def is_bound(self) -> bool:
        return True

    @property
    def needs_rows(self) -> bool:
        return False

    def counts(self, parameters: Parameters) -> Array:
        """Return the rows (J,) that each component's posterior has learnt from."""
        return parameters.weights * self.total.total

    def working(self, parameters: Parameters) -> Parameters:
        return averaged(parameters, self.counts(parameters), self.weights, self.normal_wishart)

    def posterior(self, parameters: Parameters) -> VariationalPosterior:
        """Return what the parameters of one mixture say is believed."""
        return VariationalPosterior(
            self.counts(parameters),
            parameters.means,
            parameters.covariances,
            self.weights,
            self.normal_wishart,
        )

    def penalty(self, parameters: Parameters) -> Array:
        counts = self.counts(parameters)
        own = self.normal_wishart.divergence(parameters, counts)
        return -(own + self.weights.divergence(counts, parameters.groups))

    def value(self, statistics: SufficientStatistics, parameters: Parameters) -> Array:
        times = self._times(statistics)
        return times * statistics.log_likelihood + self.penalty(parameters)

    def value_of_divisions(self, statistics: SufficientStatistics) -> Array:
        """Return what an M-step would make of statistics, less the entropy of responsibilities.

        Of each mixture (G,).  Nothing but the statistics is looked at: so divisions of rows can
        be compared without a pass over them.  Of families that tie covariances in part it is an
        upper bound.
        """
        whole, groups = self._for_all(self.regularised(statistics)), statistics.groups
        evidence = self.normal_wishart.log_evidence(whole)
        own = whole.counts * self.weights.expected_logs(whole.counts, groups)
        if not statistics.pooled:
            evidence = groups.sum(evidence)
        return evidence + groups.sum(own) - self.weights.divergence(whole.counts, groups)

    def informed(self, statistics: SufficientStatistics) -> SufficientStatistics:
        return self.normal_wishart.informed(self._for_all(statistics))

    def _for_all(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return the statistics as if rows that are a sample were all."""
        times, moment = self._times(statistics), statistics.moment
        if (times == 1.0).all():
            return statistics
        each = statistics.groups.spread(times)
        return statistics.changed(
            counts=statistics.counts * each,
            scatters=statistics.scatters * moment.expand(times if statistics.pooled else each),
        )

    def _times(self, statistics: SufficientStatistics) -> Array:
        """Return how many rows of all each that was seen stands for, of each mixture (G,)."""
        with np.errstate(divide="ignore", invalid="ignore"):  # beyond arithmetic
            times = self.total.total / statistics.groups.sum(statistics.counts)
        return np.asarray(np.where(np.abs(times - 1.0) < _ROUNDING, 1.0, times))

    def _filled(
        self, statistics: SufficientStatistics, previous: Parameters | None
    ) -> SufficientStatistics:
        return statistics  # a component without rows is what the prior says
