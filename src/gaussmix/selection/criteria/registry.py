"""Names of criteria become objects here, once."""

from __future__ import annotations

from ...numerics.registry import Registry
from .base import Criterion

__all__ = ["get_criterion", "list_criteria"]


_CRITERIA = Registry(__package__, Criterion, "criterion")  # type: ignore[type-abstract]


def list_criteria() -> list[Criterion]:
    """Return all criteria, sorted by name.

    Examples
    --------
    >>> from gaussmix.selection import list_criteria
    >>> [criterion.name for criterion in list_criteria()]
    ['aic', 'awe', 'bic', 'caic', 'clc', 'cv', 'icl', 'kic', 'sabic']
    """
    return list(_CRITERIA.objects.values())


def get_criterion(given: str | Criterion) -> Criterion:
    """Return the criterion of that name; a Criterion is returned as it is.

    Raises
    ------
    ParameterError
        If no criterion has that name.

    Examples
    --------
    >>> from gaussmix.selection import get_criterion
    >>> get_criterion("BIC").name
    'bic'
    """
    return _CRITERIA.object_of(given, "criterion")
