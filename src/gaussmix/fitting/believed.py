"""What a variational fit says is believed, and how it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..em.objectives import Variational
from ..mixture import Mixture

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..components.variational_posterior import VariationalPosterior
    from ..em.result import FitResult

__all__ = ["in_use", "of_expected", "posterior_of", "pruned"]


def posterior_of(result: FitResult) -> VariationalPosterior:
    """Return the posterior of the parameters of a fit of a `VariationalModel`."""
    total = result.total
    if total is None:
        assert result.statistics is not None
        total = result.statistics.as_one()
    objective = result.model.objective(total)
    assert isinstance(objective, Variational)
    return objective.posterior(result.mixture.parameters)


def of_expected(result: FitResult, posterior: VariationalPosterior) -> FitResult:
    """Return a fit whose mixture is that of the expected parameters: what users see."""
    mixture = Mixture.of_parameters(posterior.parameters, result.mixture.feature_names)
    return replace(result, mixture=mixture)


def in_use(posterior: VariationalPosterior) -> AnyArray:
    """Return the components in use; the largest if there is none."""
    kept = posterior.active
    return kept if len(kept) else posterior.counts.argsort()[-1:]


def pruned(result: FitResult, kept: AnyArray) -> FitResult:
    """Return a fit, as it was climbed, that has some of its components alone."""
    parameters = result.mixture.parameters
    mixture = Mixture.of_parameters(
        replace(
            parameters,
            weights=parameters.weights[kept],
            means=parameters.means[kept],
            covariances=parameters.covariances.take(kept),
        ),
        result.mixture.feature_names,
    )
    return replace(
        result,
        model=replace(result.model, n_components=len(kept)),
        mixture=mixture,
        statistics=None if result.statistics is None else result.statistics.take(kept),
    )
