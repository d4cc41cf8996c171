"""EEE: ellipsoids all alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from ..cost import Cost
from ..sums import squared_norms

if TYPE_CHECKING:
    from ...._typing import AnyArray, Array
    from ..clusters import Clusters

# More than a rounding error of the numbers it is a share of.
_MARGIN = 1e-14


class EEE(Cost):
    """The determinant of the pooled scatter matrix W (Fraley 1998, section 2.3).

    A merge adds the square of its offset v to W, and det(W + v v') = det(W) (1 + v' W^-1 v).
    So merges cost squared distances between means whitened by W.  They fall as W grows,
    but det(W) v' W^-1 v never does.

    While W is small, det(W) < det(T / d) with T the scatter matrix of all rows, merges cost
    what they do in EII: W is singular at first, and for a while has no shape (as in mclust).
    """

    name = "EEE"
    bounds_are_costs = False

    def __init__(self, clusters: Clusters) -> None:
        super().__init__(clusters)
        d = clusters.n_features
        regular = _is_regular(clusters.total)
        self.threshold = np.linalg.slogdet(clusters.total / d)[1] if regular else np.inf
        self.factor = self._factor()
        self._whiten()

    def bounds(self, rows: AnyArray, stop: int) -> Array:
        # As a matrix product, less what may have been lost when large numbers were subtracted.
        kept = 1.0 - _MARGIN * (self.clusters.n_features + 4)
        norms = kept * self.norms
        out = (-2.0 * self.white[:, rows].T) @ self.white[:, :stop]
        out += norms[rows, None]
        out += norms[:stop]
        out *= self._shares(self.clusters.counts[rows, None], self.clusters.counts[:stop])
        return np.maximum(out, 0.0, out=out)

    def pair_costs(self, own: AnyArray, others: AnyArray) -> Array:
        counts = self.clusters.counts
        squares = squared_norms(self.white[:, own] - self.white[:, others])
        return squares * self._shares(counts[own], counts[others])

    def merged(self, i: int, offset: Array) -> float:
        before, self.factor = self.factor, self._factor()
        self._whiten()
        if before is None:
            return 1.0 if self.factor is None else 0.0
        white = solve_triangular(before, offset, lower=True)
        return float(1.0 / (1.0 + white @ white)) * (1.0 - _MARGIN)

    def _whiten(self) -> None:
        means = self.clusters.means
        self.white = (
            means if self.factor is None else solve_triangular(self.factor, means, lower=True)
        )
        self.norms = squared_norms(self.white)

    @staticmethod
    def _shares(first: Array, second: Array) -> Array:
        return first * second / (first + second)

    def _factor(self) -> Array | None:
        """Return the lower Cholesky factor of W, None while W is small."""
        pooled = self.clusters.pooled
        sign, log_det = np.linalg.slogdet(pooled)
        if sign <= 0 or log_det <= self.threshold:
            return None
        return np.asarray(np.linalg.cholesky(pooled), dtype=np.float64)


def _is_regular(scatter: Array) -> bool:
    """Whether a scatter matrix (d, d) has an inverse in float64, whatever the features' units."""
    scale = np.sqrt(np.diagonal(scatter))
    if len(scale) == 0 or not (scale > 0).all():
        return False
    smallest = np.linalg.eigvalsh(scatter / scale / scale[:, None])[0]
    return bool(smallest > 100 * len(scale) * np.finfo(float).eps)
