"""What users write in ``init_params`` becomes a `Start` here, once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..exceptions import ParameterError
from ..numerics.registry import named_classes
from .base import Start

__all__ = ["get_start", "list_starts"]


@lru_cache(maxsize=1)
def _starts() -> dict[str, type[Start]]:
    return named_classes(__package__ or "", Start)  # type: ignore[type-abstract]


def list_starts() -> list[str]:
    """Return the names of all starts.

    Examples
    --------
    >>> from gaussmix.starts import list_starts
    >>> list_starts()
    ['k-means++', 'kmeans', 'mbahc', 'race', 'random', 'random_from_data']
    """
    return sorted(_starts())


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
    if given not in _starts():
        raise ParameterError(
            f"init_params: unknown start {given!r}. Expected one of "
            f"{', '.join(map(repr, list_starts()))}, an array of labels (n,) or "
            "responsibilities (n, K), or a Mixture."
        )
    return _starts()[given]()
