"""What users write in ``init_params`` becomes a `Start` here, once."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module
from typing import Any

from ..exceptions import ParameterError
from .base import Start

__all__ = ["get_start", "list_starts"]


@lru_cache(maxsize=1)
def _starts() -> dict[str, type[Start]]:
    package = __package__ or "gaussmix.init"
    modules = [
        import_module(f"{package}.{found.name}")
        for found in pkgutil.iter_modules(import_module(package).__path__)
    ]
    return {
        member.name: member
        for module in modules
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Start) and member.name
    }


def list_starts() -> list[str]:
    """Return the names of all starts.

    Examples
    --------
    >>> from gaussmix.init import list_starts
    >>> list_starts()
    ['k-means++', 'kmeans', 'random', 'random_from_data']
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
