"""Blocks that users give, read and cut into pieces that depend on the rows alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import as_numbers, check_sample_weight
from .door import as_frame, require_numeric_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._typing import AnyArray, Array

__all__ = ["Block", "Check", "Piece", "blocks_of", "pieces_of", "read_block"]


@dataclass(frozen=True, eq=False)
class Block:
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


def read_block(given: Any, label: str, first: Block | None) -> Block:
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
    return Block(rows, None if weights is None else _weights(weights, len(rows), label), names)


def _weights(given: Any, n_rows: int, label: str) -> Array:
    if np.ndim(given) == 1 and not np.any(given):  # a block may have no part in the fit
        return np.zeros(n_rows)
    try:
        weights = check_sample_weight(given, n_rows)
    except ParameterError as error:
        raise ParameterError(f"{label}: {error}") from None
    assert weights is not None
    return weights


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows (m, d) with weights (m,), or None, and the place in the data of the first."""

    rows: Array
    weights: Array | None
    offset: int

    def without(self, left_out: AnyArray | None) -> Piece:
        """Return the rows with weight 0 for those that are left out, a mask of all rows."""
        if left_out is None:
            return self
        mask = left_out[self.offset : self.offset + len(self.rows)]
        weights = np.ones(len(self.rows)) if self.weights is None else self.weights
        return replace(self, weights=np.where(mask, 0.0, weights[: len(mask)]))

    def positive(self) -> Piece:
        """Return the rows of positive weight."""
        if self.weights is None or (self.weights > 0).all():
            return self
        chosen = self.weights > 0
        return replace(self, rows=self.rows[chosen], weights=self.weights[chosen])


def pieces_of(blocks: Iterator[Block], size: int, n_features: int) -> Iterator[Piece]:
    """Join and cut blocks to pieces of `size` rows; the last one has what is left."""
    offset, filled = 0, 0
    rows, weights = np.empty((size, n_features)), None
    for block in blocks:
        done = 0
        while done < len(block.rows):
            taken = min(size - filled, len(block.rows) - done)
            own, place = slice(done, done + taken), slice(filled, filled + taken)
            rows[place] = block.rows[own]
            if block.weights is not None:
                weights = np.ones(size) if weights is None else weights
                weights[place] = block.weights[own]
            done, filled = done + taken, filled + taken
            if filled == size:
                yield Piece(rows, weights, offset)
                offset, filled = offset + size, 0
                rows, weights = np.empty((size, n_features)), None
    if filled:
        yield Piece(rows[:filled], None if weights is None else weights[:filled], offset)


@dataclass(frozen=True, eq=False)
class Check:
    """What tells two passes apart: counts and sums, which for the same rows have the same bits."""

    n_rows: int
    n_positive: int
    sums: Array

    @classmethod
    def nothing(cls, n_features: int) -> Check:
        return cls(0, 0, np.zeros(n_features + 1))

    def after(self, piece: Piece) -> Check:
        weights = piece.weights
        positive = len(piece.rows) if weights is None else int(np.count_nonzero(weights > 0))
        whole = len(piece.rows) if weights is None else weights.sum()
        with np.errstate(invalid="ignore", over="ignore"):  # the first pass tells of those
            sums = self.sums + np.append(piece.rows.sum(axis=0), whole)
        return Check(self.n_rows + len(piece.rows), self.n_positive + positive, sums)

    def require_rows(self, left_out: AnyArray | None) -> None:
        if self.n_rows == 0:
            raise DataError("X: the callable gave no rows")
        if self.n_positive == 0:
            raise ParameterError("sample_weight: all weights are zero, so there are no rows to fit")
        if left_out is not None and len(left_out) != self.n_rows:
            raise DataError(f"X: has {self.n_rows} rows now, and had {len(left_out)} before")

    def require_same(self, before: Check) -> None:
        if self.n_rows != before.n_rows:
            what = f"{self.n_rows} rows in this pass, {before.n_rows} in the first"
        elif not np.array_equal(self.sums, before.sums, equal_nan=True):
            what = "other rows, or another order, in this pass than in the first"
        else:
            return
        raise DataError(
            f"X: the callable gave {what}. A fit makes several passes over the same rows: seed "
            "what is random in it and fix its order; for a stream use partial_fit"
        )
