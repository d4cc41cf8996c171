"""How rows are cut into chunks: the unit of work of a thread.

They are cut by the number of rows and what a fold needs alone, so the order of
additions, hence the result to the last bit, is the same for any number of threads.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Chunks", "blocks", "cut"]

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
