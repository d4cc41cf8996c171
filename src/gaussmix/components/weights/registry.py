"""What users write in ``weight_concentration_prior_type`` becomes a `WeightPrior` here, once."""

from __future__ import annotations

from ...numerics.registry import Registry
from .base import WeightPrior

__all__ = ["get_weight_prior", "list_weight_priors"]

_PRIORS = Registry(__package__, WeightPrior, "prior of weights")  # type: ignore[type-abstract]


def list_weight_priors() -> list[WeightPrior]:
    """Return all priors of weights, sorted by name.

    Examples
    --------
    >>> from gaussmix.components.weights import list_weight_priors
    >>> [prior.name for prior in list_weight_priors()]
    ['dirichlet_distribution', 'dirichlet_process']
    """
    return list(_PRIORS.objects.values())


def get_weight_prior(
    given: str | WeightPrior, argument: str = "weight_concentration_prior_type"
) -> WeightPrior:
    """Return the prior of that name; a WeightPrior is returned as it is.

    Raises
    ------
    ParameterError
        If no prior has that name.
    """
    return _PRIORS.object_of(given, argument, _known)


def _known() -> str:
    return f"Known: {'; '.join(f'{own.name!r}, {own.summary}' for own in list_weight_priors())}."
