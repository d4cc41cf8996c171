"""Zarr: an array, or one of a group, by zarr."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...numerics.extras import imported
from .arrays import ArrayFormat, readable
from .containers import only_array

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Zarr"]


class Zarr(ArrayFormat):
    """Zarr stores: folders called *.zarr."""

    name = "Zarr"
    endings = (".zarr",)
    is_folder = True
    takes = frozenset({"dataset"})

    @contextmanager
    def opening(self, path: Path, dataset: str | None) -> Iterator[Any]:
        zarr = imported("zarr", "zarr", "reading Zarr")
        with readable(path):
            found = zarr.open(path, mode="r")
            if isinstance(found, zarr.Group):
                names = [name for name, item in found.members(None) if isinstance(item, zarr.Array)]
                found = found[only_array(path, names, dataset)]
        yield found
