"""Folds over blocks of rows: the one shape that work on data has.

A `Fold` opens a state, adds blocks of rows to it, and closes it into a value
that merges with other such values.  Sources (memory, files, clusters) run folds;
kernels and summaries are folds.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from ._typing import AnyArray, Array

__all__ = ["BLOCK_BYTES", "Fold", "Index", "Mergeable", "Workspace"]


#: Workspace that a block may fill: about a core's share of the cache (measured).
BLOCK_BYTES = 4 * 2**20


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
        self._buffers: dict[str, Array] = {}

    def array(self, name: str, *shape: int) -> Array:
        """Return an uninitialised contiguous float64 array; its content is lost when reused."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name] = np.empty(size)
        return buffer[:size].reshape(shape)


class Fold(ABC, Generic[Value]):
    """A map over blocks of rows and a sum."""

    #: Workspace bytes that one row needs: sources size their blocks by it.
    bytes_per_row: int

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
