"""Arrays in a zip file, as ``numpy.savez`` writes them: read one by one, none on its word.

What is written here is not compressed, so a file holds as many bytes as its parts say, and it
takes no more time and memory to read than a file of its size should.
"""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .npy import read_array

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from .._typing import AnyArray

__all__ = ["Archive", "NotWholeError"]

# Values share arrays, as the best mixture and the newest do; but all that is handed out is
# no more than so many times the file, whatever refers to it how often.
_SHARED = 64


class NotWholeError(ValueError):
    """The container is damaged."""


class Archive:
    """The arrays of a file by their names.

    Parameters
    ----------
    file : file
        Open for reading, at its beginning.

    Raises
    ------
    NotWholeError
        If it is no zip file, is damaged, or claims to hold more than it does.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._length = file.seek(0, 2)
        self._left = _SHARED * self._length
        self._known: dict[str, AnyArray] = {}
        with _unzipping():
            self._zip = zipfile.ZipFile(file)
        self._members = {info.filename: info for info in self._zip.infolist()}
        for info in self._members.values():
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                raise NotWholeError(f"{info.filename} is compressed or encrypted")
        if sum(info.file_size for info in self._members.values()) > self._length:
            raise NotWholeError("its parts claim to be larger than all of it")

    def array(self, name: str) -> AnyArray:
        """Return an array, the same one each time.

        Raises
        ------
        KeyError, ValueError
            If there is none, or it is not what it claims to be.
        """
        if name not in self._known:
            info = self._members[f"{name}.npy"]
            with _unzipping(), self._zip.open(info) as file:
                self._known[name] = read_array(file, info.file_size)
        found = self._known[name]
        self._left -= found.nbytes
        if self._left < 0:
            raise ValueError("the same numbers are all over it")
        return found


@contextmanager
def _unzipping() -> Iterator[None]:
    """Turn what is said of a damaged zip file, in many ways, into `NotWholeError`."""
    try:
        yield
    except _DAMAGED as found:
        raise NotWholeError(str(found)) from None
    except OSError as found:
        if found.errno != errno.EINVAL:  # a place that no file has
            raise
        raise NotWholeError(str(found)) from None


_DAMAGED: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError,
)  # fmt: skip
