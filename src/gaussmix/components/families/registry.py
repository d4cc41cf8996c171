"""Names of families become objects here, once."""

from __future__ import annotations

from difflib import get_close_matches

from ...numerics.arguments import shown
from ...numerics.registry import Registry
from .base import Family

__all__ = ["get_family", "list_families"]


_FAMILIES = Registry(__package__, Family, "family")  # type: ignore[type-abstract]


def list_families() -> list[Family]:
    """Return all families, sorted by name.

    Examples
    --------
    >>> from gaussmix.families import list_families
    >>> [family.name for family in list_families()]  # doctest: +NORMALIZE_WHITESPACE
    ['E', 'EEE', 'EEI', 'EEV', 'EII', 'EVE', 'EVI', 'EVV',
     'V', 'VEE', 'VEI', 'VEV', 'VII', 'VVE', 'VVI', 'VVV']
    """
    return list(_FAMILIES.objects.values())


def get_family(name: str | Family, argument: str = "covariance_type") -> Family:
    """Return the family of that name; a Family is returned as it is.

    Names are mclust's ("VVV", in any case) or scikit-learn's ("full"); `argument` is what
    messages call them.

    Raises
    ------
    ParameterError
        If no family has that name; the closest names are suggested.

    Examples
    --------
    >>> from gaussmix.families import get_family
    >>> get_family("tied")
    EEE (tied)
    """
    return _FAMILIES.object_of(name, argument, lambda: _alternatives(shown(name)))


def _alternatives(given: str) -> str:
    """Return what a message says of families that might be meant, and of all."""
    close = get_close_matches(given.lower(), _FAMILIES.written, n=2, cutoff=0.5)
    families = [_FAMILIES.objects[_FAMILIES.written[match]] for match in close]
    meant = [
        repr(match if match == family.synonym else family.name)
        for match, family in zip(close, families, strict=True)
    ]
    hint = f"Did you mean {' or '.join(meant)}? " if close else ""
    return f"{hint}Known: {', '.join(map(repr, list_families()))}."
