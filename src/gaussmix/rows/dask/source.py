"""Dask arrays and dataframes: a partition is the unit of work; Dask decides where and when."""

from __future__ import annotations

from contextlib import nullcontext
from copy import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import uuid4

import numpy as np

from ...exceptions import DataError, ParameterError
from ...numerics.arguments import check_sample_weight
from ..door import require_numeric_columns
from ..folds import Fold, Mergeable
from ..partitions import Outcome, PartitionedSource, detached, merged
from ..threads import count_threads
from .tasks import (
    ArrayBlocks,
    BlockReader,
    FrameBlocks,
    fold_task,
    leave_out,
    map_array,
    map_frame,
    pick_task,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..._typing import AnyArray, Array
    from ..incomplete import CompleteBlocks
    from ..source import BlockFunction, Output

__all__ = ["DaskArraySource", "DaskFrameSource"]

Value = TypeVar("Value", bound=Mergeable)

# Results of so many partitions merge in one task.
_FAN_IN = 16
_PASS = "gaussmix-pass-"


class _DaskSource(PartitionedSource):
    """A Dask collection whose partitions are read by `reader`."""

    def __init__(self, collection: Any, reader: BlockReader, n_jobs: Any) -> None:
        self.collection, self.reader = collection, reader
        self.n_features = reader.n_features
        self.n_threads = count_threads(n_jobs)
        self._parts: list[Any] = list(np.ravel(collection.to_delayed()))
        self._weights: list[Any] = [None] * len(self._parts)
        # What is known of every row is sent to the partitions once.
        self._sent: dict[int, tuple[AnyArray, list[Any]]] = {}

    # -- passes -----------------------------------------------------------------------

    def _run(self, fold: Fold[Value]) -> Outcome[Value]:
        from dask import delayed

        bare, held = detached(fold)
        token = uuid4().hex
        # One constant of the graph, which every worker gets once.
        sent = delayed(bare, name=f"fold-{token}", pure=False, traverse=False)
        pieces = {name: self._cut(array) for name, array in held.items()}
        offsets = self._offsets() if held else [0] * len(self._parts)
        one, several = delayed(fold_task, pure=False), delayed(merged, pure=False)
        parts = [
            one(
                sent,
                i,
                self._parts[i],
                self._weights[i],
                self.reader,
                offsets[i],
                {name: own[i] for name, own in pieces.items()},
                dask_key_name=f"{_PASS}{token}-{i}",
            )
            for i in range(len(self._parts))
        ]
        while len(parts) > 1:
            parts = [several(parts[i : i + _FAN_IN]) for i in range(0, len(parts), _FAN_IN)]
        return self._computed(parts[0])

    def _computed(self, total: Any) -> Outcome[Value]:
        """Compute the total of a pass, and tell the watcher how many rows are done."""
        told = 0

        def tell(key: Any, result: Any, *_: Any) -> None:
            nonlocal told
            if self.watcher is not None and str(key).startswith(_PASS):
                done = sum(result.n_rows.values())
                told += done
                self.watcher(done)

        with nullcontext() if self.watcher is None else _after_each_task(tell):
            part: Outcome[Value] = total.compute()
        # A cluster tells nothing before the end.
        if self.watcher is not None and (rest := sum(part.n_rows.values()) - told):
            self.watcher(rest)
        return part

    def _pick(self, wanted: dict[int, AnyArray]) -> list[tuple[Array, Array]]:
        import dask

        pick = dask.delayed(pick_task, pure=False)
        picked = [
            pick(self._parts[i], self._weights[i], self.reader, places)
            for i, places in wanted.items()
        ]
        return list(dask.compute(*picked))

    def _let_in(self, wrapped: type[CompleteBlocks]) -> None:
        self.reader = wrapped(self.reader)  # type: ignore[assignment]

    # -- what is known of every row -----------------------------------------------------

    def _offsets(self) -> list[int]:
        """Return the place in the data of each partition's first row, and the number of rows."""
        lengths = self._counted()
        return [0, *np.cumsum([lengths[i] for i in range(len(self._parts))]).tolist()]

    def _cut(self, array: AnyArray) -> list[Any]:
        """Return an array with an entry a row in pieces, kept where Dask keeps the partitions."""
        import dask

        if id(array) not in self._sent:
            edges = self._offsets()
            pieces = [
                dask.delayed(array[first:last], pure=False, traverse=False)
                for first, last in pairwise(edges)
            ]
            self._sent[id(array)] = array, list(dask.persist(*pieces))
        return self._sent[id(array)][1]

    def without(self, left_out: AnyArray) -> Self:
        from dask import delayed

        other = copy(self)
        reduced = delayed(leave_out, pure=False)
        masks = self._cut(left_out)
        other._weights = [
            reduced(own, mask) for own, mask in zip(self._weights, masks, strict=True)
        ]
        other._n_used, other._own_weights = None, False
        return other

    def _weigh(self, sample_weight: Any) -> None:
        """Take weights: a Dask array or series cut as X is, or an array in memory."""
        if not hasattr(sample_weight, "to_delayed"):
            weights = check_sample_weight(sample_weight, self.n_rows)
            assert weights is not None
            self._weights, self._n_used = self._cut(weights), None
            return
        if sample_weight.ndim != 1:
            raise ParameterError(f"sample_weight: expected one dimension, got {sample_weight.ndim}")
        parts = list(np.ravel(sample_weight.to_delayed()))
        if len(parts) != len(self._parts):
            raise ParameterError(
                f"sample_weight: has {len(parts)} partitions, X has {len(self._parts)}; both must "
                "be cut at the same rows: take them from one collection, or rechunk"
            )
        self._weights = parts


class DaskArraySource(_DaskSource):
    """A Dask array (n, d); chunks along its rows are the partitions, of unknown size too."""

    name = "Dask array"

    @classmethod
    def opens(cls, data: Any) -> bool:
        return _is_dask(data, "Array")

    @classmethod
    def open(cls, data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Self:
        if data.ndim != 2:
            raise DataError(
                f"X: expected a Dask array of 2 dimensions, got {data.ndim}"
                + ("; reshape a single feature with X.reshape(-1, 1)" if data.ndim == 1 else "")
            )
        if data.dtype.kind not in "fiub":
            raise DataError(f"X: expected an array of numbers, got dtype {data.dtype}")
        if np.isnan(data.shape[1]) or data.shape[1] == 0:
            raise DataError(f"X: expected a known number of columns, got {data.shape[1]}")
        if data.numblocks[1] > 1:
            data = data.rechunk({1: -1})
        source = cls(data, ArrayBlocks(data.shape[1]), n_jobs)
        if not np.isnan(data.shape[0]):
            source._lengths = dict(enumerate(data.chunks[0]))
        if sample_weight is not None:
            source._weigh(_rechunked(sample_weight, data))
        return source

    def map(self, function: BlockFunction, output: Output) -> Any:
        """Return a lazy Dask array with the same chunks along the rows."""
        several = output.width is not None
        shape = {"chunks": (self.collection.chunks[0], (output.width,))} if several else {}
        return self.collection.map_blocks(
            map_array,
            self.reader,
            function,
            output,
            dtype=output.dtype,
            meta=np.empty(output.shape(0), output.dtype),
            drop_axis=None if several else 1,
            name=f"{output.name}-{uuid4().hex}",
            **shape,
        )


class DaskFrameSource(_DaskSource):
    """A Dask dataframe with numeric columns; weights may be one of its columns, by name."""

    name = "Dask dataframe"

    @classmethod
    def opens(cls, data: Any) -> bool:
        return _is_dask(data) and not _is_dask(data, "Array")

    @classmethod
    def open(cls, data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Self:
        if not _is_dask(data, "DataFrame"):
            raise DataError(
                f"X: expected a Dask array or dataframe, got a {type(data).__name__}; a single "
                "column becomes a frame with .to_frame()"
            )
        weight = sample_weight if isinstance(sample_weight, str) else None
        if weight is not None and weight not in data.columns:
            raise ParameterError(
                f"sample_weight: no column {weight!r}; X has {', '.join(map(str, data.columns))}"
            )
        columns = [column for column in data.columns if column != weight]
        if not columns:
            raise DataError("X: has no columns")
        require_numeric_columns(data[columns]._meta)
        source = cls(data, FrameBlocks(columns, weight), n_jobs)
        if all(isinstance(column, str) for column in columns):
            source.feature_names = tuple(columns)
        if sample_weight is not None and weight is None:
            _require_same_divisions(sample_weight, data)
            source._weigh(sample_weight)
        return source

    def map(self, function: BlockFunction, output: Output) -> Any:
        """Return a lazy Dask series, or dataframe, with the same partitions and index."""
        return self.collection.map_partitions(
            map_frame,
            self.reader,
            function,
            output,
            meta=map_frame(self.collection._meta, self.reader, function, output),
            align_dataframes=False,
        )


def _is_dask(data: Any, kind: str | None = None) -> bool:
    """Whether `data` is one of Dask's collections (of that name)."""
    return type(data).__module__.partition(".")[0] == "dask" and kind in (
        None,
        type(data).__name__,
    )


def _rechunked(weights: Any, data: Any) -> Any:
    """Return weights with the chunks of the data, where the sizes of both are known."""
    known = _is_dask(weights, "Array") and not np.isnan([*weights.shape, data.shape[0]]).any()
    if known and weights.shape == data.shape[:1]:
        return weights.rechunk((data.chunks[0],))
    if known:
        raise ParameterError(
            f"sample_weight: sample_weight.shape == {weights.shape}, expected {data.shape[:1]}: "
            "one weight a row"
        )
    return weights


def _require_same_divisions(weights: Any, data: Any) -> None:
    known = getattr(weights, "known_divisions", False) and data.known_divisions
    if known and weights.divisions != data.divisions:
        raise ParameterError(
            "sample_weight: its partitions are not those of X; make it a column of X and give "
            "the column's name"
        )


def _after_each_task(function: Any) -> AbstractContextManager[Any]:
    """Have Dask's schedulers in this process call a function after each task."""
    from dask.callbacks import Callback

    return Callback(posttask=function)
