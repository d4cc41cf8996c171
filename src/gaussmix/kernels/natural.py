"""The natural form: log-densities are linear in features of a row.

With phi(x) = [1, x, second(x)] an E-step is two matrix products around a
softmax: L = Theta phi, R = softmax(L), S = R phi'.  It is the fastest form while
the features of a block stay in cache, and accurate while
eps * max |x|' |P| |x| is small (rows are centred first).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..blocks import BLOCK_BYTES
from ..statistics import SufficientStatistics
from .base import Kernel, weigh
from .gathered import NEGLIGIBLE, GatheredSums

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..blocks import Index, Workspace
    from ..covariances import Covariances

__all__ = ["NaturalForm"]

# With at least this many products of features, and at most this share of responsibilities
# that are not negligible, gathering rows beats the second matrix product (measured).
_GATHER_TERMS = 300
_GATHER_SHARE = 0.2


class _Sums:
    """Running sums: R phi' of most blocks, gathered rows of sparse ones."""

    def __init__(self, n_components: int, n_terms: int) -> None:
        self.moments = np.zeros((n_components, n_terms))
        self.gathered: GatheredSums | None = None
        self.log_likelihood = 0.0
        self.n_rows = 0


class NaturalForm(Kernel):
    """E-step by natural parameters about `center` (d,).

    For shared covariances the quadratic term is the same for all components and
    is left out: features are [1, x] and the statistics hold first moments only.
    """

    def __init__(
        self, log_weights: Array, means: Array, covariances: Covariances, center: Array
    ) -> None:
        super().__init__(log_weights, means, covariances)
        self.center = center
        natural = covariances.natural(means - center)
        self._second = None if natural.quadratic is None else covariances.moment
        d = self.n_features
        n_terms = 0 if natural.quadratic is None else natural.quadratic.shape[1]
        self.theta = np.empty((self.n_components, 1 + d + n_terms))
        self.theta[:, 0] = log_weights + natural.constant
        self.theta[:, 1 : d + 1] = natural.linear
        if natural.quadratic is not None:
            self.theta[:, d + 1 :] = natural.quadratic
        wide = self._second is not None and self.theta.shape[1] >= _GATHER_TERMS
        # Wide features are built strip by strip, so that blocks can stay long: gathering has
        # a price for each component and block.
        width = self.n_features if wide else self.theta.shape[1]
        self.bytes_per_row = 8 * (width + self.n_components + 4)
        self._strip = max(64, BLOCK_BYTES // (8 * self.theta.shape[1]))
        self._may_gather = wide

    def log_joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        out = workspace.array("joint", self.n_components, len(rows))
        for part in self._strips(len(rows)):
            np.matmul(self.theta, self._features(rows[part], workspace), out=out[:, part])
        return out

    def _strips(self, n_rows: int) -> list[slice]:
        return [slice(i, i + self._strip) for i in range(0, n_rows, self._strip)]

    def row_terms(self, rows: AnyArray) -> Array | float:
        if self._second is not None:
            return 0.0
        return -0.5 * self.covariances.mahalanobis(0, rows - self.center)

    def _features(self, rows: AnyArray, workspace: Workspace) -> Array:
        d = self.n_features
        features = workspace.array("features", self.theta.shape[1], len(rows))
        features[0] = 1.0
        np.subtract(rows.T, self.center[:, None], out=features[1 : d + 1])
        if self._second is not None:
            self._second.write(features[1 : d + 1], features[d + 1 :])
        return features

    # -- the fold -------------------------------------------------------------

    def open(self) -> _Sums:
        return _Sums(*self.theta.shape)

    def add(
        self,
        state: _Sums,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        responsibilities = self.log_joint(rows, workspace)
        state.log_likelihood += weigh(responsibilities, weights)
        state.n_rows += len(rows)
        if self._is_sparse(responsibilities):
            if state.gathered is None:
                state.gathered = GatheredSums(self.means, self.covariances.moment)
            state.gathered.add(rows, responsibilities, workspace)
            return
        strips = self._strips(len(rows))
        for part in strips:
            features = (
                workspace.array("features", self.theta.shape[1], len(rows))  # still filled
                if len(strips) == 1
                else self._features(rows[part], workspace)
            )
            state.moments += responsibilities[:, part] @ features.T

    def _is_sparse(self, responsibilities: Array) -> bool:
        if not self._may_gather:
            return False
        kept = int(np.count_nonzero(responsibilities > NEGLIGIBLE))
        return kept < _GATHER_SHARE * responsibilities.size

    def close(self, state: _Sums) -> SufficientStatistics:
        d = self.n_features
        counts = state.moments[:, 0]
        occupied = counts > 0
        offsets = state.moments[:, 1 : d + 1] / np.where(occupied, counts, 1.0)[:, None]
        scatters = None
        moment = self.covariances.moment
        if self._second is not None:
            raw = moment.unpack(state.moments[:, d + 1 :], d)
            scatters = raw - moment.expand(counts) * moment.outer(offsets)
        statistics = SufficientStatistics(
            counts=counts,
            means=np.where(occupied[:, None], offsets + self.center, 0.0),
            scatters=scatters,
            moment=moment,
            log_likelihood=state.log_likelihood,
            n_rows=state.n_rows,
        )
        if state.gathered is None:
            return statistics
        return statistics.merge(state.gathered.statistics())
