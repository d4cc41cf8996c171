"""What a file of NumPy's own format claims to hold, checked before it is believed."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .arguments import said_by

if TYPE_CHECKING:
    from typing import IO

    from .._typing import AnyArray

__all__ = ["Header", "read_array", "read_header"]

# NumPy parses headers with `ast`, which in CPython before 3.12 counts its depth for all threads
# together: two at once may end in a SystemError.
_PARSING = threading.Lock()
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# Booleans, integers and floats: all that rows and values are made of.
_NUMBERS = "biuf"


@dataclass(frozen=True)
class Header:
    """What a file says that it holds.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    order : str
        "C" or "F", as of arrays.
    offset : int
        Where the numbers begin.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: Literal["C", "F"]
    offset: int

    @property
    def n_bytes(self) -> int:
        """Bytes of the numbers: an integer of Python's, which cannot overflow."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes], length: int, *, exactly: bool = False) -> Header:
    """Read what an array claims to be; the file is then where its numbers begin.

    Parameters
    ----------
    file : file
        At its beginning.
    length : int
        Its bytes, headers included: no more numbers than that can be in it.
    exactly : bool
        Whether nothing may follow the numbers.

    Raises
    ------
    ValueError
        If it is no array of numbers, or does not have the bytes that it claims.
    """
    try:
        with _PARSING:
            reader = _READERS[np.lib.format.read_magic(file)]
            shape, in_columns, dtype = reader(file)
    except OSError:  # the disk failed, not the file
        raise
    except Exception as found:  # the text is parsed as Python's, which fails in a dozen ways
        raise ValueError(f"its header is damaged ({said_by(found)})") from None
    header = Header(shape, dtype, "F" if in_columns else "C", file.tell())
    if dtype.kind not in _NUMBERS or dtype.shape or min(shape, default=0) < 0:
        raise ValueError(f"expected numbers, found {dtype} of shape {shape}")
    there = length - header.offset
    if header.n_bytes > there or (exactly and header.n_bytes < there):
        raise ValueError(
            f"claims {dtype} of shape {shape}, which are {header.n_bytes} bytes, and has {there}"
        )
    return header


def read_array(file: IO[bytes], length: int) -> AnyArray:
    """Read an array and nothing else; raise ValueError if that is not what the file holds."""
    header = read_header(file, length, exactly=True)
    flat = np.empty(header.n_bytes, dtype=np.uint8)
    left = flat.data
    while left:
        read = file.readinto(left)  # type: ignore[attr-defined]
        if not read:
            raise EOFError("ends before its numbers do")
        left = left[read:]
    file.read(1)  # a checksum is compared at the end
    array: AnyArray = flat.view(header.dtype)
    return array.reshape(header.shape, order=header.order)
