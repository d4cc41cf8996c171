"""Formats that pyarrow's dataset scanner reads: one reader for all of them."""

from __future__ import annotations

import re
from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError
from ...numerics.arguments import said_by
from ...numerics.extras import imported
from .base import Batch, Columns, Format, Part, Reader
from .choice import Choice, choose, is_numeric

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..._typing import AnyArray
    from .paths import Found

__all__ = ["ArrowFormat", "Look", "Piece", "pyarrow", "reading", "values_of"]

# Rows of a batch: enough that calls cost nothing, few enough to stay in cache.
_BATCH_ROWS = 65_536
_NOT_A_NUMBER = re.compile(r"Row #(\d+): CSV conversion error.* invalid value ('.*')")


def pyarrow() -> Any:
    """Return pyarrow, or raise MissingExtraError."""
    return imported("pyarrow", "files", "reading and writing tables")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a file into a DataError that names it."""
    pa = pyarrow()
    try:
        yield
    except UnicodeError:
        raise DataError(f"{path}: is not text in UTF-8; save it as such") from None
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, MemoryError) as error:
        told = said_by(error)
        if value := _NOT_A_NUMBER.search(told):
            where, what = value.groups()
            raise DataError(
                f"{path}: {what} in row {where} is not a number, as the values before it are. "
                "Correct it (an empty cell means missing), or choose other columns"
            ) from None
        if "invalid UTF8" in told:
            raise DataError(f"{path}: is not text in UTF-8; save it as such") from None
        raise DataError(f"{path}: cannot be read as {path.suffix[1:]}: {told}") from None


@dataclass
class Piece:
    """A fragment of a data set, and how many rows it has, once that is known."""

    fragment: Any
    n_rows: int | None = None


@dataclass(frozen=True)
class Look:
    """What the first rows of a file show.

    Attributes
    ----------
    some : pyarrow.Table
        The rows.
    notes : tuple of str
        What was guessed, for people.
    decimal : str
        How text writes numbers.
    """

    some: Any
    notes: tuple[str, ...] = ()
    decimal: str = "."


class ArrowFormat(Format):
    """A format of tables that pyarrow reads."""

    @abstractmethod
    def look(self, path: Path) -> Look:
        """Return the first rows of a file, their columns called as `shown` says."""

    @abstractmethod
    def pieces(self, path: Path, types: dict[str, Any]) -> list[Piece]:
        """Return what a file can be cut into, at least one piece.

        `types` are those of the columns that will be read, as the first file shows
        them, for a format that has none itself.
        """

    def shown(self, name: str) -> str:
        """Return how people call a column."""
        return name

    def open(
        self,
        found: Found,
        columns: Columns | None = None,
        weight: str | None = None,
        dataset: str | None = None,
    ) -> Reader:
        self.refuse_dataset(found, dataset)
        path, look = self._first_with_rows(found)
        keys = tuple(found.keys[0])
        choice = choose(look.some, path, columns, weight, look.decimal, keys)
        types = {f.name: f.type for f in look.some.schema if f.name in choice.all}
        return _ArrowReader(self, found, choice, types, look.notes)

    def _first_with_rows(self, found: Found) -> tuple[Path, Look]:
        for path in found.files:
            with reading(path):
                look = self.look(path)
            if look.some.num_rows:
                return path, look
        raise DataError(f"{found.files[0]}: has no rows")


class _ArrowReader(Reader):
    """Columns of tables that follow each other; each row group or file is a part."""

    def __init__(
        self,
        kind: ArrowFormat,
        found: Found,
        choice: Choice,
        types: dict[str, Any],
        notes: tuple[str, ...],
    ) -> None:
        self.found, self.choice, self._kind, self._types = found, choice, kind, types
        self.files, self.names = found.files, choice.names
        self.n_features, self.weighted = len(choice.names), choice.weight is not None
        self.selection = repr((choice.names, choice.weight))
        self.left_out, self.notes = choice.left_out, notes

    @cached_property
    def _tables(self) -> list[_Table]:
        """All files, once it is known that they have the columns."""
        first: _Table | None = None
        tables = []
        for path, keys in zip(self.files, self.found.keys, strict=True):
            with reading(path):
                pieces = self._kind.pieces(path, self._types)
                schema = pieces[0].fragment.physical_schema
            table = _Table(path, {self._kind.shown(f.name): f for f in schema}, keys, pieces)
            table.check(self.choice, first or table)
            first = first or table
            tables.append(table)
        return tables

    @cached_property
    def dtype(self) -> type:
        single = all(table.is_single(self.choice.names) for table in self._tables)
        return np.float32 if single else np.float64

    @property
    def known_rows(self) -> int | None:
        known = [piece.n_rows for table in self._tables for piece in table.pieces]
        return None if None in known else sum(n for n in known if n is not None)

    def count_rows(self) -> int:
        for table in self._tables:
            for piece in table.pieces:
                if piece.n_rows is None:
                    with reading(table.path):
                        piece.n_rows = piece.fragment.count_rows()
        return self.known_rows or 0

    def parts(self) -> Iterator[Part]:
        self.found.check()
        for table in self._tables:
            for piece in table.pieces:
                if piece.n_rows != 0:
                    yield Part(table.path, piece.n_rows, partial(self._read, table, piece))

    def _read(self, table: _Table, piece: Piece) -> Iterator[Batch]:
        count = 0
        with reading(table.path):
            for batch in piece.fragment.to_batches(
                columns=table.projection(self.choice.all),
                batch_size=_BATCH_ROWS,
                batch_readahead=0,
                use_threads=False,  # those of the fit decode, too
            ):
                count += batch.num_rows
                yield table.decode(batch, self.choice, self.dtype)
        piece.n_rows = count if piece.n_rows is None else piece.n_rows


@dataclass
class _Table:
    """One file: the type of each column by its name, and what its folders' names say."""

    path: Path
    fields: dict[str, Any]
    keys: dict[str, str]
    pieces: list[Piece]

    def check(self, choice: Choice, first: _Table) -> None:
        """Raise DataError if columns lack, or are not numbers, that are so in the first file."""
        for name in choice.all:
            field = self.fields.get(name)
            if field is None and name not in self.keys:
                raise DataError(
                    f"{self.path}: no column {name!r}, which {first.path} has; all files need "
                    "the same columns"
                )
            if field is not None and not is_numeric(field.type) and str(field.type) != "null":
                raise DataError(
                    f"{self.path}: column {name!r} is {field.type}, but {first.kind(name)} in "
                    f"{first.path}"
                )

    def kind(self, name: str) -> str:
        return str(self.fields[name].type) if name in self.fields else "a folder's name"

    def is_single(self, names: tuple[str, ...]) -> bool:
        return all(self.kind(name) == "float" for name in names)

    def projection(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return what to read: expressions, as names may hold what paths are made of."""
        from pyarrow import dataset

        return {
            name: dataset.field(self.fields[name].name) for name in names if name in self.fields
        }

    def decode(self, batch: Any, choice: Choice, dtype: type) -> Batch:
        """Return columns as arrays (m,); weights are float64."""
        kinds = [dtype] * len(choice.names) + [np.float64]
        return [
            values_of(batch.column(name), kind)
            if name in self.fields
            else np.full(batch.num_rows, self._key(name), kind)
            for name, kind in zip(choice.all, kinds, strict=False)
        ]

    def _key(self, name: str) -> float:
        text = self.keys[name]
        try:
            return np.nan if text == "__HIVE_DEFAULT_PARTITION__" else float(text)
        except ValueError:
            raise DataError(
                f"{self.path}: {name!r} is {text!r} in the name of its folder, not a number"
            ) from None


def values_of(column: Any, dtype: type) -> AnyArray:
    """Return an Arrow array (m,) as one of NumPy's; missing values are NaN."""
    pa = pyarrow()
    kind = pa.float32() if dtype is np.float32 else pa.float64()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if column.type != kind:
        column = column.cast(kind, safe=False)
    return column.to_numpy(zero_copy_only=False)
