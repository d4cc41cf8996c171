"""What users write in ``select`` becomes a `Choice` here, once."""

from __future__ import annotations

from ...numerics.registry import Registry
from .base import Choice

__all__ = ["get_choice", "list_choices"]

_CHOICES = Registry(__package__, Choice, "choice")  # type: ignore[type-abstract]


def list_choices() -> list[Choice]:
    """Return all choices, sorted by name.

    Examples
    --------
    >>> from gaussmix.em.choices import list_choices
    >>> [choice.name for choice in list_choices()]
    ['likelihood', 'predictive']
    """
    return list(_CHOICES.objects.values())


def get_choice(given: str | Choice, argument: str = "select") -> Choice:
    """Return the choice of that name; a Choice is returned as it is.

    `argument` is what messages call it.

    Raises
    ------
    ParameterError
        If no choice has that name.
    """
    return _CHOICES.object_of(given, argument)
