"""What users write in ``init_params`` becomes a `Start` here, once."""

from __future__ import annotations

from typing import Any

from ..numerics.registry import Registry
from .base import Start

__all__ = ["get_start", "list_starts"]


_STARTS = Registry(__package__, Start, "start", any_case=False)  # type: ignore[type-abstract]


def list_starts() -> list[str]:
    """Return the names of all starts.

    Examples
    --------
    >>> from gaussmix.starts import list_starts
    >>> list_starts()
    ['k-means++', 'kmeans', 'mbahc', 'race', 'random', 'random_from_data']
    """
    return list(_STARTS.classes)


def get_start(given: Any) -> Start:
    """Return the start for a name, labels (n,), responsibilities (n, K) or a Mixture.

    Raises
    ------
    ParameterError
        If it is none of these.
    """
    from .given import given_start

    if isinstance(given, Start):
        return given
    if not isinstance(given, str):
        return given_start(given)
    return _STARTS.classes[_STARTS.name_of(given, "init_params", _expected)]()


def _expected() -> str:
    return (
        f"Expected one of {', '.join(map(repr, list_starts()))}, an array of labels (n,) or "
        "responsibilities (n, K), or a Mixture."
    )
