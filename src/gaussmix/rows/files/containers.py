"""Files that hold several arrays: which one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...exceptions import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["only_array"]


def only_array(path: Path, names: list[str], wanted: str | None) -> str:
    """Return the name of the array that is meant; DataError if that is not clear."""
    known = ", ".join(map(repr, names))
    if wanted is not None:
        if wanted.strip("/") not in names:
            raise DataError(f"{path}: no array {wanted!r}; it has {known or 'none'}")
        return wanted
    if len(names) != 1:
        hint = f"the arrays {known}; choose one with dataset (--dataset)" if names else "no array"
        raise DataError(f"{path}: holds {hint}")
    return names[0]
