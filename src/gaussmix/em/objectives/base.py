"""The contract of an objective, and the M-step that those of point estimates share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from typing import TYPE_CHECKING, Self

import numpy as np

from ...components.parameters import Parameters
from ..mstep import (
    RELATIVE_FLOOR,
    Estimate,
    estimated_covariances,
    fill_empty,
    held_covariances,
    mixing_weights,
)

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.densities import Density
    from ...components.families import Family
    from ...components.statistics import SufficientStatistics

__all__ = ["Objective"]


class Objective(ABC):
    """What a fit climbs, and the step that climbs it.

    Parameters
    ----------
    family : Family
    total : SufficientStatistics
        Of all rows as one component.
    reg_covar : float
        Added to the diagonal of every covariance.
    equal_weights : bool
        Components share equally what weight the noise leaves.
    density : Density
        Where the components' own begins.

    Attributes
    ----------
    scales : ndarray (d,)
        Variances of the rows; those of all of them, if nobody knows better.
    floor : ndarray (d,)
        Covariances are held above diag(floor): constrained maximum likelihood
        (Ingrassia 2004), which keeps the likelihood bounded and monotone.
    """

    def __init__(
        self,
        family: Family,
        total: SufficientStatistics,
        reg_covar: float,
        equal_weights: bool,
        density: Density,
    ) -> None:
        self.family, self.total, self.density = family, total, density
        self.reg_covar, self.equal_weights = reg_covar, equal_weights
        self.scales = total.variances
        self.floor = self._floor()

    @property
    def is_climbed(self) -> bool:
        """Whether no step lowers the value: so that a leap that does can be told."""
        return self.reg_covar == 0

    @property
    def is_likelihood(self) -> bool:
        """Whether the value is the log-likelihood alone."""
        return False

    @property
    def direct(self) -> bool:
        """Whether its M-step is the family's estimate from what the E-step found, as it is."""
        return False

    @property
    def is_bound(self) -> bool:
        """Whether the value takes the place of the log-likelihood, which is of no parameters."""
        return False

    @property
    def needs_rows(self) -> bool:
        """Whether a component of fewer rows than its covariance needs loses its width."""
        return True

    @abstractmethod
    def penalty(self, parameters: Parameters) -> Array:
        """Return what is climbed besides the log-likelihood, of each mixture (G,).

        Law: where `is_climbed`, log-likelihood + penalty never falls.
        """

    @abstractmethod
    def informed(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return statistics whose maximum-likelihood estimates are what is wanted."""

    def working(self, parameters: Parameters) -> Parameters:
        """Return what the E-step evaluates for some parameters."""
        return parameters

    def value(self, statistics: SufficientStatistics, parameters: Parameters) -> Array:
        """Return what is climbed, of each mixture (G,), found by an E-step of some parameters."""
        if self.is_likelihood:
            return statistics.log_likelihood
        return statistics.log_likelihood + self.penalty(parameters)

    def regularised(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return the statistics that add `reg_covar` to the diagonal of covariances."""
        if self.reg_covar == 0:
            return statistics
        return statistics.widened(np.full(statistics.n_features, self.reg_covar))

    def _floor(self) -> Array:
        return RELATIVE_FLOOR * (self.scales + self.reg_covar)

    def on_scales(self, scales: Array, center: Array) -> Self:
        """Return the objective of data of such variances and middle (d,), far rows aside."""
        other = copy(self)
        other.scales = scales
        other.floor = other._floor()
        return other

    def raised(self, least: Array) -> Objective:
        """Return the objective with a floor that is at least so high (d,)."""
        other = copy(self)
        other.floor = np.maximum(self.floor, least)
        return other

    def update(
        self, statistics: SufficientStatistics, previous: Parameters | None = None
    ) -> tuple[Parameters, AnyArray]:
        """M-step: return the parameters that maximise the expected objective, of each mixture.

        Parameters
        ----------
        statistics : SufficientStatistics
            Of one or several mixtures.
        previous : Parameters, optional
            What the statistics were found under; those of an empty component stay.

        Returns
        -------
        parameters : Parameters
        collapsed : ndarray of bool
            Which of ``parameters.covariances.values`` are held at the floor.

        Raises
        ------
        DataError
            If the family cannot be estimated from such statistics.
        """
        return self.held(self.estimate(statistics, previous))

    def estimate(
        self, statistics: SufficientStatistics, previous: Parameters | None = None
    ) -> Estimate:
        """Return what `update` begins with: estimates whose covariances may be too narrow."""
        family = self.family
        weights, noise = mixing_weights(statistics, previous, equal=self.equal_weights)
        density = self.begun(statistics) if previous is None else previous.density
        density = density.update(statistics)
        statistics = self._filled(family.gathered(statistics), previous)
        statistics = self.informed(self.regularised(statistics))
        before = None if previous is None else previous.covariances
        covariances = estimated_covariances(statistics, family, before)
        return Estimate(weights, noise, statistics, covariances, density, previous)

    def begun(self, statistics: SufficientStatistics) -> Density:
        """Return the density that components begin with."""
        return self.density.begun(self.density, statistics.n_components)

    def _filled(
        self, statistics: SufficientStatistics, previous: Parameters | None
    ) -> SufficientStatistics:
        """Return statistics in which components without rows have what they need."""
        return fill_empty(statistics, self.family, previous)

    def held(self, estimate: Estimate) -> tuple[Parameters, AnyArray]:
        """Return what `update` ends with: parameters, and which covariances are held."""
        weights, noise, statistics, covariances, density, previous, wide = estimate
        before = None if previous is None else previous.covariances
        covariances, collapsed = held_covariances(
            covariances, statistics, self.family, self.floor, before, wide=wide
        )
        found = Parameters(
            weights,
            statistics.means,
            covariances,
            statistics.groups,
            noise,
            None if previous is None else previous.box,
            density,
            self.family.shared,
        )
        return found, collapsed
