"""Weights of rows that are not in memory, and which rows can be drawn by them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array

__all__ = ["RowWeights"]

# Rows that are looked at together when some are drawn; a multiple of 8.
_STRIDE = 1 << 20


@dataclass(frozen=True, eq=False)
class RowWeights:
    """Weights of rows: an array, a column that is read with them, or none.

    Attributes
    ----------
    array : ndarray (n,) or None
    positive : ndarray of uint8 or None
        Of a column: a bit a row, whether its weight is positive.
    left_out : ndarray of bool (n,) or None
        Rows that take no part whatever their weight.
    """

    array: Array | None = None
    positive: AnyArray | None = None
    left_out: AnyArray | None = None

    @property
    def are_all_one(self) -> bool:
        return self.array is None and self.positive is None and self.left_out is None

    def are_positive(self, n_rows: int) -> bool:
        """Whether all rows have a positive weight."""
        return all(part.all() for _, part in self._eligible(n_rows))

    def without(self, left_out: AnyArray) -> RowWeights:
        """Return the same weights, but 0 for more rows."""
        before = self.left_out
        return replace(self, left_out=left_out if before is None else before | left_out)

    def of(self, first: int, last: int, read: Array | None) -> Array | None:
        """Return the weights of rows next to each other; `read` are those of the column."""
        weights = read if self.array is None else self.array[first:last]
        if self.left_out is None:
            return weights
        return np.where(self.left_out[first:last], 0.0, 1.0 if weights is None else weights)

    def draw(self, n_rows: int, n_drawn: int, rng: np.random.Generator) -> AnyArray | None:
        """Return the places of at most `n_drawn` rows of positive weight; None is all rows."""
        if self.are_all_one:
            return _ranks(n_rows, n_drawn, rng)
        counts = [int(part.sum()) for _, part in self._eligible(n_rows)]
        ranks = _ranks(sum(counts), n_drawn, rng)
        chosen, before = [], 0
        for (first, part), count in zip(self._eligible(n_rows), counts, strict=True):
            places = first + np.flatnonzero(part)
            if ranks is not None:
                own = slice(*np.searchsorted(ranks, [before, before + count]))
                places = places[ranks[own] - before]
            chosen.append(places)
            before += count
        return np.concatenate(chosen)

    def _eligible(self, n_rows: int) -> Iterator[tuple[int, AnyArray]]:
        """Yield which rows can be drawn, stride by stride."""
        for first in range(0, n_rows, _STRIDE):
            last = min(first + _STRIDE, n_rows)
            part = np.ones(last - first, bool)
            if self.array is not None:
                part &= self.array[first:last] > 0
            if self.positive is not None:
                bits = self.positive[first // 8 : -(-last // 8)]
                part &= np.unpackbits(bits, count=last - first).astype(bool)
            if self.left_out is not None:
                part &= ~self.left_out[first:last]
            yield first, part


def _ranks(count: int, n_drawn: int, rng: np.random.Generator) -> AnyArray | None:
    """Draw ranks in ascending order; None is all of them."""
    if count <= n_drawn:
        return None
    return np.sort(rng.choice(count, n_drawn, replace=False, shuffle=False))
