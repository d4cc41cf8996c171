"""Arrow's own files, which are also called Feather and IPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arrow import ArrowFormat, Piece

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Feather", "fragment_of"]

_FIRST_ROWS = 1000


class Feather(ArrowFormat):
    """Arrow IPC files."""

    name = "Arrow"
    endings = (".arrow", ".feather", ".ipc")
    magic = b"ARROW1"

    def first_rows(self, path: Path) -> Any:
        return self._fragment(path).head(_FIRST_ROWS)

    def pieces(self, path: Path) -> list[Piece]:
        whole = self._fragment(path)
        return [Piece(whole, whole.count_rows())]

    def _fragment(self, path: Path) -> Any:
        from pyarrow import dataset

        return fragment_of(dataset.IpcFileFormat(), path)


def fragment_of(kind: Any, path: Path) -> Any:
    """Return a file as the one fragment of a data set."""
    from pyarrow import fs

    return kind.make_fragment(str(path), fs.LocalFileSystem())
