"""What users write in ``missing`` becomes a `Missing` here, once."""

from __future__ import annotations

from ...numerics.registry import Registry
from .base import Missing

__all__ = ["get_missing", "list_missing"]

_WORDS = Registry(__package__, Missing, "word")  # type: ignore[type-abstract]


def list_missing() -> list[Missing]:
    """Return all that may become of missing values, sorted by name.

    Examples
    --------
    >>> from gaussmix.rows.missing import list_missing
    >>> [word.name for word in list_missing()]
    ['drop', 'em', 'error']
    """
    return list(_WORDS.objects.values())


def get_missing(given: str | Missing, argument: str = "missing") -> Missing:
    """Return the `Missing` of that name; one that is given is returned as it is.

    `argument` is what messages call it.

    Raises
    ------
    ParameterError
        If none has that name.
    """
    return _WORDS.object_of(given, argument)
