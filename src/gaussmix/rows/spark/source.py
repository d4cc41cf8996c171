"""Spark DataFrames: executors fold their partitions, and the driver gets one value from each."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from ...exceptions import DataError, GaussmixError, ParameterError
from ..folds import Fold, Mergeable
from ..partitions import CountFold, Outcome, PartitionedSource, detached, merged
from ..threads import count_threads
from .columns import SparkColumns, choose_columns
from .tasks import BLOCK_SCHEMA, RESULT_SCHEMA, Packed, folding, mapping, merging, packing, picking

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._typing import AnyArray, Array
    from ..incomplete import CompleteBlocks
    from ..source import BlockFunction, Output

__all__ = ["SparkSource"]

Value = TypeVar("Value", bound=Mergeable)

# Results of more partitions than these merge on executors first, so many at a time.
_FAN_IN = 64


class SparkSource(PartitionedSource):
    """A Spark DataFrame with numeric columns, or one column of vectors.

    From the third pass on a packed copy of the columns is read, which Spark keeps in memory
    or on disk as long as the source lives: it costs Spark less to hand to Python than the
    columns do, and stays the same.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
    weight : str, optional
        A column of weights.
    names : tuple of str, optional
        The columns that a fit had; all others stay beside the answers.
    """

    name = "Spark DataFrame"
    #: Passes that read the columns themselves: scores make no more, fits do.
    direct_passes: int = 2

    def __init__(
        self,
        frame: Any,
        weight: str | None = None,
        names: tuple[str, ...] | None = None,
        *,
        n_jobs: int | None = None,
    ) -> None:
        self.frame, self.weight, self.names, self.n_jobs = frame, weight, names, n_jobs
        self.n_threads = count_threads(n_jobs)
        self._passes = 0
        self._packed: Any = None
        self._wrapped: Callable[[Any], Any] = _as_it_is

    @classmethod
    def opens(cls, data: Any) -> bool:
        return type(data).__module__.partition(".")[0] == "pyspark"

    @classmethod
    def open(cls, data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Self:
        kind = type(data)
        if kind.__name__ != "DataFrame" or not kind.__module__.startswith("pyspark.sql."):
            raise DataError(
                f"X: expected a Spark DataFrame, got {kind.__module__}.{kind.__name__}"
                + ("; call .to_spark() on it" if hasattr(data, "to_spark") else "")
            )
        if sample_weight is not None and not isinstance(sample_weight, str):
            raise ParameterError(
                "sample_weight: rows of a Spark DataFrame have no order; expected the name of one "
                f"of its columns, got {type(sample_weight).__name__}"
            )
        if sample_weight is not None and sample_weight not in data.columns:
            raise ParameterError(
                f"sample_weight: no column {sample_weight!r}; X has {', '.join(data.columns)}"
            )
        return cls(data, sample_weight, n_jobs=n_jobs)

    def narrowed(self, names: tuple[str, ...] | None) -> SparkSource:
        return SparkSource(self.frame, self.weight, names or (), n_jobs=self.n_jobs)

    @cached_property
    def columns(self) -> SparkColumns:
        """The columns that hold the rows; DataError if they cannot."""
        return choose_columns(self.frame, self.weight, self.names)

    @property
    def n_features(self) -> int:  # type: ignore[override]
        """Number of features."""
        return self.columns.reader.n_features

    @property
    def feature_names(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """Names of the columns; vectors have none."""
        return self.columns.feature_names

    def without(self, left_out: AnyArray) -> Self:
        raise _no_order()

    # -- passes -----------------------------------------------------------------------

    def _run(self, fold: Fold[Value]) -> Outcome[Value]:
        bare, held = detached(fold)
        if held:
            raise _no_order()
        frame, reader = self._read()
        found = self._results(frame, folding(bare, reader), together=True)
        if not found:
            raise DataError("X: has no rows")
        part: Outcome[Value] = merged(found)
        if self.watcher is not None:
            self.watcher(sum(part.n_rows.values()))
        return part

    def _let_in(self, wrapped: type[CompleteBlocks]) -> None:
        self._wrapped = wrapped

    def _pick(self, wanted: dict[int, AnyArray]) -> list[tuple[Array, Array]]:
        frame, reader = self._read()
        return self._results(frame, picking(wanted, reader), together=False)

    def _read(self) -> tuple[Any, Any]:
        """Return the frame that the next pass reads, and how it is read."""
        columns = self.columns
        self._passes += 1
        if self._passes <= self.direct_passes:
            return columns.frame, self._wrapped(columns.reader)
        packed = Packed(columns.reader.n_features, columns.reader.dtype)
        if self._packed is None:
            self._packed = columns.frame.mapInArrow(packing(columns.reader), BLOCK_SCHEMA)
            self._packed.persist()
            weakref.finalize(self, _forget, self._packed)
            # Spark may cut the copy into other partitions.
            self.reduce(CountFold())
        return self._packed, self._wrapped(packed)

    def _results(self, frame: Any, task: Callable[[Any], Any], *, together: bool) -> list[Any]:
        """Return what a task gives in each partition, in their order; `together` if they merge."""
        from pyspark.sql import functions

        results = frame.mapInArrow(task, RESULT_SCHEMA)
        if together and self._lengths is not None and len(self._lengths) > _FAN_IN:
            group = functions.floor(functions.col("partition") / _FAN_IN)
            results = results.groupBy(group).applyInArrow(merging, RESULT_SCHEMA)
        rows = sorted(results.collect(), key=lambda row: row["partition"])
        values = [pickle.loads(row["value"]) for row in rows]
        for value in values:
            if isinstance(value, GaussmixError):
                raise value
        return values

    # -- answers ------------------------------------------------------------------------

    def map(self, function: BlockFunction, output: Output) -> Any:
        """Return the DataFrame with columns added, lazily."""
        import pandas as pd
        from pyspark.sql import functions

        taken = [name for name in output.columns if name in self.frame.columns]
        if taken:
            raise DataError(
                f"X: already has a column {', '.join(map(repr, taken))}, which would hold the "
                "answer; rename or drop it"
            )
        task = mapping(function, output, self.columns.reader)
        kind = "long" if np.issubdtype(output.dtype, np.integer) else "double"
        one = output.width is None
        # From these Spark learns how to call it.
        task.__annotations__ = {
            "batches": Iterator[tuple[pd.Series, ...]],
            "return": Iterator[pd.Series] if one else Iterator[pd.DataFrame],
        }
        schema = kind if one else ", ".join(f"{name} {kind}" for name in output.columns)
        answer = functions.pandas_udf(task, schema)(*self.columns.features)
        if one:
            return self.frame.withColumn(output.name, answer)
        whole = self.frame.withColumn(output.name, answer)
        return whole.select("*", f"{output.name}.*").drop(output.name)


def _as_it_is(reader: Any) -> Any:
    return reader


def _forget(packed: Any) -> None:
    """Let Spark drop a copy, if there is still a Spark."""
    with suppress(Exception):
        packed.unpersist()


def _no_order() -> DataError:
    return DataError(
        "X: rows of a Spark DataFrame have no order, so labels, responsibilities and masks of rows "
        "(known, init_params, noise) cannot be matched with them; start from a Mixture, and give "
        "noise as a share"
    )
