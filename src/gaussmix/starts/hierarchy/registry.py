"""Names of criteria become costs here, once."""

from __future__ import annotations

from ...numerics.registry import Registry
from .cost import Cost

__all__ = ["get_criterion", "list_criteria"]


_COSTS = Registry(f"{__package__}.costs", Cost, "criterion")  # type: ignore[type-abstract]


def list_criteria() -> list[str]:
    """Return the names of all criteria.

    Examples
    --------
    >>> from gaussmix.hierarchy import list_criteria
    >>> list_criteria()
    ['EEE', 'EII', 'VII', 'VVV']
    """
    return list(_COSTS.classes)


def get_criterion(name: str) -> type[Cost]:
    """Return the cost of the criterion of that name, in any case.

    Raises
    ------
    ParameterError
        If there is none.
    """
    return _COSTS.classes[_COSTS.name_of(name, "criterion")]
