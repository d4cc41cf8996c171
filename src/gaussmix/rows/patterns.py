"""Which rows miss the same features."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray

__all__ = ["Patterns"]

# Whose bits hold what is seen of a row; short ones sort faster.
_NUMBERS = (np.uint8, np.uint16, np.uint64)


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
        _, first, which = np.unique(_keys(seen), return_index=True, return_inverse=True)
        return cls(seen[first], which.reshape(-1))

    def rows(self) -> Iterator[tuple[int, AnyArray]]:
        """Yield each pattern's number and the places of its rows, ascending."""
        order, bounds = self.ordered()
        yield from enumerate(np.split(order, bounds[1:-1]))

    def ordered(self) -> tuple[AnyArray, AnyArray]:
        """Return the places of rows by pattern, and where each pattern begins and ends (U + 1,)."""
        short = len(self.seen) <= np.iinfo(np.uint16).max
        which = self.which.astype(np.uint16) if short else self.which  # short ones sort faster
        counts = np.bincount(self.which, minlength=len(self.seen))
        return np.argsort(which, kind="stable"), np.concatenate([[0], np.cumsum(counts)])

    def by_size(self) -> Iterator[tuple[AnyArray, AnyArray]]:
        """Yield, for each number of missing features, the patterns' numbers and those features."""
        missing = ~self.seen
        sizes = missing.sum(axis=1)
        for size in np.unique(sizes).tolist():
            numbers = np.flatnonzero(sizes == size)
            yield numbers, np.nonzero(missing[numbers])[1].reshape(len(numbers), size)


def _keys(seen: AnyArray) -> AnyArray:
    """Return a number, or what sorts like one, for what is seen of each row (B, d)."""
    n_bytes = -(-seen.shape[1] // 8)
    dtype = next((kind for kind in _NUMBERS if np.dtype(kind).itemsize >= n_bytes), None)
    width = n_bytes if dtype is None else np.dtype(dtype).itemsize
    whole: AnyArray = np.zeros((len(seen), 8 * width), dtype=bool)
    whole[:, : seen.shape[1]] = seen
    bits = np.packbits(whole.reshape(-1))  # along an axis it takes many times as long
    return bits.view(f"V{width}" if dtype is None else dtype)
