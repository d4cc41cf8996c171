"""Tables of results on disk: written whole or not at all, by pyarrow."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import said_by
from ..numerics.atomic import writing
from ..numerics.extras import imported
from ..rows.files.npy import header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._typing import AnyArray

__all__ = [
    "check_any_type",
    "check_ending",
    "printing_table",
    "writing_answers",
    "writing_table",
]


def check_ending(path: str | Path) -> None:
    """Raise DataError if `writing_table` does not know the ending of a file."""
    _by_suffix(Path(path))


def check_any_type(path: str | Path, argument: str) -> None:
    """Raise ParameterError if a file of such an ending takes numbers alone."""
    if _by_suffix(Path(path)) is _Npy:
        raise ParameterError(
            f"{argument}: {path} holds numbers alone; write .parquet, .csv, .tsv or .arrow"
        )


@contextmanager
def writing_table(path: str | Path) -> Iterator[Callable[[dict[str, AnyArray]], None]]:
    """Yield a function that writes columns of equal length behind those it wrote before.

    The file gets its name when all is written.  On any error nothing is left behind, and
    an older file of that name stays as it was.

    Raises
    ------
    OSError
        If the file cannot be written, as on a full disk; it names the file.
    """
    path = Path(path)
    opening = _by_suffix(path)
    with writing(path) as temporary, _named(path), _Rows(opening, temporary) as rows:
        yield rows.write


@contextmanager
def printing_table(stream: IO[bytes]) -> Iterator[Callable[[dict[str, AnyArray]], None]]:
    """Yield a function that prints columns of equal length as CSV, below those before."""
    with _Rows(_separated(","), stream) as rows:
        yield rows.write


@contextmanager
def writing_answers(
    out: Path | None, *, quiet: bool = False
) -> Iterator[Callable[[dict[str, AnyArray]], None]]:
    """Yield what takes columns part by part: a file, CSV on standard output, or nothing."""
    if out is not None:
        with writing_table(out) as write:
            yield write
    elif quiet:
        yield lambda columns: None
    else:
        with printing_table(sys.stdout.buffer) as write:
            yield write


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say in errors which file the user asked for, and why it failed in the system's words."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        code = error.errno or 0
        raise OSError(code, os.strerror(code) if code else str(error), str(path)) from error


class _Rows:
    """A table that grows; opened with the first rows, whose columns it takes."""

    def __init__(self, opening: Callable[[Any, Any], Any], path: Path | IO[bytes]) -> None:
        self._opening, self._path = opening, path
        self._file: Any = None

    def write(self, columns: dict[str, AnyArray]) -> None:
        pa = _pyarrow()
        table = pa.table(columns)
        try:
            if self._file is None:
                self._file = self._opening(self._path, table.schema)
            self._file.write_table(table)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise DataError(
                "some values have no place in a table of this kind "
                f"({said_by(error)}); write another, as --out x.parquet does, or leave them out"
            ) from None

    def __enter__(self) -> _Rows:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()


def _pyarrow() -> Any:
    return imported("pyarrow", "files", "writing tables")


# -- formats ---------------------------------------------------------------------------


def _separated(delimiter: str) -> Callable[[Any, Any], Any]:
    def opening(path: Path | IO[bytes], schema: Any) -> Any:
        from pyarrow import csv

        return csv.CSVWriter(path, schema, write_options=csv.WriteOptions(delimiter=delimiter))

    return opening


def _parquet(path: Path, schema: Any) -> Any:
    from pyarrow import parquet

    return parquet.ParquetWriter(path, schema)


class _Feather:
    """Batches one after the other; categories are written as what they are called.

    Such a file has one list of categories, and that of later rows may be another.
    """

    def __init__(self, path: Path, schema: Any) -> None:
        pa = _pyarrow()
        plain = [
            field.with_type(field.type.value_type) if _is_category(field.type) else field
            for field in schema
        ]
        self._schema, options = pa.schema(plain), pa.ipc.IpcWriteOptions(compression="lz4")
        self._file = pa.ipc.new_file(str(path), self._schema, options=options)

    def write_table(self, table: Any) -> None:
        self._file.write_table(table.cast(self._schema))

    def close(self) -> None:
        self._file.close()


def _is_category(kind: Any) -> bool:
    return bool(_pyarrow().types.is_dictionary(kind))


class _Npy:
    """An array that grows: only numbers have a place in it, one column each."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._file = path.open("wb")
        self._n_rows, self._width = 0, len(schema)
        self._file.write(header(0, self._width, np.dtype(float)))

    def write_table(self, table: Any) -> None:
        columns = [column.to_numpy() for column in table.columns]
        self._file.write(np.column_stack(columns).astype(float).tobytes())
        self._n_rows += table.num_rows

    def close(self) -> None:
        with self._file:
            self._file.seek(0)
            self._file.write(header(self._n_rows, self._width, np.dtype(float)))


_WRITERS: dict[str, Callable[[Path, Any], Any]] = {
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".parquet": _parquet,
    ".arrow": _Feather,
    ".feather": _Feather,
    ".ipc": _Feather,
    ".npy": _Npy,
}


def _by_suffix(path: Path) -> Any:
    found = _WRITERS.get(path.suffix.lower())
    if found is None:
        endings = ", ".join(sorted(_WRITERS))
        raise DataError(f"{path}: unknown ending {path.suffix!r}; expected one of {endings}")
    return found
