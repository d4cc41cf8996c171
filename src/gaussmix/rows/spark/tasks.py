"""What Spark's workers do with one partition: Arrow batches in, one small value out."""

from __future__ import annotations

import gc
import pickle
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ...exceptions import DataError, GaussmixError
from ..blas import single_threaded_blas
from ..folds import Fold, Mergeable, Workspace, rows_of_a_block
from ..partitions import even_slices, fold_partition, merged, pick_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..._typing import AnyArray, Array
    from ..source import BlockFunction, Output

__all__ = [
    "BLOCK_SCHEMA",
    "RESULT_SCHEMA",
    "Columns",
    "Packed",
    "folding",
    "mapping",
    "merging",
    "packing",
    "picking",
]

Value = TypeVar("Value", bound=Mergeable)

#: What comes back from a partition: its number, and a pickled value or error.
RESULT_SCHEMA = "partition long, value binary"
#: A block of rows packed as bytes of an array (d, B), and of its weights (B,).
BLOCK_SCHEMA = "rows binary, weights binary"
# Spark copies a packed block in one piece, and keeps blocks of up to some MiB together.
_BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class Columns:
    """How rows lie in Arrow batches: one column a feature, or a column of lists; then weights.

    Attributes
    ----------
    n_features : int
    dtype : type
    in_lists, weighted : bool
    """

    n_features: int
    dtype: type
    in_lists: bool
    weighted: bool

    def __call__(self, batches: Iterable[Any]) -> Iterator[tuple[AnyArray, Array | None]]:
        """Yield blocks of rows and weights of a partition."""
        for batch in batches:
            features = batch.columns[:-1] if self.weighted else batch.columns
            weights = batch.columns[-1] if self.weighted else None
            yield (
                self.rows(features),
                None if weights is None else weights.to_numpy(zero_copy_only=False),
            )

    def rows(self, features: list[Any]) -> AnyArray:
        """Return Arrow arrays as rows (B, d), with NaN for nulls."""
        if self.in_lists:
            return self._from_lists(features[0])
        # Features contiguous: what forms want, and one copy a column.
        array: AnyArray = np.empty((self.n_features, len(features[0])), self.dtype)
        for own, column in zip(array, features, strict=True):
            own[:] = column.to_numpy(zero_copy_only=False)
        return array.T

    def _from_lists(self, lists: Any) -> AnyArray:
        lengths = lists.value_lengths()
        there = np.asarray(lengths.is_valid())
        found = np.unique(lengths.drop_null().to_numpy())
        if not np.isin(found, self.n_features).all():
            raise DataError(
                f"X: vectors of {', '.join(map(str, found))} values, expected {self.n_features} "
                "in every row"
            )
        shape = (len(lists), self.n_features)
        array: AnyArray = np.full(shape, np.nan, self.dtype)
        values = lists.flatten().to_numpy(zero_copy_only=False)
        array[there] = values.reshape(-1, self.n_features)
        return array


@dataclass(frozen=True)
class Packed:
    """How rows lie in blocks made by `packing`."""

    n_features: int
    dtype: type

    def __call__(self, batches: Iterable[Any]) -> Iterator[tuple[AnyArray, Array | None]]:
        """Yield blocks of rows and weights of a partition."""
        for batch in batches:
            for rows, weights in zip(*batch.columns, strict=True):
                array: AnyArray = np.frombuffer(rows.as_buffer(), self.dtype)
                own = np.frombuffer(weights.as_buffer()) if weights.is_valid else None
                yield array.reshape(self.n_features, -1).T, own


# -- tasks: functions of the batches of a partition -------------------------------------------


def folding(fold: Fold[Any], reader: Columns | Packed) -> Callable[[Any], Any]:
    """Return the task that runs a fold over a partition."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        yield _answer(batches, lambda number: fold_partition(fold, number, reader(batches)))

    return run


def picking(wanted: dict[int, AnyArray], reader: Columns | Packed) -> Callable[[Any], Any]:
    """Return the task that draws rows at places among those of positive weight, by partition."""

    def work(batches: Iterator[Any], number: int) -> tuple[Array, Array]:
        return pick_rows(reader(batches), wanted.get(number, np.empty(0, int)), reader.n_features)

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        yield _answer(batches, lambda number: work(batches, number))

    return run


def packing(reader: Columns) -> Callable[[Any], Any]:
    """Return the task that packs the rows of a partition in blocks."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for rows, weights in reader(batches):
            for own in even_slices(len(rows), max(1, _BLOCK_BYTES // (8 * reader.n_features))):
                packed = [
                    np.ascontiguousarray(rows[own].T).tobytes(),
                    None if weights is None else weights[own].astype(np.float64).tobytes(),
                ]
                columns = [pa.array([value], pa.binary()) for value in packed]
                yield pa.RecordBatch.from_arrays(columns, ["rows", "weights"])

    return run


def merging(results: Any) -> Any:
    """Merge the results of some partitions, an Arrow table, in the order of the partitions."""
    ordered = results.sort_by("partition").to_pydict()
    values = [pickle.loads(value) for value in ordered["value"]]
    errors = [value for value in values if isinstance(value, GaussmixError)]
    return _result(ordered["partition"][0], errors[0] if errors else merged(values), table=True)


def _answer(batches: Iterator[Any], work: Callable[[int], Any]) -> Any:
    """Return the result of a partition; what is wrong with the data is told by the driver."""
    from pyspark import TaskContext

    _keep_modules()
    number = TaskContext.get().partitionId()
    try:
        value = work(number)
    except GaussmixError as error:
        value = error
        for _ in batches:  # a worker that leaves rows unread is not used again
            pass
    return _result(number, value)


@lru_cache(maxsize=1)
def _keep_modules() -> None:
    """Take what this worker has imported out of garbage collection.

    Spark collects after every task, which would look through all of it: 30 ms, more than many
    a task takes.
    """
    gc.freeze()


def _result(number: int, value: Any, *, table: bool = False) -> Any:
    import pyarrow as pa

    columns = [pa.array([number], pa.int64()), pa.array([pickle.dumps(value)], pa.binary())]
    kind = pa.Table if table else pa.RecordBatch
    return kind.from_arrays(columns, ["partition", "value"])


def mapping(function: BlockFunction, output: Output, reader: Columns) -> Callable[[Any], Any]:
    """Return the function of batches of pandas series that gives the output of each row."""
    import pandas as pd
    import pyarrow as pa

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        workspace = Workspace()
        for batch in batches:
            series = batch if isinstance(batch, tuple) else (batch,)  # Spark unpacks a single one
            rows = reader.rows([pa.Array.from_pandas(column) for column in series])
            out = _mapped(function, output, rows, workspace)
            if output.width is None:
                yield pd.Series(out)
            else:
                yield pd.DataFrame(out, columns=output.columns)

    return run


# Not inside of `mapping`: what that refers to goes to the workers by value, locks included.
def _mapped(
    function: BlockFunction, output: Output, rows: AnyArray, workspace: Workspace
) -> AnyArray:
    out: AnyArray = np.empty(output.shape(len(rows)), output.dtype)
    with single_threaded_blas():
        for own in even_slices(len(rows), rows_of_a_block(output.bytes_per_row)):
            out[own] = function(rows[own], workspace)
    return out
