"""Which format a file has: its ending says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...exceptions import DataError
from ...numerics.registry import Registry
from .base import Format

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["format_of", "formats"]


_FORMATS = Registry(__package__, Format, "format")  # type: ignore[type-abstract]


def formats() -> dict[str, Format]:
    """Return the format of each known ending."""
    return {ending: kind for kind in _FORMATS.objects.values() for ending in kind.endings}


def format_of(path: Path) -> Format:
    """Return the format of a file; raise DataError if its ending is not known."""
    found = formats().get(path.suffix.lower())
    if found is None:
        endings = ", ".join(sorted(formats()))
        raise DataError(f"{path}: unknown ending {path.suffix!r}; expected one of {endings}")
    return found
