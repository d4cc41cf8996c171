"""Packages that need not be installed: imported where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..exceptions import MissingExtraError

__all__ = ["imported"]


def imported(name: str, extra: str | None, purpose: str) -> Any:
    """Return a module of a package that need not be installed.

    Parameters
    ----------
    name : str
    extra : str or None
        Of gaussmix, that brings the package; None if there is none.
    purpose : str
        What needs it, for the message.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingExtraError(name.split(".", maxsplit=1)[0], extra, purpose) from None
