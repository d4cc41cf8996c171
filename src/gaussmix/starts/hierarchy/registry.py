"""Names of criteria become classes here, once."""

from __future__ import annotations

from ...numerics.registry import Registry
from .criterion import Criterion

__all__ = ["get_criterion", "list_criteria"]


_CRITERIA = Registry("gaussmix.starts.hierarchy.costs", Criterion, "criterion")  # type: ignore[type-abstract]


def list_criteria() -> list[str]:
    """Return the names of all criteria.

    Examples
    --------
    >>> from gaussmix.hierarchy import list_criteria
    >>> list_criteria()
    ['EEE', 'EII', 'VII', 'VVV']
    """
    return list(_CRITERIA.classes)


def get_criterion(name: str) -> type[Criterion]:
    """Return the criterion of that name, in any case.

    Raises
    ------
    ParameterError
        If there is none.
    """
    return _CRITERIA.classes[_CRITERIA.name_of(name, "criterion")]
