"""Names of criteria become classes here, once."""

from __future__ import annotations

from functools import lru_cache

from ...exceptions import ParameterError
from ...numerics.registry import named_classes
from .criterion import Criterion

__all__ = ["get_criterion", "list_criteria"]


@lru_cache(maxsize=1)
def _criteria() -> dict[str, type[Criterion]]:
    return named_classes(f"{__package__}.costs", Criterion)  # type: ignore[type-abstract]


def list_criteria() -> list[str]:
    """Return the names of all criteria.

    Examples
    --------
    >>> from gaussmix.hierarchy import list_criteria
    >>> list_criteria()
    ['EEE', 'EII', 'VII', 'VVV']
    """
    return sorted(_criteria())


def get_criterion(name: str) -> type[Criterion]:
    """Return the criterion of that name, in any case.

    Raises
    ------
    ParameterError
        If there is none.
    """
    found = _criteria().get(str(name).upper())
    if found is None:
        raise ParameterError(
            f"criterion: unknown criterion {name!r}. Known: {', '.join(list_criteria())}."
        )
    return found
