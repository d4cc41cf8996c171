"""How rows were measured: y = R x + e, e of covariance S; and where R and S stand in a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["Measured", "Measurement", "unpacked"]


class Measured(NamedTuple):
    """Some rows as they were measured.

    Attributes
    ----------
    values : ndarray (B, e)
        NaN where nothing is seen: no value, or an infinite error.
    errors : ndarray (B or 1, e), or (B or 1, e (e + 1) / 2)
        Variances, or the lower triangles of covariances, row by row; of one row they are all
        rows'.  What they are where nothing is seen does not matter.
    projections : ndarray (B or 1, e, d) or None
        R; None is the identity.
    """

    values: Array
    errors: Array
    projections: Array | None

    @property
    def diagonal(self) -> bool:
        """Whether errors are variances."""
        return self.errors.shape[1] == self.values.shape[1]


@dataclass(frozen=True, eq=False)
class Measurement:
    """Which columns of a row are values, and which say how these were measured.

    Attributes
    ----------
    n_features : int
        Of the values that were measured, x (d).
    values : ndarray of int (e,)
        The columns of y.
    errors : ndarray of int (p,)
        The columns of variances (e), or of lower triangles (e (e + 1) / 2).
    shared : ndarray (p,) or None
        These, where they are all rows'.
    squares : bool
        Whether the columns of errors hold standard deviations, in place of variances.
    projections : ndarray of int (e d,)
        The columns of R.
    projection : ndarray (e, d) or None
        R, where it is all rows'.
    """

    n_features: int
    values: AnyArray
    errors: AnyArray = field(default_factory=lambda: np.empty(0, dtype=int))
    shared: Array | None = None
    squares: bool = False
    projections: AnyArray = field(default_factory=lambda: np.empty(0, dtype=int))
    projection: Array | None = None

    @property
    def n_values(self) -> int:
        """How many values of a row are measured, e."""
        return len(self.values)

    @property
    def width(self) -> int:
        """Columns of a row in all that are read."""
        return len(self.values) + len(self.errors) + len(self.projections)

    @property
    def projects(self) -> bool:
        """Whether R is not the identity."""
        return self.projection is not None or len(self.projections) > 0

    @property
    def along_axes(self) -> bool:
        """Whether R is the identity, and all errors are variances."""
        n_errors = len(self.errors) if self.shared is None else len(self.shared)
        return not self.projects and n_errors in (0, self.n_values)

    @cached_property
    def _diagonal(self) -> AnyArray:
        """Where variances stand among the columns that errors have."""
        found = len(self.errors) if self.shared is None else len(self.shared)
        e = self.n_values
        return np.arange(e) if found == e else np.cumsum(np.arange(1, e + 1)) - 1

    def seen(self, rows: AnyArray) -> Array:
        """Return the values (B, e) of rows (B, D), NaN where the error is infinite."""
        found: Array = np.array(rows[:, self.values], dtype=np.float64)
        if self.shared is not None:
            found[:, np.isinf(self.shared[self._diagonal])] = np.nan
        elif len(self.errors):
            found[np.isinf(rows[:, self.errors[self._diagonal]])] = np.nan
        return found

    def read(self, rows: AnyArray) -> Measured:
        """Return rows (B, D) as they were measured."""
        if self.shared is not None:
            errors = self.shared[None]
        elif len(self.errors):
            errors = np.array(rows[:, self.errors], dtype=np.float64)
            errors = errors**2 if self.squares else errors
        else:
            errors = np.zeros((1, self.n_values))
        projections = None if self.projection is None else self.projection[None]
        if len(self.projections):
            flat = np.array(rows[:, self.projections], dtype=np.float64)
            projections = flat.reshape(len(rows), self.n_values, self.n_features)
        return Measured(self.seen(rows), errors, projections)

    def are_exact(self, rows: AnyArray) -> AnyArray:
        """Return which rows (B, D) are seen whole and without error, (B,)."""
        if self.projects or (self.shared is not None and self.shared.any()):
            return np.zeros(len(rows), dtype=bool)
        whole = ~np.isnan(rows[:, self.values]).any(axis=1)
        if len(self.errors):
            whole &= np.all(rows[:, self.errors] == 0, axis=1)
        found: AnyArray = np.asarray(whole)
        return found


def unpacked(errors: Array, n_values: int) -> Array:
    """Return covariances (B, e, e) of variances (B, e), or of lower triangles."""
    found = np.zeros((len(errors), n_values, n_values))
    if errors.shape[1] == n_values:
        found[:, np.arange(n_values), np.arange(n_values)] = errors
        return found
    i, j = np.tril_indices(n_values)
    found[:, i, j] = errors
    found[:, j, i] = errors
    return found
