"""Blocks that users give, joined and cut to chunks that depend on the rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import as_numbers, check_sample_weight
from .chunks import Chunk
from .door import as_frame, require_numeric_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._typing import AnyArray, Array

__all__ = ["Given", "Seen", "blocks_of", "checked_weights", "chunks_of", "read_given"]


@dataclass(frozen=True, eq=False)
class Given:
    """What the factory gave at a time: rows (m, d), weights (m,), and names of columns."""

    rows: AnyArray
    weights: Array | None
    names: tuple[str, ...] | None


def blocks_of(factory: Callable[[], Any]) -> Iterator[Any]:
    """Call the factory and return an iterator over what it gives."""
    given = factory()
    try:
        return iter(given)
    except TypeError:
        raise DataError(
            f"X: the callable returned {type(given).__name__}; it should return an iterable of "
            "blocks of rows"
        ) from None


def read_given(given: Any, label: str, first: Given | None) -> Given:
    """Return a block's rows and weights; columns are in the order of the first block's."""
    weights = None
    if isinstance(given, tuple):
        if len(given) != 2:
            raise DataError(f"{label}: is a tuple of {len(given)}; expected (rows, weights)")
        given, weights = given
    names, frame = None if first is None else first.names, as_frame(given, label)
    if frame is not None:
        if names is not None and set(names) - set(frame.columns):
            missing = ", ".join(sorted(set(names) - set(frame.columns)))
            raise DataError(f"{label}: has no column {missing}, which the first block has")
        names = tuple(frame.columns) if names is None and first is None else names
        given = frame.to_native() if names is None else frame.select(list(names)).to_native()
    require_numeric_columns(given, label)
    given = given if frame is None else as_frame(given, label).to_numpy()
    rows = as_numbers(label, given, DataError, kept=(np.float32,))
    expected = "d" if first is None else f"{first.rows.shape[1]}"
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise DataError(
            f"{label}: expected rows of shape (n, {expected}), got an array of shape {rows.shape}"
        )
    if first is not None and rows.shape[1] != first.rows.shape[1]:
        raise DataError(f"{label}: has {rows.shape[1]} columns, the first block has {expected}")
    return Given(
        rows, None if weights is None else checked_weights(weights, len(rows), label), names
    )


def checked_weights(given: Any, n_rows: int, label: str) -> Array:
    """Return the weights (n,) of a block; ParameterError if they are none."""
    if np.ndim(given) == 1 and not np.any(given):  # a block may have no part in the fit
        return np.zeros(n_rows)
    try:
        weights = check_sample_weight(given, n_rows)
    except ParameterError as error:
        raise ParameterError(f"{label}: {error}") from None
    assert weights is not None
    return weights


def chunks_of(blocks: Iterator[Given], size: int, n_features: int) -> Iterator[Chunk]:
    """Join and cut blocks to chunks of `size` rows; the last one has what is left."""
    chunk = Chunk(0, 0, np.empty((size, n_features)), None)
    for block in blocks:
        done = 0
        while done < len(block.rows):
            taken = min(size - chunk.filled, len(block.rows) - done)
            own, place = slice(done, done + taken), slice(chunk.filled, chunk.filled + taken)
            chunk.rows[place] = block.rows[own]
            if block.weights is not None:
                chunk.weights = np.ones(size) if chunk.weights is None else chunk.weights
                chunk.weights[place] = block.weights[own]
            done, chunk.filled = done + taken, chunk.filled + taken
            if chunk.filled == size:
                yield chunk
                number = chunk.number + 1
                chunk = Chunk(number, number * size, np.empty((size, n_features)), None)
    if chunk.filled:
        chunk.cut()
        yield chunk


class Seen:
    """What a pass has seen, by which two passes are told apart.

    Attributes
    ----------
    n_rows, n_positive : int
        Rows, and rows of positive weight.
    sums : ndarray (d + 1,)
        Of the features, and of the weights: of the same chunks they have the same bits.
    """

    def __init__(self, n_features: int, giver: str = "the callable") -> None:
        self._giver = giver
        self.n_rows = self.n_positive = 0
        self.sums = np.zeros(n_features + 1)
        # Of each chunk: how many rows, and a bit for each if some have weight 0.
        self._marks: list[tuple[int, AnyArray | None]] = []

    def add(self, chunk: Chunk) -> None:
        """Take note of the next chunk; all but the last have a multiple of 8 rows."""
        n_rows, weights = len(chunk.rows), chunk.weights
        positive = np.ones(n_rows, bool) if weights is None else weights > 0
        self._marks.append((n_rows, None if positive.all() else np.packbits(positive)))
        self.n_rows += n_rows
        self.n_positive += int(np.count_nonzero(positive))
        whole = n_rows if weights is None else weights.sum()
        with np.errstate(invalid="ignore", over="ignore"):  # the first pass tells of those
            self.sums += np.append(chunk.rows.sum(axis=0), whole)

    def positive(self) -> AnyArray | None:
        """Return which weights are positive, eight to a byte; None if all are."""
        if self.n_positive == self.n_rows:
            return None
        bits = [np.packbits(np.ones(n, bool)) if own is None else own for n, own in self._marks]
        return np.concatenate(bits)

    def require_rows(self) -> None:
        if self.n_rows == 0:
            raise DataError(f"X: {self._giver} gave no rows")
        if self.n_positive == 0:
            raise ParameterError("sample_weight: all weights are zero, so there are no rows to fit")

    def require_same(self, before: Seen) -> None:
        if self.n_rows != before.n_rows:
            what = f"{self.n_rows} rows in this pass, {before.n_rows} in the first"
        elif not np.array_equal(self.sums, before.sums, equal_nan=True):
            what = "other rows, or another order, in this pass than in the first"
        else:
            return
        raise DataError(
            f"X: {self._giver} gave {what}. A fit makes several passes over the same rows: seed "
            "what is random in it and fix its order; for a stream use partial_fit"
        )
