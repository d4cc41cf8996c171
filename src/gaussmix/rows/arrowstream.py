"""Rows that a query gives as a stream of Arrow: each pass asks for it anew.

DuckDB's relations, Ibis' tables, lazy frames of polars, and whatever has ``__arrow_c_stream__``
and is no frame in memory.  What can be streamed once only is read into memory by the door.
"""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..exceptions import DataError, MissingExtraError
from ..numerics.arguments import said_by
from .bookkeeping import without_index
from .door import as_frame, as_table, is_read_once, pyarrow_for_streams, require_numeric_columns
from .factory import FactorySource
from .files.arrow import values_of
from .given import Given, checked_weights

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["ArrowStreamSource", "whole"]

# Modules whose frames are in memory, or have a source of their own.
_OTHERS = ("pyarrow", "pandas", "pyspark", "dask")


class ArrowStreamSource(FactorySource):
    """Batches of an Arrow stream, begun anew for each pass.

    Parameters
    ----------
    data : object with ``__arrow_c_stream__``, or a lazy frame of polars
        It must give the same rows in the same order each time.
    weight : str, optional
        The column of weights, which is no feature.
    n_jobs : int, optional
    """

    name = "stream of Arrow"
    giver: ClassVar[str] = "its stream"
    # A query that has a connection stays with it.
    portable = False

    def __init__(self, data: Any, weight: str | None = None, n_jobs: int | None = None) -> None:
        self._data, self._weight = data, weight
        self._columns: tuple[str, ...] | None = None
        super().__init__(lambda: data, n_jobs)

    @classmethod
    def opens(cls, data: Any) -> bool:
        kind = type(data)
        if _is_lazy(data):
            return True
        if not hasattr(kind, "__arrow_c_stream__") or is_read_once(data):
            return False
        return kind.__module__.split(".")[0] not in _OTHERS and not _is_in_memory(data)

    @classmethod
    def open(
        cls, data: Any, sample_weight: Any = None, n_jobs: int | None = None
    ) -> ArrowStreamSource:
        if sample_weight is not None and not isinstance(sample_weight, str):
            raise DataError(
                "sample_weight: with a stream of Arrow as X give the name of its column of weights"
            )
        return cls(data, sample_weight, n_jobs)

    def _blocks(self) -> Generator[Given, None, None]:
        # The first time is for the columns alone, and begins no query that can do without.
        again = self._columns is not None
        with closing(_batches(self._data, schema_only=not again, again=again)) as batches:
            for batch in batches:
                yield self._given(batch)

    def _given(self, batch: Any) -> Given:
        """Return the rows of a batch; the first one's schema says which columns they are of."""
        if self._columns is None:
            table = pyarrow_for_streams().Table.from_batches([batch]).slice(0, 0)
            as_frame(table)  # refuses names that occur twice
            table = without_index(table)
            if self._weight is not None and self._weight not in batch.schema.names:
                raise DataError(
                    f"sample_weight: X has no column {self._weight!r}; it has "
                    f"{', '.join(map(repr, batch.schema.names))}"
                )
            kept = [name for name in table.column_names if name != self._weight]
            require_numeric_columns(table.select(kept))
            if not kept:
                raise DataError("X: has no columns of features")
            self._columns = tuple(kept)
        rows = np.empty((batch.num_rows, len(self._columns)))
        for j, name in enumerate(self._columns):
            rows[:, j] = values_of(batch.column(name), np.float64)
        weights = None
        if self._weight is not None:
            values = values_of(batch.column(self._weight), np.float64)
            weights = checked_weights(values, len(rows), "X")
        return Given(rows, weights, self._columns)


def whole(X: Any) -> Any:
    """Return all rows of a stream as a table in memory; anything else as it is."""
    if not ArrowStreamSource.opens(X):
        return as_table(X)
    return pyarrow_for_streams().Table.from_batches(_batches(X))


def _is_lazy(data: Any) -> bool:
    kind = type(data)
    return kind.__name__ == "LazyFrame" and kind.__module__.startswith("polars.")


def _is_in_memory(data: Any) -> bool:
    import narwhals.stable.v2 as nw

    try:
        frame = nw.from_native(data, pass_through=True, allow_series=True)
    except nw.exceptions.DuplicateError:  # told by the door
        return True
    return isinstance(frame, nw.DataFrame | nw.Series)


def _batches(
    data: Any, *, schema_only: bool = False, again: bool = False
) -> Generator[Any, None, None]:
    """Yield record batches, an empty one first; DataError says what the library cannot."""
    try:
        yield from _streamed(data, schema_only=schema_only)
    except MissingExtraError:
        raise
    except Exception as error:  # of whichever library streams
        told = said_by(error)
        hint = "; if it can be read once only, read it first: pyarrow.table(X)" if again else ""
        raise DataError(
            f"X: its stream of Arrow cannot be read{' again' if again else ''} ({told}){hint}"
        ) from None


def _streamed(data: Any, *, schema_only: bool) -> Iterator[Any]:
    pa = pyarrow_for_streams()
    if not _is_lazy(data):
        reader = pa.RecordBatchReader.from_stream(data)
        try:
            yield _empty(pa, reader.schema)
            if not schema_only:
                yield from reader
        finally:
            with suppress(pa.ArrowException):
                reader.close()
        return
    yield _empty(pa, data.head(0).collect().to_arrow().schema)
    if schema_only:
        return
    parts = data.collect_batches() if hasattr(data, "collect_batches") else [data.collect()]
    for part in parts:
        yield from part.to_arrow().to_batches()


def _empty(pa: Any, schema: Any) -> Any:
    return pa.RecordBatch.from_pylist([], schema)
