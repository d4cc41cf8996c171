"""The posterior of a mixture's parameters, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics.groups import Groups
from .densities import StudentT
from .parameters import Parameters

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .covariances import Covariances
    from .normal_wishart import NormalWishart
    from .weights import WeightPrior

__all__ = ["VariationalPosterior", "averaged"]

# The log of a weight that hardly any posterior has, in a number that float32 holds too.
_LEAST_LOG = -1e30
# Rows beyond which quantiles of the beta distribution are not accurate.
_SURE = 1e10
# No weight is less: its logarithm is taken.
_TINY = float(np.finfo(float).tiny)


def averaged(
    parameters: Parameters, counts: Array, weights: WeightPrior, normal_wishart: NormalWishart
) -> Parameters:
    """Return parameters whose log-joint densities are the expected ones of a posterior.

    Parameters
    ----------
    parameters : Parameters
        Expected means, and the inverses of expected precisions.
    counts : ndarray (J,)
        Rows that each component's posterior has learnt from.
    weights, normal_wishart : WeightPrior, NormalWishart
    """
    groups = parameters.groups
    logs = weights.expected_logs(counts, groups)
    logs = logs + normal_wishart.excess(counts, groups, parameters.n_features)
    return replace(parameters, log_weights=np.maximum(logs, _LEAST_LOG))


@dataclass(frozen=True, eq=False)
class VariationalPosterior:
    """What is believed of the parameters of one mixture.

    Attributes
    ----------
    counts : ndarray (K,)
        Rows, by weight, that each component has learnt from.
    means : ndarray (K, d)
        Expected.
    covariances : Covariances
        Inverses of the expected precisions.
    prior_of_weights : WeightPrior
    prior : NormalWishart
        Of means and precisions.
    """

    counts: Array
    means: Array
    covariances: Covariances
    prior_of_weights: WeightPrior
    prior: NormalWishart

    @cached_property
    def groups(self) -> Groups:
        return Groups.of((len(self.counts),))

    @property
    def concentration(self) -> Any:
        """Parameters of the posterior of the weights."""
        return self.prior_of_weights.posterior(self.counts)

    @property
    def weights(self) -> Array:
        """Expected weights (K,), of these components alone: they sum to 1."""
        found = np.maximum(self.prior_of_weights.means(self.counts), _TINY)
        return found / found.sum()

    @property
    def mean_precisions(self) -> Array:
        return self.prior.mean_precisions(self.counts)

    @property
    def dofs(self) -> Array:
        return self.prior.dofs(self.counts, self.groups)

    @property
    def active(self) -> AnyArray:
        """Components in use: those that have learnt from a row at least."""
        return np.flatnonzero(self.counts >= 1.0)

    @property
    def parameters(self) -> Parameters:
        """Expected weights, means and precisions, as the parameters of one mixture."""
        return Parameters.of_one(self.weights, self.means, self.covariances)

    @property
    def averaged(self) -> Parameters:
        """What responsibilities of rows are found under."""
        return averaged(self.parameters, self.counts, self.prior_of_weights, self.prior)

    def take(self, order: AnyArray) -> VariationalPosterior:
        """Return the components in another order (or a subset)."""
        return replace(
            self,
            counts=self.counts[order],
            means=self.means[order],
            covariances=self.covariances.take(order),
        )

    def predictive(self) -> Parameters:
        """Return the density of a new row, averaged over the posterior: Student's t components.

        A row may be of a component that no row was of yet: if the weights leave room for one it
        comes last, with the prior's own density.
        """
        d, kappa, nu = self.means.shape[1], self.mean_precisions, self.dofs
        weights, means = self.prior_of_weights.means(self.counts), self.means
        values = self.covariances.spread(self.covariances.values)
        factors, free = nu * (1.0 + 1.0 / kappa), nu - d + 1.0
        rest = 1.0 - weights.sum()
        if self.prior_of_weights.leaves_room:
            weights, means = np.append(weights, rest), np.vstack([means, self.prior.mean])
            values = np.concatenate([values, self.prior.scale.values])
            factors = np.append(factors, 1.0 + 1.0 / self.prior.mean_precision)
            free = np.append(free, self.prior.dof - d + 1.0)
        weights = np.maximum(weights, _TINY)
        scales = values * self.covariances.moment.expand(factors / free)
        held = type(self.covariances)(scales, len(weights), d)
        return Parameters.of_one(weights / weights.sum(), means, held, density=StudentT(free))

    # -- how sure it is -------------------------------------------------------------

    def intervals_of_weights(self, mass: float) -> Array:
        """Return credible intervals (K, 2) of the weights, of equal tails.

        By the beta distribution of their mean and variance: which is theirs, but for process
        priors' components after the first, where it is close.
        """
        from scipy.stats import beta, norm

        means = self.prior_of_weights.means(self.counts)
        variances = np.maximum(self.prior_of_weights.variances(self.counts), _TINY)
        size = np.maximum(means * (1.0 - means) / variances - 1.0, _TINY)
        a, b = np.maximum(means * size, _TINY), np.maximum((1.0 - means) * size, _TINY)
        # Where nearly all is known its tails are the normal's, and where next to nothing is, the
        # weight is 0 or 1.
        sure, open_ = size > _SURE, np.minimum(a, b) < 1.0 / _SURE
        a, b = (np.where(sure | open_, 1.0, own) for own in (a, b))
        ends = []
        for tail in _tails(mass):
            near = means + norm.ppf(tail) * np.sqrt(variances)
            found = np.where(sure, near, beta.ppf(tail, a, b))
            ends.append(np.where(open_ & ~sure, 1.0 * (tail > 1.0 - means), found))
        return np.clip(np.stack(ends, axis=-1), 0.0, 1.0)

    def intervals_of_means(self, mass: float) -> Array:
        """Return credible intervals (K, d, 2) of the means, each by itself, of equal tails."""
        from scipy.stats import t

        d, nu = self.means.shape[1], self.dofs
        free = (nu - d + 1.0)[:, None]
        ratio = (nu / self.mean_precisions)[:, None] / free
        widths = np.sqrt(self.covariances.variances() * ratio)
        sides = [self.means + widths * t.ppf(tail, free) for tail in _tails(mass)]
        return np.stack(sides, axis=-1)


def _tails(mass: float) -> tuple[float, float]:
    return 0.5 * (1.0 - mass), 0.5 * (1.0 + mass)
