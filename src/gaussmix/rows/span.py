"""The directions that few rows of many columns have, as columns of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from .memory import MemorySource

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["Span"]


@dataclass(frozen=True, eq=False)
class Span:
    """An orthonormal basis of the span of some rows, in units in which floors are 1.

    A row x is ``center + roots * (axes @ y)``.  Its coordinates are y and a 0: the last one stands
    for all the directions that no row has, in which covariances are the same.

    Attributes
    ----------
    center, roots : ndarray (d,)
        Where the origin is, and the unit of each column.
    axes : ndarray (d, r)
        Orthonormal.
    """

    center: Array
    roots: Array
    axes: Array

    @classmethod
    def of(cls, rows: Array, center: Array, scales: Array) -> Self:
        """Return the span of rows (m, d), m < d, about `center`; `scales` are squares of units.

        Rows that depend on each other are no matter: a direction more than they have is one in
        which they have no extent.
        """
        roots = np.sqrt(scales)
        return cls(center, roots, np.linalg.qr(((rows - center) / roots).T)[0])

    @property
    def n_features(self) -> int:
        """The number of coordinates."""
        return self.axes.shape[1] + 1

    @property
    def n_left_out(self) -> int:
        """How many directions the last coordinate stands for."""
        return self.axes.shape[0] - self.axes.shape[1]

    @property
    def log_volume(self) -> float:
        """Log-determinant of the squares of the units."""
        return 2.0 * float(np.log(self.roots).sum())

    # -- into it ----------------------------------------------------------------

    def coordinates(self, rows: AnyArray) -> Array:
        """Return the coordinates (m, r + 1) of rows (m, d)."""
        found = np.zeros((len(rows), self.n_features))
        np.matmul((rows - self.center) / self.roots, self.axes, out=found[:, :-1])
        return found

    def source(self, source: MemorySource) -> MemorySource:
        """Return the coordinates of the rows of a source; whoever watches that watches this."""
        found = MemorySource(
            self.coordinates(np.asarray(source.array[:])),
            source.weights,
            n_jobs=source.n_threads,
            drawn_from=source.rows_drawn_from,
        )
        found.watcher = source.watcher
        return found

    def taken(self, matrices: Array) -> Array:
        """Return matrices (K, d, d) as they are in the directions of the rows, (K, r, r)."""
        found = self.axes.T @ (matrices / np.outer(self.roots, self.roots)) @ self.axes
        return np.asarray(0.5 * (found + np.swapaxes(found, 1, 2)))

    # -- back out of it -----------------------------------------------------------

    def points(self, coordinates: Array) -> Array:
        """Return the points (K, d) of such coordinates (K, r + 1)."""
        return self.center + self.roots * (coordinates[:, :-1] @ self.axes.T)

    def scaled(self, matrices: Array) -> Array:
        """Return matrices (K, d, d) in the units of the columns."""
        matrices *= np.outer(self.roots, self.roots)
        return matrices
