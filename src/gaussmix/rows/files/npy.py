"""NumPy's own files, mapped into memory."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError
from ...numerics.npy import read_header
from .arrays import ArrayFormat, readable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..._typing import AnyArray

__all__ = ["Npy", "header"]


class Npy(ArrayFormat):
    """Files of one array, as ``numpy.save`` writes them."""

    name = "npy"
    endings = (".npy",)
    magic = b"\x93NUMPY"

    @contextmanager
    def opening(self, path: Path, dataset: str | None) -> Iterator[Any]:
        with readable(path):
            with path.open("rb") as file:
                if file.read(2) == b"PK":
                    raise DataError(
                        f"{path}: holds several arrays, as .npz does; save one with np.save"
                    )
                file.seek(0)
                held = read_header(file, path.stat().st_size)
            array: AnyArray = np.memmap(
                path, held.dtype, "r", held.offset, held.shape, order=held.order
            )
        # Mapped anew for each part: what has been read does not stay in memory.
        yield array


def header(n_rows: int, width: int, dtype: np.dtype[Any]) -> bytes:
    """Return what a file of an array (n_rows, width) begins with.

    Its length does not depend on the number of rows, so it may be written last.
    """
    buffer = io.BytesIO()
    content = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (n_rows, width),
    }
    np.lib.format.write_array_header_1_0(buffer, content)
    return buffer.getvalue()
