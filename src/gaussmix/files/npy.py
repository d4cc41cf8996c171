"""NumPy's own files, mapped into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from .arrays import ArrayFormat

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Npy"]


class Npy(ArrayFormat):
    """Files of one array, as ``numpy.save`` writes them."""

    name = "npy"
    endings = (".npy",)

    @contextmanager
    def opening(self, path: Path, dataset: str | None) -> Iterator[Any]:
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise DataError(f"{path}: cannot be read as npy: {error}") from None
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: holds several arrays, as .npz does; save one with np.save")
        # Mapped anew for each part: what has been read does not stay in memory.
        yield array
