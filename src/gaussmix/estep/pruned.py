"""The pruned form: a bound says which components matter to a row, and only those are evaluated.

In many dimensions nearly every row belongs to one or two components.  Projected on a
few directions, a squared Mahalanobis distance can only shrink, so a natural form of few
terms bounds all log-densities from above; what cannot come within e^-50 of the row's
largest need not be computed.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import solve_triangular

from ..components.covariances import FullCovariances
from ..components.moments import PRODUCTS
from .base import NEGLIGIBLE_LOG, Kernel, Sums
from .gathered import GatheredSums, by_component, gather, negligible
from .natural import NaturalForm
from .whitened import WhitenedForm

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.statistics import SufficientStatistics
    from ..rows.folds import Index, Workspace

__all__ = ["PrunedForm", "may_pay", "prune"]

# Components times products of features from which a bound pays (measured).
LEAST_PRODUCTS = 8000

# Largest share of (row, component) pairs to evaluate for which pruning pays (measured).
_SHARE = 0.3
# Largest rounding error of the bound, and what is granted to it.
_BOUND_ERROR, _SLACK = 1e-3, 1.0
_BOUND_ERROR_SINGLE = 0.1
# Share of the average variance that is added to the projected covariances: thin ones would make
# the bound inaccurate, and a wider covariance bounds as well.
_WIDENING = 1e-3
# Gathering has a price for each component and block: blocks are long, up to 32 MiB of densities.
_MOST_BYTES_PER_ROW = 256
# Rows that are looked at before all are.
_TRIAL_ROWS = 256


def may_pay(kernel: Kernel) -> bool:
    """Whether to look for a bound: products are many, and far fewer are left when projected.

    The whitened form passes over the rows once for each component, so any bound is cheaper.
    """
    n_terms = kernel.covariances.moment.n_terms(kernel.n_features)
    left = PRODUCTS.n_terms(_count_directions(kernel))
    fewer = isinstance(kernel, WhitenedForm) or n_terms > 2 * left
    return fewer and kernel.n_components * n_terms >= LEAST_PRODUCTS


def prune(dense: Kernel, center: Array, extent: Array) -> Kernel:
    """Return the pruned form of a kernel, or the kernel itself if no bound is accurate.

    All rows lie in the box center +- extent.
    """
    projection = _separating_directions(dense)
    if projection is None:
        return dense
    held = dense.covariances
    values = projection.T @ held.to_dense() @ projection
    values += _WIDENING * np.eye(projection.shape[1])
    shadows = FullCovariances(values, dense.n_components, projection.shape[1])
    means = (dense.means - center) @ projection
    try:
        log_weights = dense.log_weights + held.log_norm() - shadows.log_norm()
        reach = np.maximum(extent @ np.abs(projection), np.abs(means).max(axis=0))
        error = np.finfo(float).eps * shadows.magnitude(reach)
    except np.linalg.LinAlgError:
        return dense
    if not error <= _BOUND_ERROR:
        return dense
    origin = np.zeros(projection.shape[1])
    single = np.finfo(np.float32).eps / np.finfo(float).eps * error <= _BOUND_ERROR_SINGLE
    dtype = np.float32 if single else np.float64
    bound = NaturalForm(log_weights, means, shadows, origin, dense.background, dtype)
    return PrunedForm(dense, bound, center, projection)


def _separating_directions(kernel: Kernel) -> Array | None:
    """Return the directions (d, m) in which components differ most: Fisher's discriminants.

    Projected on them the average covariance is the identity.
    """
    weights = np.exp(kernel.log_weights - kernel.log_weights.max())
    weights /= weights.sum()
    offsets = kernel.means - weights @ kernel.means
    within = np.tensordot(weights, kernel.covariances.to_dense(), axes=1)
    try:
        factor = np.linalg.cholesky(within)
    except np.linalg.LinAlgError:
        return None
    between = solve_triangular(factor, (offsets * np.sqrt(weights)[:, None]).T, lower=True)
    directions = np.linalg.svd(between, full_matrices=False)[0]
    chosen = directions[:, : _count_directions(kernel)]
    return solve_triangular(factor, chosen, lower=True, trans="T")


def _count_directions(kernel: Kernel) -> int:
    return min(ceil(sqrt(4.5 * kernel.n_features)), kernel.n_components - 1)


class _Sums(Sums):
    """Running sums: gathered rows of pruned blocks, and what the dense form adds up."""

    def __init__(self, gathered: GatheredSums, dense: Any) -> None:
        super().__init__()
        self.gathered = gathered
        self.dense = dense
        #: Whether there were rows to which too much matters to prune; None before any were seen.
        self.crowded: bool | None = None


class PrunedForm(Kernel):
    """E-step of a dense form, less what a bound shows to be negligible.

    Parameters
    ----------
    dense : Kernel
        Takes the blocks in which many components matter to many rows.
    bound : NaturalForm
        Of the projected rows; never below the log-joint densities, but for rounding.
    center : ndarray (d,)
    projection : ndarray (d, m)
    """

    def __init__(self, dense: Kernel, bound: NaturalForm, center: Array, projection: Array) -> None:
        self.dense, self.bound = dense, bound
        super().__init__(dense.log_weights, dense.means, dense.covariances, dense.background)
        self.projection, self._shift = projection, center @ projection
        self._constants = self.log_weights + self.covariances.log_norm()
        self.bytes_per_row = min(dense.bytes_per_row, max(_MOST_BYTES_PER_ROW, self.n_joint))

    @property
    def light(self) -> bool:
        return False

    @property
    def known(self) -> AnyArray | None:
        """Known components of rows (n,), -1 where unknown."""
        return self.dense.known

    @known.setter
    def known(self, known: AnyArray | None) -> None:
        self.dense.known = known

    def log_joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        joint = self._pruned(rows, workspace)
        return self.dense.log_joint(rows, workspace) if joint is None else joint

    def _pruned(
        self, rows: AnyArray, workspace: Workspace, known: AnyArray | None = None
    ) -> Array | None:
        """Return log-joint densities (n_joint, B), exact where they matter; None if most do.

        Elsewhere they are upper bounds, which are negligible too.
        """
        bounds = self._bounds(rows, workspace)
        joint: Array = workspace.array("exact", *bounds.shape)
        joint[...] = bounds
        components = joint[: self.n_components]
        nearest = components == components.max(axis=0)
        self._evaluate(components, nearest, rows, workspace)
        # The bound of any other component is compared with what the nearest one reaches.
        least = np.where(nearest, components, -np.inf).max(axis=0)
        if self.background is not None:
            np.maximum(least, self.background, out=least)
        worth = components > least + (NEGLIGIBLE_LOG - _SLACK)
        worth &= ~nearest
        if known is not None:
            labelled = np.flatnonzero(known >= 0)
            worth[known[labelled], labelled] = True
        if np.count_nonzero(worth) > _SHARE * worth.size:
            return None
        self._evaluate(components, worth, rows, workspace)
        return joint

    def _bounds(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return upper bounds of the log-joint densities, shape (n_joint, B)."""
        projected: Array = workspace.array("projected", len(rows), self.projection.shape[1])
        np.matmul(rows, self.projection, out=projected)
        projected -= self._shift
        return self.bound.log_joint(projected, workspace)

    def _is_crowded(self, rows: AnyArray, workspace: Workspace) -> bool:
        """Whether too many components seem to matter to rows for pruning to pay."""
        bounds = self._bounds(rows, workspace)
        # A bound lacks half the expected distance in the directions that it does not see.
        lacking = 0.5 * (self.n_features - self.projection.shape[1])
        near = bounds > bounds.max(axis=0) + (NEGLIGIBLE_LOG - _SLACK - lacking)
        return bool(np.count_nonzero(near) > _SHARE * near.size)

    def _evaluate(
        self, joint: Array, chosen: AnyArray, rows: AnyArray, workspace: Workspace
    ) -> None:
        """Write the exact log-joint densities of chosen pairs, a mask (K, B)."""
        for k, places in by_component(chosen):
            centred = gather(rows, places, self.means[k], workspace)
            distances = self.covariances.mahalanobis(k, centred)
            joint[k, places] = self._constants[k] - 0.5 * distances

    # -- the fold -------------------------------------------------------------

    def open(self) -> _Sums:
        gathered = GatheredSums(self.means, self.covariances.moment)
        return _Sums(gathered, self.dense.open())

    def add(
        self,
        state: _Sums,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        if state.crowded is None:
            state.crowded = self._is_crowded(rows[:_TRIAL_ROWS], workspace)
        joint = None
        if not state.crowded:
            joint = self._pruned(rows, workspace, None if self.known is None else self.known[index])
        if joint is None:
            state.crowded = True
            self.dense.add(state.dense, rows, weights, index, workspace)
            return
        responsibilities = self.responsibilities(state, joint, weights, index)
        state.gathered.add(rows, responsibilities, negligible(weights), workspace)

    def close(self, state: _Sums) -> SufficientStatistics:
        pruned = replace(
            state.gathered.statistics(),
            log_likelihood=state.log_likelihood,
            n_rows=state.n_rows,
            noise=state.noise,
        )
        return pruned.merge(self.dense.close(state.dense))
