"""Columns of any type that go along with answers, in the order of the rows."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ...exceptions import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .base import Reader

__all__ = ["Carried", "alike", "refuse_absent"]


class Carried:
    """Columns of files, taken piece by piece.

    Parameters
    ----------
    reader : Reader
    names : sequence of str
    """

    def __init__(self, reader: Reader, names: Sequence[str]) -> None:
        self._path = reader.files[0]
        self._batches: Iterator[Any] = reader.carried(names)
        self._waiting: list[Any] = [*islice(self._batches, 1)]

    def take(self, n_rows: int) -> dict[str, Any]:
        """Return the next rows of each column, as Arrow's chunked arrays.

        Raises
        ------
        DataError
            If there are fewer.
        """
        import pyarrow as pa

        while sum(len(batch) for batch in self._waiting) < n_rows:
            batch = next(self._batches, None)
            if batch is None:
                raise self._changed()
            self._waiting.append(batch)
        taken = []
        while n_rows > 0:
            batch = self._waiting.pop(0)
            taken.append(batch[:n_rows])
            if len(batch) > n_rows:
                self._waiting.insert(0, batch[n_rows:])
            n_rows -= len(taken[-1])
        table = pa.Table.from_batches(taken)
        return dict(zip(table.column_names, table.columns, strict=True))

    def finish(self) -> None:
        """Raise DataError if there are more rows than were taken."""
        if any(map(len, self._waiting)) or any(map(len, self._batches)):
            raise self._changed()

    def _changed(self) -> DataError:
        return DataError(f"{self._path}: has changed since it was scanned; scan it again")


def refuse_absent(names: Sequence[str], known: Sequence[str], path: Path) -> None:
    """Raise DataError if a file does not have all of these columns."""
    absent = [name for name in names if name not in known]
    if absent:
        has = ", ".join(map(repr, filter(None, known)))
        raise DataError(f"{path}: no column {', '.join(map(repr, absent))}; it has {has}")


def alike(batch: Any, schema: Any, path: Path, first: Path) -> Any:
    """Return a batch with the types of the first one; DataError where values would be lost."""
    import pyarrow as pa

    if schema is None or batch.schema.equals(schema):
        return batch
    columns = []
    for field, column in zip(schema, batch.columns, strict=True):
        try:
            columns.append(column.cast(field.type))
        except pa.ArrowException:
            raise DataError(
                f"{path}: column {field.name!r} is {column.type}, but {field.type} in {first}"
            ) from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)
