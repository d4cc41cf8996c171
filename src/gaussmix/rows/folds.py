"""Folds over blocks of rows: the one shape that work on data has.

A `Fold` opens a state, adds blocks of rows to it, and closes it into a value
that merges with other such values.  Sources (memory, files, clusters) run folds;
E-steps and summaries are folds.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray

__all__ = [
    "BLOCK_BYTES",
    "Fold",
    "Index",
    "Mergeable",
    "Workspace",
    "Workspaces",
    "add_rows",
    "rows_of_a_block",
]


#: Workspace that a block may fill: about a core's share of the cache (measured).
BLOCK_BYTES = 4 * 2**20


# More rows in a block than the cap gain nothing, fewer cost calls (measured).
_MOST_ROWS = 65_536
_FEWEST_ROWS = 256
# Folds that need less workspace a row are work for short calls of NumPy (measured).
_LIGHT_BYTES = 400

#: Which rows of the data a block holds.
Index: TypeAlias = "slice | AnyArray"


class Mergeable(Protocol):
    """A value that adds up."""

    def merge(self, other: Self, /) -> Self: ...


Value = TypeVar("Value", bound=Mergeable)


class Workspace:
    """Named scratch arrays, allocated once and reused from block to block.

    Arrays have shape (n, B), B the block's rows; the last block may be shorter.
    """

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, type], AnyArray] = {}

    def array(self, name: str, *shape: int, dtype: type = np.float64) -> Any:
        """Return an uninitialised contiguous array; its content is lost when reused."""
        size = math.prod(shape)
        buffer = self._buffers.get((name, dtype))
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name, dtype] = np.empty(size, dtype)
        return buffer[:size].reshape(shape)


class Workspaces:
    """Workspaces that threads take and give back; sent to another process there are none."""

    def __init__(self) -> None:
        self._free: deque[Workspace] = deque()

    def take(self) -> Workspace:
        """Return a workspace that nobody else has until it is given back."""
        try:
            return self._free.pop()
        except IndexError:
            return Workspace()

    def give_back(self, workspace: Workspace) -> None:
        self._free.append(workspace)

    @contextmanager
    def one(self) -> Iterator[Workspace]:
        """Lend a workspace that nobody else has meanwhile."""
        workspace = self.take()
        try:
            yield workspace
        finally:
            self.give_back(workspace)

    def __reduce__(self) -> tuple[type[Workspaces], tuple[()]]:
        return type(self), ()


class Fold(ABC, Generic[Value]):
    """A map over blocks of rows and a sum."""

    #: Workspace bytes that one row needs: sources size their blocks by it.
    bytes_per_row: int
    #: Attributes that hold something of every row of the data (n, ...), or None: sources that
    #: send folds to other machines send each only what belongs to its rows.
    by_row: ClassVar[tuple[str, ...]] = ()
    #: Whether it knows of measurement errors: rows are then given with what is known of them.
    measured: bool = False

    @property
    def light(self) -> bool:
        """Whether calls on a block are so short that threads may mostly wait for Python's lock."""
        return self.bytes_per_row < _LIGHT_BYTES

    @abstractmethod
    def open(self) -> Any:
        """Return a fresh state."""

    @abstractmethod
    def add(
        self,
        state: Any,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        """Add rows (B, d) of positive weights (B,), or None; `index` says which rows they are."""

    @abstractmethod
    def close(self, state: Any) -> Value:
        """Turn a state into a value."""


def rows_of_a_block(bytes_per_row: int) -> int:
    """Return how many rows fill a workspace to the best size."""
    return min(_MOST_ROWS, max(_FEWEST_ROWS, BLOCK_BYTES // bytes_per_row))


def add_rows(
    fold: Fold[Value],
    state: Any,
    rows: AnyArray,
    weights: AnyArray | None,
    offset: int,
    workspace: Workspace,
    block_rows: int | None = None,
) -> None:
    """Add rows (m, d) of non-negative weights (m,), or None, to a fold's state, block by block.

    Rows may be anything whose blocks NumPy turns into arrays.
    `offset` is the place in the data of the first of them.  Rows of weight 0 take no part.
    """
    size = rows_of_a_block(fold.bytes_per_row) if block_rows is None else block_rows
    for first in range(0, len(rows), size):
        block = slice(first, min(first + size, len(rows)))
        if weights is None or (weights[block] > 0).all():
            index: Index = slice(offset + block.start, offset + block.stop)
            chosen: Index = block
        else:
            chosen = first + np.flatnonzero(weights[block] > 0)
            index = offset + chosen
            if len(chosen) == 0:
                continue
        own = None if weights is None else weights[chosen]
        fold.add(state, np.asarray(rows[chosen]), own, index, workspace)
