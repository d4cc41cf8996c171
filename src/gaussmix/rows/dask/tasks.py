"""What workers do with one partition of a Dask collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from ...exceptions import DataError, ParameterError
from ...numerics.arguments import as_numbers
from ..blas import single_threaded_blas
from ..door import require_numeric_columns
from ..folds import Fold, Mergeable, Workspace, rows_of_a_block
from ..partitions import Outcome, Window, attached, even_slices, fold_partition, pick_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._typing import AnyArray, Array
    from ..source import BlockFunction, Output

__all__ = [
    "ArrayBlocks",
    "BlockReader",
    "FrameBlocks",
    "fold_task",
    "leave_out",
    "map_array",
    "map_frame",
    "pick_task",
]

Value = TypeVar("Value", bound=Mergeable)


class ArrayBlocks:
    """Reads blocks of rows from NumPy arrays (n, d)."""

    def __init__(self, n_features: int) -> None:
        self.n_features = n_features

    def __call__(
        self, partition: Any, weights: Any, most: int
    ) -> Iterator[tuple[AnyArray, Array | None]]:
        if np.ndim(partition) != 2 or partition.shape[1] != self.n_features:
            raise DataError(
                f"X: a partition has shape {np.shape(partition)}, expected (n, {self.n_features})"
            )
        weights = _own_weights(weights, len(partition))
        for own in even_slices(len(partition), most):
            rows = as_numbers("X", partition[own], DataError, kept=(np.float32,))
            yield rows, None if weights is None else weights[own]


class FrameBlocks:
    """Reads blocks of rows from pandas frames with these columns and maybe one of weights."""

    def __init__(self, columns: list[Any], weight: str | None) -> None:
        self.columns, self.weight = columns, weight
        self.n_features = len(columns)

    def __call__(
        self, partition: Any, weights: Any, most: int
    ) -> Iterator[tuple[AnyArray, Array | None]]:
        expected = [*self.columns, *([] if self.weight is None else [self.weight])]
        if set(partition.columns) != set(expected):
            raise DataError(
                f"X: a partition has columns {', '.join(map(str, partition.columns))}, expected "
                f"{', '.join(map(str, expected))}"
            )
        weights = partition[self.weight] if self.weight is not None else weights
        weights = _own_weights(weights, len(partition))
        frame = partition[self.columns]
        require_numeric_columns(frame)
        single = all(dtype == np.float32 for dtype in frame.dtypes)
        for own in even_slices(len(frame), most):
            rows = _numbers(frame.iloc[own], np.float32 if single else np.float64)
            yield rows, None if weights is None else weights[own]


#: Yields blocks of rows of a partition with their weights, at most so many rows at a time.
BlockReader: TypeAlias = ArrayBlocks | FrameBlocks


def _numbers(frame: Any, dtype: type) -> AnyArray:
    """Return the values of a pandas frame (n, d), NaN where there are none."""
    try:
        return frame.to_numpy(dtype=dtype, na_value=np.nan)
    except (TypeError, ValueError) as found:
        raise DataError(f"X: expected numbers ({found})") from None


def _own_weights(weights: Any, n_rows: int) -> Array | None:
    """Return the weights (n,) of a partition as float64."""
    if weights is None:
        return None
    if hasattr(weights, "to_numpy"):
        try:
            weights = weights.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as found:
            raise ParameterError(f"sample_weight: expected numbers ({found})") from None
    weights = as_numbers("sample_weight", weights)
    if weights.shape != (n_rows,):
        raise ParameterError(
            f"sample_weight: a partition has {len(weights)} weights and {n_rows} rows; both must "
            "be cut at the same rows"
        )
    return weights


def fold_task(
    fold: Fold[Value],
    number: int,
    partition: Any,
    weights: Any,
    reader: BlockReader,
    offset: int,
    held: dict[str, AnyArray],
) -> Outcome[Value]:
    """Run a fold over one partition; `held` is what the fold knows of each of its rows."""
    fold = attached(fold, {name: Window(array, offset) for name, array in held.items()})
    blocks = reader(partition, weights, rows_of_a_block(fold.bytes_per_row))
    return fold_partition(fold, number, blocks, offset)


def pick_task(
    partition: Any, weights: Any, reader: BlockReader, places: AnyArray
) -> tuple[Array, Array]:
    """Return the rows at some places among those of positive weight, and their weights."""
    size = rows_of_a_block(16 * reader.n_features)
    return pick_rows(reader(partition, weights, size), places, reader.n_features)


def leave_out(weights: Any, left_out: AnyArray) -> Array:
    """Return the weights (n,) with 0 where a mask (n,) says so."""
    own = _own_weights(weights, len(left_out))
    return np.where(left_out, 0.0, 1.0 if own is None else own)


def map_array(
    partition: AnyArray,
    reader: BlockReader,
    function: BlockFunction,
    output: Output,
) -> AnyArray:
    """Return the function of each row."""
    out: AnyArray = np.empty(output.shape(len(partition)), dtype=output.dtype)
    workspace, done = Workspace(), 0
    with single_threaded_blas():
        for rows, _ in reader(partition, None, rows_of_a_block(output.bytes_per_row)):
            out[done : done + len(rows)] = function(rows, workspace)
            done += len(rows)
    return out


def map_frame(partition: Any, reader: BlockReader, function: BlockFunction, output: Output) -> Any:
    """Return the function of each row as a pandas series, or frame, with the same index."""
    import pandas as pd

    values = map_array(partition, reader, function, output)
    if output.width is None:
        return pd.Series(values, index=partition.index, name=output.name)
    return pd.DataFrame(values, index=partition.index, columns=output.columns)
