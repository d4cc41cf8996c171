"""What comes through a pipe, kept in a temporary file: EM reads it many times."""

from __future__ import annotations

import tempfile
from pathlib import Path
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Any

from .registry import formats

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spooled"]

_SEEN = 16


class Spooled:
    """A copy of a stream of bytes, which goes with this object.

    Parameters
    ----------
    stream : binary file
    name : str
        What the file is called, but for its ending.

    Attributes
    ----------
    path : Path
        Its ending is that of the format whose files begin so; that of CSV for any other.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._folder: Any = tempfile.TemporaryDirectory(prefix="gaussmix-")
        start = b"".join(_at_least(_SEEN, stream))
        self.path = Path(self._folder.name) / (name + _ending(start))
        with self.path.open("wb") as file:
            file.write(start)
            copyfileobj(stream, file)


def _at_least(count: int, stream: IO[bytes]) -> Iterator[bytes]:
    while count > 0 and (block := stream.read(count)):
        count -= len(block)
        yield block


def _ending(start: bytes) -> str:
    for ending, kind in formats().items():
        if kind.magic and start.startswith(kind.magic):
            return ending
    return ".csv"
