"""Formats of tables of text, and the reader of all of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ....exceptions import DataError
from ...threads import available_cores
from ..base import NO_OPTIONS, Format, Options, Part, Reader
from ..carried import refuse_absent
from ..choice import choose
from ..keys import constant
from .dialect import SPACES
from .opened import TextTable, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..base import Batch, Columns
    from ..choice import Choice
    from ..paths import Found

__all__ = ["CommaSeparated", "SpaceSeparated", "TabSeparated"]

_COMPRESSED = ("", ".gz", ".zst", ".bz2", ".xz")


def _endings(*plain: str) -> tuple[str, ...]:
    return tuple(ending + compressed for ending in plain for compressed in _COMPRESSED)


class _Text(Format):
    """Tables of text, read from beginning to end."""

    may_be_empty = True
    takes = frozenset({"separator", "decimal", "missing_values"})
    #: What may stand between cells; of those that show as many numbers the first is taken.
    separators: ClassVar[tuple[str, ...]]

    def open(
        self,
        found: Found,
        columns: Columns | None = None,
        weight: str | None = None,
        options: Options = NO_OPTIONS,
    ) -> Reader:
        self.refuse_others(found, options)
        return _TextReader(self._separators(options), found, columns, weight, options)

    def _separators(self, options: Options) -> tuple[str, ...]:
        if options.separator is None:
            return self.separators
        return (
            (" ", SPACES)
            if options.separator.isspace() and options.separator != "\t"
            else (options.separator,)
        )


class CommaSeparated(_Text):
    """CSV; tabs and semicolons are tried first, as beside them commas may be decimal."""

    name = "CSV"
    endings = _endings(".csv")
    separators = ("\t", ";", "|", ",", " ", SPACES)


class TabSeparated(_Text):
    """TSV."""

    name = "TSV"
    endings = _endings(".tsv", ".tab")
    separators = ("\t",)


class SpaceSeparated(_Text):
    """Text of any kind: of tables that programs print, cells are apart by spaces."""

    name = "text"
    endings = _endings(".txt", ".dat", ".data", ".asc")
    in_folders = False
    separators = CommaSeparated.separators


class _TextReader(Reader):
    """Columns of tables that follow each other; each file is a part."""

    def __init__(
        self,
        separators: tuple[str, ...],
        found: Found,
        columns: Columns | None,
        weight: str | None,
        options: Options,
    ) -> None:
        self.found, self.files = found, found.files
        self._separators, self._options = separators, options
        self._tables: dict[Path, TextTable] = {}
        asked = None if columns is None else {str(name) for name in (*columns, weight)}
        first = self._first_with_rows(asked)
        keys = tuple(found.keys[0])
        self.choice: Choice = choose(first.columns, first.path, columns, weight, keys)
        self.names, self.weighted = self.choice.names, weight is not None
        self.n_features = len(self.names)
        self.selection = repr((self.names, weight, options))
        self.left_out, self.notes = self.choice.left_out, first.notes
        self._first = first

    def _first_with_rows(self, asked: set[str] | None) -> TextTable:
        for path in self.files:
            table = self._open(path, asked, available_cores())
            if table.n_rows:
                return table
        raise DataError(f"{self.files[0]}: has no rows")

    def _open(self, path: Path, asked: set[str] | None, n_threads: int) -> TextTable:
        table = opened(
            path,
            self._separators,
            self._options,
            n_threads,
            lambda name: asked is None or name in asked,
        )
        self._tables[path] = table
        return table

    def _table(self, path: Path, n_threads: int) -> TextTable:
        """Return a file that has been looked at, and found to have the columns."""
        table = self._tables.get(path) or self._open(path, set(self.choice.all), n_threads)
        if table is not self._first and table.n_rows:
            self._check(table)
        return table

    def _check(self, table: TextTable) -> None:
        keys = self.found.keys[self.files.index(table.path)]
        for name in self.choice.all:
            if name in keys and name not in table.place:
                continue
            if name not in table.place:
                raise DataError(
                    f"{table.path}: no column {name!r}, which {self._first.path} has; all files "
                    "need the same columns"
                )
            column = table.found[table.place[name]]
            if column.fault:
                raise DataError(f"{table.path}: {column.fault}")
            if column.numerals is None and column.example is not None:
                raise DataError(
                    f"{table.path}: column {name!r} is text, such as {column.example!r}, but "
                    f"numbers in {self._first.path}"
                )

    @property
    def dtype(self) -> type:
        return np.float64

    @property
    def known_rows(self) -> int | None:
        if len(self._tables) < len(self.files):
            return None
        return sum(table.n_rows for table in self._tables.values())

    def count_rows(self) -> int:
        for path in self.files:
            self._table(path, available_cores())
        return self.known_rows or 0

    def parts(self, n_threads: int = 1) -> Iterator[Part]:
        self.found.check()
        # As many files as there are threads are decoded at once.
        own = max(1, n_threads // len(self.files))
        for path, keys in zip(self.files, self.found.keys, strict=True):
            table = self._table(path, own)
            if table.n_rows:
                yield Part(path, table.n_rows, partial(self._read, table, keys, own))

    def carried(self, names: Sequence[str]) -> Iterator[Any]:
        self.found.check()
        for path, keys in zip(self.files, self.found.keys, strict=True):
            table = self._table(path, available_cores())
            refuse_absent(names, [*table.names, *keys], path)
            if table.n_rows:
                yield from table.carried(names, keys)

    def _read(self, table: TextTable, keys: dict[str, str], n_threads: int) -> Iterator[Batch]:
        held = [name for name in self.choice.all if name in table.place]
        said = {
            name: constant(table.path, name, keys)
            for name in self.choice.all
            if name not in table.place
        }
        for columns in table.read(held, n_threads):
            read = dict(zip(held, columns, strict=False))
            n_rows = len(columns[0])
            yield [
                read[name] if name in read else np.full(n_rows, said[name])
                for name in self.choice.all
            ]
