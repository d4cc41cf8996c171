"""Normal-Wishart posteriors of means and precisions, whatever the family of their scales.

A component's precision has a Wishart posterior of nu degrees of freedom and expectation
inverse(S), its mean a normal one of precision kappa times that of a row (Bishop 2006, section
10.2).  S is what is fitted: free, or of a covariance family.  Every family will do: for given
nu, what is climbed depends on S as the likelihood of nu rows of some scatter does, so that an
M-step of the family is the best there is within it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, psi

from .prior import drawn_to

if TYPE_CHECKING:
    from .._typing import Array
    from ..numerics.groups import Groups
    from .covariances import Covariances
    from .families import Family
    from .parameters import Parameters
    from .statistics import SufficientStatistics

__all__ = ["NormalWishart", "expected_log_det"]

_LOG_2 = float(np.log(2.0))


def expected_log_det(dofs: Array, log_det: Array, n_features: int) -> Array:
    """Return the expected log-determinants (J,) of precisions of expectation inverse(S).

    Parameters
    ----------
    dofs : ndarray (J,)
    log_det : ndarray (J,)
        Of S.
    n_features : int
    """
    own = psi(_halves(dofs, n_features)).sum(axis=1)
    return np.asarray(own + n_features * (_LOG_2 - np.log(dofs)) - log_det)


def _halves(dofs: Array, n_features: int) -> Array:
    """Return (nu - i) / 2 of the features i (J, d): the arguments of the gamma functions."""
    return np.asarray(0.5 * (dofs[:, None] - np.arange(n_features)))


@dataclass(frozen=True, eq=False)
class NormalWishart:
    """A prior of means and precisions, and what counts of rows make of it.

    Attributes
    ----------
    family : Family
        Of the scales S.  If all components share one, they share the degrees of freedom too:
        those of an average component.
    mean : ndarray (d,)
    mean_precision : float
        Rows that the mean is worth.
    dof : float
        Rows that the scale is worth; more than d - 1.
    scale : Covariances
        Of one component: the scatter of so many rows.
    """

    family: Family
    mean: Array
    mean_precision: float
    dof: float
    scale: Covariances

    @cached_property
    def _log_det(self) -> float:
        return float(self.scale.log_det()[0])

    @cached_property
    def _log_gammas(self) -> float:
        """The sum of log-gammas of the prior's degrees of freedom."""
        return float(gammaln(_halves(np.array([self.dof]), len(self.mean))).sum())

    def mean_precisions(self, counts: Array) -> Array:
        """Return kappa of each component (J,)."""
        return counts + self.mean_precision

    def dofs(self, counts: Array, groups: Groups) -> Array:
        """Return nu of each component (J,)."""
        if self.family.shared:
            counts = np.repeat(groups.sum(counts) / groups.counts, groups.counts)
        return counts + self.dof

    def informed(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return statistics whose means and maximum-likelihood covariances are the posterior's."""
        drawn = drawn_to(statistics, self.mean, self.mean_precision)
        scatter = self.scale.as_scatters()
        if statistics.pooled:
            scatter = statistics.moment.expand(statistics.groups.counts) * scatter
        return drawn.changed(
            counts=self.dofs(statistics.counts, statistics.groups),
            scatters=drawn.scatters + scatter,
        )

    def log_evidence(self, statistics: SufficientStatistics) -> Array:
        """Return the log evidence of the rows of each scatter (Murphy 2007, equation 266).

        As of rows that are certain to be of their component; (J,), or (G,) if scatters are
        pooled.  Scales are free within their structure.
        """
        d, groups = statistics.n_features, statistics.groups
        informed, counts = self.informed(statistics), statistics.counts
        shares = 0.5 * d * np.log(self.mean_precision / self.mean_precisions(counts))
        own, nu, times = counts, informed.counts, np.ones(len(counts))
        scatters = informed.scatters
        if statistics.pooled:
            own, shares, times = groups.sum(counts), groups.sum(shares), groups.counts
            nu, scatters = nu[groups.first], scatters / statistics.moment.expand(times)
        log_det = type(self.scale).of_scatters(scatters, d).log_det()
        each = gammaln(_halves(nu, d)).sum(axis=1) - self._log_gammas
        each = each + 0.5 * (self.dof * self._log_det - nu * log_det)
        return np.asarray(times * each + shares - 0.5 * d * np.log(np.pi) * own)

    def excess(self, counts: Array, groups: Groups, n_features: int) -> Array:
        """Return what the expected log-density has beside that of the expectations (J,).

        That is E log N(x | mu, Lambda) - log N(x | m, S), the same for all x.
        """
        spread = expected_log_det(self.dofs(counts, groups), np.zeros(len(counts)), n_features)
        return 0.5 * (spread - n_features / self.mean_precisions(counts))

    def divergence(self, parameters: Parameters, counts: Array) -> Array:
        """Return how far the posterior is from the prior (G,), by Kullback & Leibler.

        `parameters` hold m and S.
        """
        d, groups, held = parameters.n_features, parameters.groups, parameters.each
        nu, kappa = self.dofs(counts, groups), self.mean_precisions(counts)
        offsets = parameters.means - self.mean
        ratio = self.mean_precision / kappa
        pull = self.mean_precision * (offsets * held.precision_times(offsets)).sum(axis=1)
        means = 0.5 * (d * (ratio - 1.0 - np.log(ratio)) + pull)
        products = held.precisions * self.scale.as_scatters()
        traces = held.spread(products.reshape(len(products), -1).sum(axis=1))
        halves = _halves(nu, d)
        # Sums over features of psi and log-gamma; what is in both parts has cancelled.
        log_det = held.log_det() + d * np.log(nu) - self._log_det
        precisions = (
            0.5 * (self.dof * log_det + traces - nu * d)
            - gammaln(halves).sum(axis=1)
            + self._log_gammas
            + 0.5 * (nu - self.dof) * psi(halves).sum(axis=1)
        )
        return groups.sum(means + precisions)
