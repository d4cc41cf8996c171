"""Names and copies of files under which DuckDB reads them.

It takes text in UTF-8, plain or compressed by gzip or Zstandard, whose lines end alike, and
a name without signs of a glob whose ending tells the compression.  Anything else gets such a
name, or is copied once to such a file, in a temporary folder that goes with the `Plain`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tempfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ....numerics.arguments import said_by
from ....numerics.extras import imported
from .engine import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WESTERN", "Plain"]

_SEEN = 2**20
_END_SEEN = 2**16
_OTHER_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
# Lines of blanks, or of Ctrl-Z, which once ended files.
_BLANK = re.compile(rb"\n[ \t\x1a]+(?:\r|\n|\Z)")
_UTF_8 = b"\xef\xbb\xbf"
_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def _zstandard(path: Path) -> Any:
    return imported("pyarrow", "files", "reading compressed text").input_stream(
        str(path), compression="zstd"
    )


# How a compression shows, what its files are called, and how they are opened.
_COMPRESSIONS: tuple[tuple[bytes, str, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", ".gz", gzip.open),
    (b"\x28\xb5\x2f\xfd", ".zst", _zstandard),
    (b"BZh", ".bz2", bz2.open),
    (b"\xfd7zXZ\0", ".xz", lzma.open),
)
# What is raised where compressed bytes are damaged.
_DAMAGED = (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error)
# Names that mean nothing else to the library: no globs, no home folder, no lone surrogates.
_NAME = re.compile(r"[^~*?\[\ud800-\udfff][^*?\[\ud800-\udfff]*")
_READ = ("", ".gz", ".zst")
#: What text that is not in UTF-8 is taken to be: one byte a letter.
WESTERN = "cp1252"
_NOTES = {WESTERN: "the text is not in UTF-8: read as Windows-1252 (Latin-1)"}


class Plain:
    """A file, and where DuckDB finds its text.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    place : Path
    notes : tuple of str
        What was done to the text, for people.

    Raises
    ------
    UnreadableError
        If it is not text, or cannot be decompressed.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.place = path, path
        self.notes: tuple[str, ...] = ()
        self._folder: Any = None
        self.encodings: tuple[str, ...] = ()
        try:
            with path.open("rb") as file:
                start = file.read(16)
        except OSError as error:
            raise UnreadableError(f"cannot be opened: {error.strerror or error}") from None
        self._ending = next(
            (ending for mark, ending, _ in _COMPRESSIONS if start.startswith(mark)), ""
        )
        first = self._first_bytes()
        encoding = next((name for mark, name in _MARKS.items() if first.startswith(mark)), None)
        if encoding is None and b"\0" in first:
            raise UnreadableError("is not text in UTF-8 (it has bytes of 0); save it as such")
        self._require_whole()
        # After the mark of UTF-8 the library takes no quotation mark.
        marked = first.startswith(_UTF_8) and not first[3:4].isalnum()
        if encoding is not None or self._ending not in _READ or marked:
            self.copy(encoding or "utf-8")
        elif self._is_misnamed():
            self._call_otherwise()

    def __reduce__(self) -> Any:
        return _made_again, (self._path, self.encodings)

    def _open(self, path: Path) -> Any:
        return next(
            (opening(path) for _, ending, opening in _COMPRESSIONS if ending == self._ending), None
        ) or path.open("rb")

    def has_uneven_lines(self) -> bool:
        """Whether lines end in several ways, or some hold nothing but blanks."""
        seen = self._first_bytes()
        if not self._ending and self._path.stat().st_size > len(seen):
            with self._path.open("rb") as file:
                file.seek(-_END_SEEN, io.SEEK_END)
                seen += b"\n" + file.read()
        both = seen.count(b"\r\n")
        ends = (both, seen.count(b"\n") - both, seen.count(b"\r") - both)
        return sum(count > 0 for count in ends) > 1 or _BLANK.search(seen) is not None

    def _first_bytes(self) -> bytes:
        try:
            with self._open(self._path) as file:
                return bytes(file.read(_SEEN))
        except _DAMAGED as error:
            raise UnreadableError(f"cannot be decompressed: {said_by(error)}") from None

    def _require_whole(self) -> None:
        """Raise UnreadableError if compressed bytes are damaged: DuckDB does not look for that."""
        if self._ending != ".gz":
            return
        try:
            with self._open(self._path) as file:
                while file.read(_SEEN):
                    pass
        except _DAMAGED as error:
            raise UnreadableError(f"cannot be decompressed: {said_by(error)}") from None

    def _is_misnamed(self) -> bool:
        told = next((e for _, e, _ in _COMPRESSIONS if self._path.suffix.lower() == e), "")
        return told != self._ending or not _NAME.fullmatch(str(self._path))

    def _new_place(self, ending: str) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="gaussmix-")
        return Path(self._folder.name) / f"table.csv{ending}"

    def _call_otherwise(self) -> None:
        place = self._new_place(self._ending)
        place.symlink_to(self._path.resolve())
        self.place = place

    def copy(self, encoding: str) -> None:
        """Make a copy in UTF-8, whose lines end alike, without lines of blanks."""
        place = self._new_place("")
        errors = "replace" if encoding == WESTERN else "strict"
        try:
            with (
                self._open(self._path) as file,
                io.TextIOWrapper(file, encoding, errors) as text,
                place.open("w", encoding="utf-8", newline="\n") as copy,
            ):
                _write_lines(text, copy)
        except UnicodeError:
            raise UnreadableError("is not text in UTF-8; save it as such", "encoding") from None
        except _DAMAGED as error:
            raise UnreadableError(f"cannot be copied as plain text: {said_by(error)}") from None
        self.place = place
        self.encodings += (encoding,)
        self.notes += (_NOTES[encoding],) if encoding in _NOTES else ()


def _made_again(path: Path, encodings: tuple[str, ...]) -> Plain:
    plain = Plain(path)
    for encoding in encodings:
        if encoding not in plain.encodings:
            plain.copy(encoding)
    return plain


def _write_lines(text: IO[str], copy: IO[str]) -> None:
    for number, line in enumerate(text):
        if _OTHER_CONTROL.search(line):
            raise UnreadableError(
                f"is not text in UTF-8 (line {number + 1} has a sign of control); save it as such"
            )
        if number == 0:  # the mark of UTF-8, also where what follows is not
            line = line.removeprefix("\ufeff").removeprefix(_UTF_8.decode(WESTERN))
        if line.strip(" \t\r\n\x1a"):
            copy.write(line)
