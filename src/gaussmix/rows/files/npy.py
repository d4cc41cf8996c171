"""NumPy's own files, mapped into memory."""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError
from .arrays import ArrayFormat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Npy", "header"]

# NumPy parses headers with `ast`, which in CPython before 3.12 counts its depth for all threads
# together: two at once may end in a SystemError.
_PARSING = threading.Lock()


class Npy(ArrayFormat):
    """Files of one array, as ``numpy.save`` writes them."""

    name = "npy"
    endings = (".npy",)

    @contextmanager
    def opening(self, path: Path, dataset: str | None) -> Iterator[Any]:
        if dataset is not None:
            raise DataError(f"{path}: npy holds no named arrays; leave out dataset")
        try:
            with _PARSING:
                array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise DataError(f"{path}: cannot be read as npy: {error}") from None
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: holds several arrays, as .npz does; save one with np.save")
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
