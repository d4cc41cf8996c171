"""Which rows miss the same features."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray

__all__ = ["Patterns"]

_WORD = 8


class Patterns(NamedTuple):
    """The patterns of missingness of some rows (B, d).

    Attributes
    ----------
    seen : ndarray of bool (U, d)
        What is seen, of each different pattern.
    which : ndarray of int (B,)
        The pattern of each row.
    """

    seen: AnyArray
    which: AnyArray

    @classmethod
    def of(cls, rows: AnyArray) -> Self:
        """Return those of rows with NaN where nothing is seen."""
        return cls.of_seen(~np.isnan(rows))

    @classmethod
    def of_seen(cls, seen: AnyArray) -> Self:
        """Return those of rows of which it is known what is seen (B, d)."""
        words = _words(seen)
        if words.shape[1] == 1:
            keys = words[:, 0]
        else:
            keys = np.ascontiguousarray(words).view(f"V{_WORD * words.shape[1]}")[:, 0]
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
        return cls(seen[first], which.reshape(-1))

    def rows(self) -> Iterator[tuple[int, AnyArray]]:
        """Yield each pattern's number and the places of its rows, ascending."""
        order = np.argsort(self.which, kind="stable")
        ends = np.cumsum(np.bincount(self.which, minlength=len(self.seen)))
        yield from enumerate(np.split(order, ends[:-1]))

    def by_size(self) -> Iterator[tuple[AnyArray, AnyArray]]:
        """Yield, for each number of missing features, the patterns' numbers and those features."""
        missing = ~self.seen
        sizes = missing.sum(axis=1)
        for size in np.unique(sizes).tolist():
            numbers = np.flatnonzero(sizes == size)
            yield numbers, np.nonzero(missing[numbers])[1].reshape(len(numbers), size)


def _words(seen: AnyArray) -> AnyArray:
    """Return booleans (B, d) as the bits of unsigned words (B, w)."""
    packed = np.packbits(seen, axis=1)
    width = -(-packed.shape[1] // _WORD) * _WORD
    bits = np.zeros((len(seen), width), dtype=np.uint8)
    bits[:, : packed.shape[1]] = packed
    return bits.view(np.uint64)
