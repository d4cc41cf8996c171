"""HDF5: one of its arrays, by h5py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...numerics.extras import imported
from .arrays import ArrayFormat, readable
from .containers import only_array

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["HDF5"]


class HDF5(ArrayFormat):
    """HDF5 files."""

    name = "HDF5"
    endings = (".h5", ".hdf5")
    magic = b"\x89HDF\r\n\x1a\n"
    takes = frozenset({"dataset"})

    @contextmanager
    def opening(self, path: Path, dataset: str | None) -> Iterator[Any]:
        h5py = imported("h5py", "hdf5", "reading HDF5")
        with readable(path):
            file = h5py.File(path, "r")
        with file:
            names: list[str] = []
            with readable(path):
                file.visititems(
                    lambda name, item: (
                        names.append(name) if isinstance(item, h5py.Dataset) else None
                    )
                )
                array = file[only_array(path, names, dataset)]
            yield array
