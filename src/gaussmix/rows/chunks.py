"""How rows are cut into chunks: the unit of work of a thread.

They are cut by the number of rows and what a fold needs alone, so the order of
additions, hence the result to the last bit, is the same for any number of threads.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array

__all__ = ["Chunk", "Chunks", "blocks", "cut"]

_CHUNK_ROWS = 50_000
_FEWEST_CHUNKS, _MOST_CHUNKS = 16, 256


def blocks(first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of blocks of `size` rows."""
    for start in range(first, last, size):
        yield start, min(start + size, last)


def cut(n_rows: int, block_rows: int, most_rows: int | None = None) -> list[tuple[int, int]]:
    """Cut rows into chunks of whole blocks; small data are one chunk.

    `most_rows` is how many a chunk may have, if they are copied to form one; it is at
    least a block.
    """
    n_blocks = max(1, -(-n_rows // block_rows))
    wanted = min(_MOST_CHUNKS, max(_FEWEST_CHUNKS, n_rows // _CHUNK_ROWS))
    if most_rows is not None:
        wanted = max(wanted, -(-n_blocks // max(1, most_rows // block_rows)))
    n_chunks = min(n_blocks, wanted)
    edges = [block_rows * (n_blocks * i // n_chunks) for i in range(n_chunks)]
    return list(pairwise([*edges, n_rows]))


@dataclass(eq=False)
class Chunk:
    """Rows (m, d) in a buffer of their own, or in what was decoded.

    Attributes
    ----------
    number : int
        Its place among the chunks.
    first : int
        The place in the data of its first row.
    rows : ndarray (m, d)
    weights : ndarray (m,) or None
        As they are in the data.
    filled : int
        How many rows have been copied into it.
    """

    number: int
    first: int
    rows: AnyArray
    weights: Array | None
    filled: int = 0

    def cut(self) -> None:
        """Drop the rows that nothing has been copied into."""
        self.rows = self.rows[: self.filled]
        self.weights = None if self.weights is None else self.weights[: self.filled]


class Chunks:
    """The chunks of so many rows, or of rows that end nobody knows where.

    Parameters
    ----------
    n_rows : int or None
    block_rows, most_rows : int
        See `cut`.
    """

    def __init__(self, n_rows: int | None, block_rows: int, most_rows: int) -> None:
        self._bounds = None if n_rows is None else cut(n_rows, block_rows, most_rows)
        self._starts = [first for first, _ in self._bounds or ()]
        rows = min(most_rows, max(_CHUNK_ROWS, block_rows))
        self._rows = block_rows * max(1, rows // block_rows)

    def holding(self, row: int) -> int:
        """Return the number of the chunk that holds a row."""
        return bisect_right(self._starts, row) - 1 if self._bounds else row // self._rows

    def bounds(self, number: int) -> tuple[int, int]:
        """Return the first row of a chunk, and the one behind its last."""
        if self._bounds:
            return self._bounds[number]
        return number * self._rows, (number + 1) * self._rows
