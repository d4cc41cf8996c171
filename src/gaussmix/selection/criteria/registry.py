"""Names of criteria become objects here, once."""

from __future__ import annotations

from functools import lru_cache

from ...exceptions import ParameterError
from ...numerics.registry import named_classes
from .base import Criterion

__all__ = ["get_criterion", "list_criteria"]


@lru_cache(maxsize=1)
def _criteria() -> dict[str, Criterion]:
    package = __package__ or "gaussmix.selection.criteria"
    return {name: kind() for name, kind in named_classes(package, Criterion).items()}  # type: ignore[type-abstract]


def list_criteria() -> list[Criterion]:
    """Return all criteria, sorted by name.

    Examples
    --------
    >>> from gaussmix.selection import list_criteria
    >>> [criterion.name for criterion in list_criteria()]
    ['aic', 'bic', 'cv', 'icl']
    """
    return list(_criteria().values())


def get_criterion(given: str | Criterion) -> Criterion:
    """Return the criterion of that name; a Criterion is returned as it is.

    Raises
    ------
    ParameterError
        If no criterion has that name.
    """
    if isinstance(given, Criterion):
        return given
    found = _criteria().get(str(given).lower())
    if found is None:
        known = "; ".join(map(repr, list_criteria()))
        raise ParameterError(f"criterion: unknown criterion {given!r}. Known: {known}.")
    return found
