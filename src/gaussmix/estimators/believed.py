"""What a fitted Bayesian estimator shows of its posterior: scikit-learn's attributes, and ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..mixture import Mixture
from ..numerics.arguments import check_number

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.variational_posterior import VariationalPosterior
    from ..em.result import FitResult

__all__ = ["Believed", "CredibleIntervals"]


@dataclass(frozen=True, eq=False)
class CredibleIntervals:
    """Where parameters are with some probability, each by itself, with equal tails.

    Attributes
    ----------
    weights : ndarray (K, 2)
        Lower and upper ends.
    means : ndarray (K, d, 2)
    mass : float
        The probability.

    Examples
    --------
    >>> from gaussmix import BayesianGaussianMixture, datasets
    >>> X = datasets.iris().rows
    >>> model = BayesianGaussianMixture(n_components=6, random_state=0).fit(X)
    >>> model.credible_intervals(0.9).weights[:2].round(2).tolist()
    [[0.6, 0.73], [0.27, 0.39]]
    """

    weights: Array
    means: Array
    mass: float


class Believed:
    """Attributes that follow from ``_posterior``, the `VariationalPosterior` of the last fit."""

    _posterior: VariationalPosterior

    if TYPE_CHECKING:  # the estimator's own

        def _fitted(self) -> FitResult: ...

    def _believed(self) -> VariationalPosterior:
        self._fitted()
        return self._posterior

    @property
    def weight_concentration_(self) -> Any:
        """Parameters of the posterior of the weights (K,); two of them of a process."""
        return self._believed().concentration

    @property
    def mean_precision_(self) -> Array:
        """Rows that each mean is worth (K,)."""
        return self._believed().mean_precisions

    @property
    def degrees_of_freedom_(self) -> Any:
        """Rows that each precision is worth (K,); a float if components share theirs."""
        dofs = self._believed().dofs
        return float(dofs[0]) if self._believed().covariances.shared else dofs

    @property
    def weight_concentration_prior_(self) -> float:
        """The concentration that the prior of the weights had."""
        return self._believed().prior_of_weights.concentration

    @property
    def mean_precision_prior_(self) -> float:
        """Rows that the prior's mean was worth."""
        return self._believed().prior.mean_precision

    @property
    def mean_prior_(self) -> Array:
        """The prior's mean (d,)."""
        return self._believed().prior.mean

    @property
    def degrees_of_freedom_prior_(self) -> float:
        """Rows that the prior's covariance was worth."""
        return self._believed().prior.dof

    @property
    def covariance_prior_(self) -> Any:
        """The prior's covariance, shaped as that of one component."""
        found = self._believed().prior.scale.values[0]
        return float(found) if found.ndim == 0 else found

    @property
    def lower_bound_(self) -> float:
        """Lower bound of the log evidence, total."""
        return self._fitted().log_likelihood

    @property
    def lower_bounds_(self) -> list[float]:
        """Lower bound of the log evidence, by iteration."""
        return list(self._fitted().history.log_likelihood)

    @property
    def active_(self) -> AnyArray:
        """Components in use (m,): those that have learnt from a row at least."""
        return self._believed().active

    @property
    def n_effective_(self) -> int:
        """Number of components in use."""
        return len(self._believed().active)

    @property
    def predictive_(self) -> Mixture:
        """The density of a new row, averaged over the posterior: of Student's t.

        Of a Dirichlet process its last component is one that no row was of yet.
        """
        names = self._fitted().mixture.feature_names
        return Mixture.of_parameters(self._believed().predictive(), names)

    def credible_intervals(self, mass: float = 0.95) -> CredibleIntervals:
        """Return intervals that hold each weight and mean with probability `mass`.

        Variational posteriors leave out how parameters of different components go together,
        and so are rather narrow where components overlap.
        """
        mass, believed = check_number("mass", mass, maximum=1.0), self._believed()
        return CredibleIntervals(
            believed.intervals_of_weights(mass), believed.intervals_of_means(mass), mass
        )
