"""Names of families become objects here, once."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from ...exceptions import ParameterError
from ...numerics.registry import named_classes
from .base import Family

__all__ = ["get_family", "list_families"]


@lru_cache(maxsize=1)
def _families() -> dict[str, Family]:
    package = __package__ or "gaussmix.families"
    return {name: kind() for name, kind in named_classes(package, Family).items()}  # type: ignore[type-abstract]


def list_families() -> list[Family]:
    """Return all families, sorted by name.

    Examples
    --------
    >>> from gaussmix.families import list_families
    >>> [family.name for family in list_families()]  # doctest: +NORMALIZE_WHITESPACE
    ['E', 'EEE', 'EEI', 'EEV', 'EII', 'EVE', 'EVI', 'EVV',
     'V', 'VEE', 'VEI', 'VEV', 'VII', 'VVE', 'VVI', 'VVV']
    """
    return list(_families().values())


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
    if isinstance(name, Family):
        return name
    by_name = {family.name.lower(): family for family in list_families()}
    by_name |= {family.synonym: family for family in list_families() if family.synonym}
    found = by_name.get(str(name).lower())
    if found is None:
        known = ", ".join(repr(family) for family in list_families())
        close = get_close_matches(str(name).lower(), by_name, n=2, cutoff=0.5)
        written = [match if match == by_name[match].synonym else match.upper() for match in close]
        hint = f" Did you mean {' or '.join(map(repr, written))}?" if close else ""
        raise ParameterError(f"{argument}: unknown family {name!r}.{hint} Known: {known}.")
    return found
