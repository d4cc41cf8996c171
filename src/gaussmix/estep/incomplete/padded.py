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
    from ...rows.patterns import Patterns

__all__ = ["Padded"]

# Rows that are done together: a matrix is copied for each.
_STRIP = 1024


class Padded:
    """Components of full covariance, under each pattern of some rows.

    Parameters
    ----------
    means, covariances : ndarray (J, d), (J, d, d)
    patterns : Patterns
        Of rows (B, d).
    """

    def __init__(self, means: Array, covariances: Array, patterns: Patterns) -> None:
        self.means, self.covariances, self.patterns = means, covariances, patterns
        seen = patterns.seen.astype(np.float64)
        self._both = (seen[:, :, None] * seen[:, None, :])[:, None]
        padding = np.eye(seen.shape[1]) * (1.0 - seen)[:, :, None]
        factors = np.linalg.cholesky(covariances * self._both + padding[:, None])
        #: Inverse factors (U, J, d, d), and log-determinants (U, J).
        self.factors = np.linalg.inv(factors)
        self.log_det = 2.0 * np.log(np.diagonal(factors, axis1=2, axis2=3)).sum(axis=2)
        self.n_seen = seen.sum(axis=1)
        self._missing = 1.0 - seen

    @cached_property
    def gains(self) -> Array:
        """By what is expected of what is missing, (U, J, d, d), given what is seen."""
        inverses = np.swapaxes(self.factors, 2, 3) @ self.factors * self._both
        return np.asarray(self.covariances * self._missing[:, None, :, None] @ inverses)

    @cached_property
    def rest(self) -> Array:
        """The covariances of what is missing (U, J, d, d), given what is seen."""
        missing = self._missing[:, None, :, None] * self._missing[:, None, None, :]
        return np.asarray((self.covariances - self.gains @ self.covariances) * missing)

    def _strips(self) -> list[slice]:
        n_rows = len(self.patterns.which)
        return [slice(first, first + _STRIP) for first in range(0, n_rows, _STRIP)]

    def _centred(self, k: int, rows: AnyArray) -> Array:
        centred = np.asarray(rows - self.means[k], dtype=np.float64)
        centred[np.isnan(centred)] = 0.0
        return centred

    def write_joint(self, rows: AnyArray, log_weights: Array, out: Array) -> None:
        """Write log-joint densities of what is seen of the rows into `out` (J, B)."""
        norms = log_weights + log_norms(self.n_seen[:, None], self.log_det)
        for part in self._strips():
            which = self.patterns.which[part]
            for k in range(len(self.means)):
                centred = self._centred(k, rows[part])
                white = np.matmul(self.factors[which, k], centred[:, :, None])[:, :, 0]
                out[k, part] = norms[which, k] - 0.5 * np.einsum("ij,ij->i", white, white)

    def expected(self, k: int, rows: AnyArray, which: AnyArray) -> Array:
        """Return rows as component k expects them, less its mean."""
        centred = self._centred(k, rows)
        centred += np.matmul(self.gains[which, k], centred[:, :, None])[:, :, 0]
        return centred

    def add(
        self, rows: AnyArray, masses: Array, counts: Array, shifts: Array, scatters: Array
    ) -> None:
        """Add what is expected of the rows under masses (J, B)."""
        for part in self._strips():
            which = self.patterns.which[part]
            for k in range(len(self.means)):
                own = masses[k, part]
                centred = self.expected(k, rows[part], which)
                counts[k] += own.sum()
                shifts[k] += own @ centred
                scatters[k] += (centred * own[:, None]).T @ centred
        n_patterns = len(self.n_seen)
        for k, own in enumerate(masses):
            by_pattern = np.bincount(self.patterns.which, own, n_patterns)
            scatters[k] += np.tensordot(by_pattern, self.rest[:, k], 1)
