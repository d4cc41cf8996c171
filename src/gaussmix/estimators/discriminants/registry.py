"""Names of kinds become objects here, once."""

from __future__ import annotations

from ...numerics.registry import Registry
from .base import Discriminant

__all__ = ["get_discriminant"]

_KINDS = Registry(__package__, Discriminant, "kind")  # type: ignore[type-abstract]


def get_discriminant(given: str) -> Discriminant:
    """Return the kind of that name; raise ParameterError if there is none."""
    return _KINDS.object_of(given, "kind")
