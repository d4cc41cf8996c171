"""Which format a file has: its ending says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...exceptions import DataError
from ...numerics.registry import Registry
from .base import Format

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ending_of", "format_of", "formats"]


_FORMATS = Registry(__package__, Format, "format")  # type: ignore[type-abstract]


def formats() -> dict[str, Format]:
    """Return the format of each known ending."""
    return {ending: kind for kind in _FORMATS.objects.values() for ending in kind.endings}


def ending_of(path: Path) -> str:
    """Return the ending of a known format that a name has, or its suffix."""
    endings = [suffix.lower() for suffix in path.suffixes[-2:]]
    both = "".join(endings)
    return both if both in formats() else path.suffix.lower()


def format_of(path: Path) -> Format:
    """Return the format of a file; raise DataError if its ending is not known."""
    found = formats().get(ending_of(path))
    if found is None:
        endings = ", ".join(sorted(ending for ending in formats() if ending.count(".") == 1))
        raise DataError(f"{path}: unknown ending {path.suffix!r}; expected one of {endings}")
    return found
