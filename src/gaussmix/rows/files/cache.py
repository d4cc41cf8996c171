"""Rows decoded once: a file of numbers that the first pass writes and later ones read."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import warnings
import weakref
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import ParameterError
from ...numerics.atomic import Unfinished
from .base import Batch, Part, Reader
from .npy import Npy, header
from .paths import Found, find

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

__all__ = ["Cached"]


class Cached(Reader):
    """A reader whose rows are written to a .npy file as they are first read.

    The file gets its name when it is whole.  Where it cannot be written (a full disk)
    a warning says so, and passes go on decoding.

    Parameters
    ----------
    reader : Reader
    found : Found
        The files it reads.
    folder : path, optional
        Where the file stays; a temporary folder that goes with the reader when None.
    """

    def __init__(self, reader: Reader, found: Found, folder: str | os.PathLike[str] | None) -> None:
        self._reader, self._found = reader, found
        self.files, self.names = reader.files, reader.names
        self.n_features, self.weighted = reader.n_features, reader.weighted
        self.selection = reader.selection
        self.left_out, self.notes = reader.left_out, reader.notes
        self._folder = None if folder is None else _made(Path(folder))
        self._copy: Reader | None = None
        self._writing: _Writing | None = None
        self._failed = False

    @property
    def dtype(self) -> type:
        return self._reader.dtype

    @property
    def known_rows(self) -> int | None:
        copy = self._existing()
        return self._reader.known_rows if copy is None else copy.known_rows

    def count_rows(self) -> int:
        copy = self._existing()
        return self._reader.count_rows() if copy is None else copy.count_rows()

    @cached_property
    def _path(self) -> Path:
        """Where the copy will be; its name says of what it is one."""
        stamps = zip(self.files, self._found.stamps, strict=True)
        content = [[str(path.resolve()), *stamp] for path, stamp in stamps]
        content += [[self.selection]]
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
        folder = self._folder
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="gaussmix-"))
            weakref.finalize(self, rmtree, folder, ignore_errors=True)
        return folder / f"gaussmix-{key}.npy"

    def carried(self, names: Sequence[str]) -> Iterator[Any]:
        return self._reader.carried(names)

    def parts(self, n_threads: int = 1) -> Iterator[Part]:
        self._found.check()
        copy = self._existing()
        if copy is not None:
            yield from copy.parts(n_threads)
        elif self._failed or self._writing is not None:
            yield from self._reader.parts(n_threads)
        else:
            yield from self._copying(n_threads)

    def _existing(self) -> Reader | None:
        """Return the reader of the copy; None where there is none, or no longer one."""
        if not self._path.exists():
            self._copy = None
        elif self._copy is None:
            copy = Npy().open(find(self._path))
            self._copy = copy if copy.n_features == self.n_features + self.weighted else None
        return self._copy

    def _copying(self, n_threads: int) -> Iterator[Part]:
        """Yield parts whose batches are written, too, as they are read."""
        dtype = np.float64 if self.weighted else self.dtype
        try:
            self._writing = writing = _Writing(
                self._path, self.n_features + self.weighted, np.dtype(dtype)
            )
        except OSError as error:
            self._fail(error)
            yield from self._reader.parts(n_threads)
            return
        first = 0
        for part in self._reader.parts(n_threads):
            place = [first]
            yield replace(part, read=partial(self._read, part, writing, place))
            # A part of unknown length has been read by now.
            first = place[0] if part.n_rows is None else first + part.n_rows

    def _read(self, part: Part, writing: _Writing, place: list[int]) -> Iterator[Batch]:
        for batch in part.read():
            try:
                place[0] += writing.write(place[0], batch)
            except OSError as error:
                self._fail(error)
            yield batch

    def _fail(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            warnings.warn(
                f"cache: {self._path.parent} cannot be written ({error.strerror or error}); "
                "each pass decodes the files again",
                UserWarning,
                stacklevel=2,
            )

    def done(self, *, complete: bool) -> None:
        writing, self._writing = self._writing, None
        if writing is None:
            return
        if complete and not self._failed and writing.n_rows == self._reader.known_rows:
            try:
                writing.finish()
            except OSError as error:
                self._fail(error)
        writing.drop()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_writing": None}


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(
            f"cache: the folder {folder} cannot be made: {error.strerror or error}"
        ) from None
    return folder


class _Writing:
    """A .npy file that is being written; its name and its header come last."""

    def __init__(self, path: Path, width: int, dtype: np.dtype[Any]) -> None:
        self.width, self.dtype = width, dtype
        self.n_rows = 0
        self._lock = threading.Lock()
        self._unfinished = Unfinished(path)
        self._file = self._unfinished.path.open("wb")
        self._start = len(header(0, width, dtype))

    def write(self, first: int, batch: Batch) -> int:
        """Write a batch of rows where they belong; return how many they are."""
        rows = np.column_stack(batch) if isinstance(batch, list) else batch
        rows = np.ascontiguousarray(rows, self.dtype)
        with self._lock:
            if not self._file.closed:
                self._file.seek(self._start + first * self.width * self.dtype.itemsize)
                self._file.write(rows.data)
            self.n_rows += len(rows)
        return len(rows)

    def finish(self) -> None:
        """Write the header, and give the file its name."""
        with self._lock:
            self._file.seek(0)
            self._file.write(header(self.n_rows, self.width, self.dtype))
            self._file.close()
            self._unfinished.finish()

    def drop(self) -> None:
        """Remove what is not finished."""
        with self._lock:
            with suppress(OSError):  # what is buffered may not fit on the disk
                self._file.close()
            self._unfinished.drop()
