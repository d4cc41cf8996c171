"""What is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from ..components.densities import NORMAL, Density
from ..components.variational_prior import VariationalPrior
from ..mixture.bic import n_parameters
from .objectives import Likelihood, Objective, PartlyFixed, PosteriorMode, Variational

if TYPE_CHECKING:
    from ..components.families import Family
    from ..components.fixed import Fixed
    from ..components.prior import ConjugatePrior
    from ..components.statistics import SufficientStatistics
    from ..mixture import Mixture

__all__ = ["Model", "VariationalModel"]


@dataclass(frozen=True)
class Model:
    """What is fitted: components, how they are tied, and what is estimated of them.

    Attributes
    ----------
    n_components : int
    family : Family
        How covariances are tied.
    density : Density
        Of the components.
    equal_weights : bool
        Whether all components have the same mixing weight.
    background : bool
        Whether there is a uniform background beside them.
    prior : ConjugatePrior or None
        The estimate is then the posterior mode.
    reg_covar : float
        Added to the diagonal of covariances.
    fixed : Fixed or None
        What of components stays as the start has it.
    """

    n_components: int
    family: Family
    density: Density = NORMAL
    equal_weights: bool = False
    background: bool = False
    prior: ConjugatePrior | None = None
    reg_covar: float = 0.0
    fixed: Fixed | None = None

    #: By what components are ordered where nobody gave them an order.
    order: ClassVar[str] = "mean"
    #: Whether what is climbed is a bound of the log evidence, and no log-likelihood.
    is_bound: ClassVar[bool] = False

    @property
    def knows_columns(self) -> bool:
        """Whether something of it is in the coordinates of the columns: it is another in others."""
        given = self.prior is not None or self.fixed is not None
        return given or self.background or self.reg_covar > 0

    def of(self, mixture: Mixture) -> Model:
        """Return the model that a mixture is of: a start may bring a background of its own."""
        n_components = mixture.n_components
        return replace(self, n_components=n_components, background=mixture.noise is not None)

    def n_parameters(self, n_features: int) -> int:
        """Return the number of free parameters."""
        own = self.density.n_parameters(self.n_components)
        if self.fixed is not None:
            given = self.family, n_features
            own -= self.fixed.n_parameters(*given, equal_weights=self.equal_weights)
        return own + n_parameters(
            self.family,
            self.n_components,
            n_features,
            equal_weights=self.equal_weights,
            noise=self.background,
        )

    def objective(self, total: SufficientStatistics) -> Objective:
        """Return what is climbed on data whose `total`, as one component, is known.

        Raises
        ------
        ParameterError
            If the prior cannot be used.
        """
        rules = (self.family, total, self.reg_covar, self.equal_weights, self.density)
        if self.fixed is not None:
            return PartlyFixed(*rules, fixed=self.fixed)
        if self.prior is None:
            return Likelihood(*rules)
        return PosteriorMode(*rules, self.prior)


@dataclass(frozen=True)
class VariationalModel(Model):
    """A mixture whose parameters have a distribution: priors in, posteriors out.

    Attributes
    ----------
    beliefs : VariationalPrior
        Of weights, means and precisions.
    """

    beliefs: VariationalPrior = field(default_factory=VariationalPrior)

    order: ClassVar[str] = "weight"
    is_bound: ClassVar[bool] = True

    @property
    def knows_columns(self) -> bool:
        return True  # priors of means and precisions

    def objective(self, total: SufficientStatistics) -> Variational:
        return Variational(self.family, total, self.reg_covar, self.density, self.beliefs)
