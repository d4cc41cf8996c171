"""Values by size, with the share of the weight below each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["Ranked", "ranked"]


@dataclass(frozen=True, eq=False)
class Ranked:
    """Distinct values, ascending, and how much is below.

    Attributes
    ----------
    values : ndarray (m,)
    below, upto : ndarray (m,)
        Share of the weight below each value, and up to it.
    """

    values: AnyArray
    below: Array
    upto: Array

    def distance(self, cdf: Array) -> float:
        """Return the largest difference to a continuous distribution with these values."""
        return float(max(np.abs(self.upto - cdf).max(), np.abs(cdf - self.below).max()))

    def places(self, most: int) -> AnyArray:
        """Return indices of at most so many values, evenly by their rank, the ends among them."""
        if len(self.values) <= most:
            return np.arange(len(self.values))
        return np.unique(np.linspace(0, len(self.values) - 1, most).round().astype(np.intp))

    def first_and_last(self, count: int) -> AnyArray:
        """Return the indices of the smallest and the largest values, so many each."""
        n = len(self.values)
        return np.unique(np.r_[0 : min(count, n), max(0, n - count) : n])

    def steps(self, most: int) -> tuple[AnyArray, Array]:
        """Return values and shares up to them, of at most so many."""
        at = self.places(most)
        return self.values[at], self.upto[at]


def ranked(values: AnyArray, weights: Array | None) -> Ranked:
    """Return values (n,) by size; those of no weight are left out.

    Examples
    --------
    >>> ranked(np.array([3.0, 1.0, 3.0]), None).upto.round(3).tolist()
    [0.333, 1.0]
    """
    if weights is None:
        weights = np.ones(len(values))
    counted = weights > 0
    found, place = np.unique(np.asarray(values, dtype=np.float64)[counted], return_inverse=True)
    share = np.bincount(place, weights[counted], minlength=len(found))
    share = share / share.sum()
    upto = np.minimum(np.cumsum(share), 1.0)
    upto[-1] = 1.0
    return Ranked(found, np.concatenate([[0.0], upto[:-1]]), upto)
