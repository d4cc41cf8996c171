"""Few features, many patterns: what is not seen is padded, so that all matrices are of one size.

The covariance of what is seen, with ones on the diagonal where nothing is, factorises as it
would alone, and rows with 0 there are whitened as what is seen of them would be.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .base import log_norms

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array

__all__ = ["Padded"]

# Numbers of the matrices that are copied for the rows that are done together.
_STRIP_NUMBERS = 2**16


class Padded:
    """Components of full covariance, under each pattern of some rows.

    Parameters
    ----------
    means, covariances : ndarray (J, d), (J, d, d)
    seen : ndarray of bool (U, d)
        What is seen, of each pattern.
    """

    def __init__(self, means: Array, covariances: Array, seen: AnyArray) -> None:
        self.means, self.covariances = means, covariances
        seen = seen.astype(np.float64)
        both = (seen[:, :, None] * seen[:, None, :])[:, None]
        padding = np.eye(seen.shape[1]) * (1.0 - seen)[:, :, None]
        factors = np.linalg.cholesky(covariances * both + padding[:, None])
        #: Inverse factors (U, J, d, d), and log-determinants (U, J).
        self.factors = np.linalg.inv(factors)
        self.log_det = 2.0 * np.log(np.diagonal(factors, axis1=2, axis2=3)).sum(axis=2)
        self.n_seen = seen.sum(axis=1)
        self._seen, self._missing = seen, 1.0 - seen

    @cached_property
    def gains(self) -> Array:
        """By what is expected of what is missing, (U, J, d, d), given what is seen."""
        # One factor after the other: their product, an inverse, loses what is narrow beside what
        # is wide, and a row far out would be completed by as much of that as it is far.
        cross = self.covariances * self._missing[:, None, :, None] * self._seen[:, None, None]
        return np.asarray(cross @ np.swapaxes(self.factors, 2, 3) @ self.factors)

    @cached_property
    def rest(self) -> Array:
        """The covariances of what is missing (U, J, d, d), given what is seen."""
        missing = self._missing[:, None, :, None] * self._missing[:, None, None, :]
        return np.asarray((self.covariances - self.gains @ self.covariances) * missing)

    def _strips(self, n_rows: int) -> list[slice]:
        step = max(1, _STRIP_NUMBERS // self.covariances.size)
        return [slice(first, first + step) for first in range(0, n_rows, step)]

    def _centred(self, rows: AnyArray) -> Array:
        """Return rows less each component's mean (J, B, d), 0 where nothing is seen."""
        centred = np.asarray(rows - self.means[:, None], dtype=np.float64)
        centred[:, np.isnan(rows)] = 0.0
        return centred

    def write_joint(self, rows: AnyArray, which: AnyArray, log_weights: Array, out: Array) -> None:
        """Write log-joint densities of what is seen of the rows into `out` (J, B).

        `which` (B,) are their patterns.
        """
        norms = log_weights + log_norms(self.n_seen[:, None], self.log_det)
        for part in self._strips(len(rows)):
            own = which[part]
            white = _times(self.factors[own], self._centred(rows[part]))
            out[:, part] = norms[own].T - 0.5 * np.einsum("kij,kij->ki", white, white)

    def add(
        self,
        rows: AnyArray,
        which: AnyArray,
        masses: Array,
        counts: Array,
        shifts: Array,
        scatters: Array,
    ) -> None:
        """Add what is expected of the rows under masses (J, B)."""
        for part in self._strips(len(rows)):
            own, centred = masses[:, part], self._centred(rows[part])
            centred += _times(self.gains[which[part]], centred)
            weighted = centred * own[:, :, None]
            counts += own.sum(axis=1)
            shifts += weighted.sum(axis=1)
            scatters += np.swapaxes(weighted, 1, 2) @ centred
        n_patterns = len(self.n_seen)
        by_pattern = [np.bincount(which, own, n_patterns) for own in masses]
        scatters += np.einsum("ku,ukij->kij", np.array(by_pattern), self.rest)


def _times(matrices: Array, rows: Array) -> Array:
    """Return products (J, B, d) of matrices (B, J, d, d) with rows (J, B, d)."""
    found = np.matmul(matrices, rows.swapaxes(0, 1)[..., None])[..., 0]
    return np.asarray(found.swapaxes(0, 1))
