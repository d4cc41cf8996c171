"""Formats that pyarrow's dataset scanner reads: one reader for all of them."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError
from ...numerics.arguments import said_by
from ...numerics.extras import imported
from ..bookkeeping import index_columns
from .base import NO_OPTIONS, Batch, Columns, Format, Options, Part, Reader
from .carried import alike, refuse_absent
from .choice import Choice, Column, choose
from .keys import constant
from .numeric import described, fault_of, is_numeric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..._typing import AnyArray
    from .paths import Found

__all__ = ["BATCH_ROWS", "ArrowFormat", "Piece", "pyarrow", "reading", "values_of"]

#: Rows of a batch: enough that calls cost nothing, few enough to stay in cache.
BATCH_ROWS = 65_536


def pyarrow() -> Any:
    """Return pyarrow, or raise MissingExtraError."""
    return imported("pyarrow", "files", "reading and writing tables")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a file into a DataError that names it."""
    pa = pyarrow()
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, MemoryError) as error:
        told = said_by(error)
        raise DataError(f"{path}: cannot be read as {path.suffix[1:]}: {told}") from None


@dataclass
class Piece:
    """A fragment of a data set, and how many rows it has, once that is known."""

    fragment: Any
    n_rows: int | None = None


class ArrowFormat(Format):
    """A format of tables that pyarrow reads."""

    @abstractmethod
    def first_rows(self, path: Path) -> Any:
        """Return the first rows of a file, a table."""

    @abstractmethod
    def pieces(self, path: Path) -> list[Piece]:
        """Return what a file can be cut into, at least one piece."""

    def open(
        self,
        found: Found,
        columns: Columns | None = None,
        weight: str | None = None,
        options: Options = NO_OPTIONS,
    ) -> Reader:
        self.refuse_others(found, options)
        path, some = self._first_with_rows(found)
        own = [
            Column(f.name, is_numeric(f.type), described(f, values), fault_of(f.name, values))
            for f, values in zip(some.schema, some.columns, strict=True)
        ]
        index = index_columns(some.schema)
        choice = choose(own, path, columns, weight, tuple(found.keys[0]), index)
        return _ArrowReader(self, found, choice)

    def _first_with_rows(self, found: Found) -> tuple[Path, Any]:
        for path in found.files:
            with reading(path):
                some = self.first_rows(path)
            if some.num_rows:
                return path, some
        raise DataError(f"{found.files[0]}: has no rows")


class _ArrowReader(Reader):
    """Columns of tables that follow each other; each row group or file is a part."""

    def __init__(self, kind: ArrowFormat, found: Found, choice: Choice) -> None:
        self.found, self.choice, self._kind = found, choice, kind
        self.files, self.names = found.files, choice.names
        self.n_features, self.weighted = len(choice.names), choice.weight is not None
        self.selection = repr((choice.names, choice.weight))
        self.left_out = choice.left_out

    @cached_property
    def _tables(self) -> list[_Table]:
        """All files, once it is known that they have the columns."""
        first: _Table | None = None
        tables = []
        for path, keys in zip(self.files, self.found.keys, strict=True):
            with reading(path):
                pieces = self._kind.pieces(path)
                schema = pieces[0].fragment.physical_schema
            table = _Table(path, {f.name: f for f in schema}, keys, pieces)
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

    def parts(self, n_threads: int = 1) -> Iterator[Part]:
        self.found.check()
        for table in self._tables:
            for piece in table.pieces:
                if piece.n_rows != 0:
                    yield Part(table.path, piece.n_rows, partial(self._read, table, piece))

    def carried(self, names: Sequence[str]) -> Iterator[Any]:
        self.found.check()
        schema: Any = None
        for table in self._tables:
            refuse_absent(names, [*table.fields, *table.keys], table.path)
            for piece in table.pieces:
                with reading(table.path):
                    for batch in piece.fragment.to_batches(
                        columns=table.projection(names),
                        batch_size=BATCH_ROWS,
                        batch_readahead=0,
                        use_threads=False,
                    ):
                        found = alike(table.named(batch, names), schema, table.path, self.files[0])
                        schema = found.schema
                        yield found

    def _read(self, table: _Table, piece: Piece) -> Iterator[Batch]:
        count = 0
        with reading(table.path):
            for batch in piece.fragment.to_batches(
                columns=table.projection(self.choice.all),
                batch_size=BATCH_ROWS,
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

    def projection(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what to read: expressions, as names may hold what paths are made of."""
        from pyarrow import dataset

        return {
            name: dataset.field(self.fields[name].name) for name in names if name in self.fields
        }

    def named(self, batch: Any, names: Sequence[str]) -> Any:
        """Return a batch with columns in this order; what folders are called is text."""
        pa = pyarrow()
        columns = [
            batch.column(name)
            if name in self.fields
            else pa.array([self.keys[name]] * len(batch), pa.string())
            for name in names
        ]
        return pa.RecordBatch.from_arrays(columns, list(names))

    def decode(self, batch: Any, choice: Choice, dtype: type) -> Batch:
        """Return columns as arrays (m,); weights are float64."""
        kinds = [dtype] * len(choice.names) + [np.float64]
        return [
            values_of(batch.column(name), kind)
            if name in self.fields
            else np.full(batch.num_rows, constant(self.path, name, self.keys), kind)
            for name, kind in zip(choice.all, kinds, strict=False)
        ]


def values_of(column: Any, dtype: type) -> AnyArray:
    """Return an Arrow array (m,) as one of NumPy's; missing values are NaN."""
    pa = pyarrow()
    kind = pa.float32() if dtype is np.float32 else pa.float64()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if column.type != kind:
        column = column.cast(kind, safe=False)
    return column.to_numpy(zero_copy_only=False)
