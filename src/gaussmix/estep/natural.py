"""The natural form: log-densities are linear in features of a row.

With phi(x) = [1, x, second(x)] an E-step is two matrix products around a
softmax: L = Theta phi, R = softmax(L), S = R phi'.  It is the fastest form while
the features of a block stay in cache, and accurate while
eps * max |x|' |P| |x| is small (rows are centred first).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.statistics import SufficientStatistics
from ..rows.folds import BLOCK_BYTES
from .base import Kernel, Sums
from .gathered import GatheredSums, negligible

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.moments import Moment
    from ..rows.folds import Index, Workspace

__all__ = ["NaturalForm", "NaturalSums", "features_of", "moments_to_statistics"]

# With at least this many products of features, and at most this share of responsibilities
# that are not negligible, gathering rows beats the second matrix product (measured).
_GATHER_TERMS = 300
_GATHER_SHARE = 0.2


# Blocks of more than 16384 rows leave the cache, whatever they hold (measured).
_LEAST_BYTES_PER_ROW = 256


class NaturalSums(Sums):
    """Running sums: R phi' of most blocks, gathered rows of sparse ones."""

    def __init__(self, n_components: int, n_terms: int) -> None:
        super().__init__()
        self.moments = np.zeros((n_components, n_terms))
        self.gathered: GatheredSums | None = None


def features_of(
    rows: AnyArray,
    center: Array,
    second: Moment | None,
    workspace: Workspace,
    dtype: type = np.float64,
) -> Array:
    """Return [1, x, second(x)] of rows (B, d) about `center` (d,), shape (n_terms, B)."""
    d = len(center)
    n_terms = 1 + d + (0 if second is None else second.n_terms(d))
    features: Array = workspace.array("features", n_terms, len(rows), dtype=dtype)
    features[0] = 1.0
    np.subtract(rows.T, center[:, None], out=features[1 : d + 1], casting="same_kind")
    if second is not None:
        second.write(features[1 : d + 1], features[d + 1 :])
    return features


def moments_to_statistics(moments: Array, center: Array, moment: Moment) -> SufficientStatistics:
    """Return statistics for sums of features (K, n_terms) about `center`: (d,), or (K, d).

    Features [1, x] alone give statistics without scatters.
    """
    d, counts = center.shape[-1], moments[:, 0]
    occupied = counts > 0
    offsets = moments[:, 1 : d + 1] / np.where(occupied, counts, 1.0)[:, None]
    scatters = None
    if moments.shape[1] > d + 1:
        raw = moment.unpack(moments[:, d + 1 :], d)
        scatters = raw - moment.expand(counts) * moment.outer(offsets)
    means = np.where(occupied[:, None], offsets + center, 0.0)
    return SufficientStatistics(counts, means, scatters, moment)


class NaturalForm(Kernel):
    """E-step by natural parameters about `center` (d,).

    For shared covariances the quadratic term is the same for all components and
    is left out: features are [1, x] and the statistics hold first moments only.
    A background, which has no such term, is for covariances that are not shared.

    In float32 the arithmetic within a block costs about half, and the sums over blocks
    stay float64.
    """

    def __init__(
        self,
        log_weights: Array,
        means: Array,
        covariances: Covariances,
        center: Array,
        background: float | None = None,
        dtype: type = np.float64,
    ) -> None:
        super().__init__(log_weights, means, covariances, background)
        self.center, self.dtype = center, dtype
        natural = covariances.natural(means - center)
        self._second = None if natural.quadratic is None else covariances.moment
        d = self.n_features
        n_terms = 0 if natural.quadratic is None else natural.quadratic.shape[1]
        self.theta = np.zeros((self.n_joint, 1 + d + n_terms))
        components = self.theta[: self.n_components]
        components[:, 0] = log_weights + natural.constant
        components[:, 1 : d + 1] = natural.linear
        if natural.quadratic is not None:
            components[:, d + 1 :] = natural.quadratic
        if background is not None:
            self.theta[-1, 0] = background
        self.theta = self.theta.astype(dtype, copy=False)
        self._lay_out()

    def _lay_out(self) -> None:
        """Decide how long blocks are, and the strips in which wide features are written."""
        wide = self._second is not None and self.theta.shape[1] >= _GATHER_TERMS
        # Wide features are built strip by strip, so that blocks can stay long: gathering has
        # a price for each component and block.
        width = self.n_features if wide else self.theta.shape[1]
        needed = self.theta.itemsize * (width + self.n_joint + 4)
        self.bytes_per_row = max(_LEAST_BYTES_PER_ROW, needed)
        self._strip = max(64, BLOCK_BYTES // (self.theta.itemsize * self.theta.shape[1]))
        self._may_gather = wide

    def log_joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        return self._products(rows, workspace)

    def _products(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return log-joint densities, and leave the features of the last strip in the workspace."""
        out: Array = workspace.array("joint", self.n_joint, len(rows), dtype=self.dtype)
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
        return features_of(rows, self.center, self._second, workspace, self.dtype)

    # -- the fold -------------------------------------------------------------

    def open(self) -> NaturalSums:
        return NaturalSums(self.n_components, self.theta.shape[1])

    def add(
        self,
        state: NaturalSums,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        joint = self._products(rows, workspace)
        responsibilities = self.responsibilities(state, joint, weights, index)
        self._add_moments(state, rows, responsibilities, negligible(weights), workspace)

    def _add_moments(
        self,
        state: NaturalSums,
        rows: AnyArray,
        responsibilities: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        """Add moments under responsibilities (K, B) that `_products` has just led to."""
        if self._is_sparse(responsibilities, threshold):
            if state.gathered is None:
                state.gathered = GatheredSums(self.means, self.covariances.moment)
            state.gathered.add(rows, responsibilities, threshold, workspace)
            return
        strips = self._strips(len(rows))
        for part in strips:
            features = (
                self._still_filled(len(rows), workspace)
                if len(strips) == 1
                else self._features(rows[part], workspace)
            )
            state.moments += responsibilities[:, part] @ features.T

    def _still_filled(self, n_rows: int, workspace: Workspace) -> Array:
        """Return the features that `_products` has left in the workspace."""
        return workspace.array("features", self.theta.shape[1], n_rows, dtype=self.dtype)

    def _is_sparse(self, responsibilities: Array, threshold: float) -> bool:
        if not self._may_gather:
            return False
        kept = int(np.count_nonzero(responsibilities > threshold))
        return kept < _GATHER_SHARE * responsibilities.size

    def close(self, state: NaturalSums) -> SufficientStatistics:
        statistics = replace(
            moments_to_statistics(state.moments, self.center, self.covariances.moment),
            log_likelihood=state.log_likelihood,
            n_rows=state.n_rows,
            noise=state.noise,
        )
        if state.gathered is None:
            return statistics
        return statistics.merge(state.gathered.statistics())
