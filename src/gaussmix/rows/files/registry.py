"""Which format a file has: its ending says it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ...exceptions import DataError
from ...numerics.registry import named_classes
from .base import Format

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["format_of", "formats"]


@lru_cache(maxsize=1)
def formats() -> dict[str, Format]:
    """Return the format of each known ending."""
    found = named_classes(__package__ or "", Format)  # type: ignore[type-abstract]
    return {ending: kind for cls in found.values() for kind in [cls()] for ending in kind.endings}


def format_of(path: Path) -> Format:
    """Return the format of a file; raise DataError if its ending is not known."""
    found = formats().get(path.suffix.lower())
    if found is None:
        endings = ", ".join(sorted(formats()))
        raise DataError(f"{path}: unknown ending {path.suffix!r}; expected one of {endings}")
    return found
