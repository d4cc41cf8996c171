"""The Dirichlet distribution: so many components, none of them special."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln, psi

from .base import WeightPrior

if TYPE_CHECKING:
    from ..._typing import Array
    from ...numerics.groups import Groups


class DirichletDistribution(WeightPrior):
    """Weights of a Dirichlet distribution (Bishop 2006, equations 10.39, 10.58 and 10.66)."""

    name = "dirichlet_distribution"
    summary = "a finite mixture: the weights have a symmetric Dirichlet distribution"

    def expected_logs(self, counts: Array, groups: Groups) -> Array:
        found = self.posterior(counts)
        return np.asarray(psi(found) - groups.spread(psi(groups.sum(found))))

    def divergence(self, counts: Array, groups: Groups) -> Array:
        found = self.posterior(counts)
        own = (counts * self.expected_logs(counts, groups)) - gammaln(found)
        before = gammaln(groups.counts * self.concentration)
        before = before - groups.counts * gammaln(self.concentration)
        return np.asarray(groups.sum(own) + gammaln(groups.sum(found)) - before)

    def posterior(self, counts: Array) -> Array:
        return counts + self.concentration

    def means(self, counts: Array) -> Array:
        found = self.posterior(counts)
        return found / found.sum()

    def variances(self, counts: Array) -> Array:
        means = self.means(counts)
        return means * (1.0 - means) / (self.posterior(counts).sum() + 1.0)
