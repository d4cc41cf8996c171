"""Files are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Unfinished", "writing"]


class Unfinished:
    """A file that gets its name when it is whole.

    Missing folders are created.  Until it is finished, an older file of that name stays
    as it was.

    Attributes
    ----------
    path : Path
        Where it is written: beside its place, under another name.
    """

    def __init__(self, place: str | os.PathLike[str]) -> None:
        self._place = Path(place)
        if self._place.exists() and not self._place.is_file():
            raise OSError(f"{self._place}: is not an ordinary file, and would be replaced by one")
        self._place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=self._place.parent, prefix=f".{self._place.stem}-", suffix=self._place.suffix
        )
        os.close(handle)
        self.path = Path(name)

    def finish(self) -> None:
        """Give it its name."""
        self.path.chmod(0o666 & ~_umask())
        self.path.replace(self._place)

    def drop(self) -> None:
        """Remove it, unless it is finished."""
        self.path.unlink(missing_ok=True)


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield where to write a file, which gets the name `path` if the block succeeds.

    On any error nothing is left behind; see `Unfinished`.
    """
    file = Unfinished(path)
    try:
        yield file.path
        file.finish()
    finally:
        file.drop()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
