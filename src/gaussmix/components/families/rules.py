"""Volume and shape: how variances along given axes are tied across components.

A covariance is volume x axes x shape x axes' (Banfield & Raftery 1993).  Once the
axes are known (coordinates, each component's own, or common ones) only variances
along them are left, and mclust's first two letters say how those are tied.  Each
rule here minimises

    sum_k [ n_k sum_j log v_kj + sum_j s_kj / v_kj ]

over variances v (K, d) of its form, for scatters s (K, d) along the axes and
counts n (K,) (Celeux & Govaert 1995, sections 3 and 4).  Of several mixtures, whose
components `groups` tell apart, each is minimised by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...numerics.matrices import without_factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._typing import AnyArray, Array
    from ...numerics.groups import Groups
    from ..covariances import Covariances

__all__ = [
    "EE",
    "EV",
    "VE",
    "VV",
    "Rule",
    "VolumeState",
    "best_volumes",
    "definite",
    "estimate_others",
    "geometric_mean",
    "without_scatter",
]

# Inner iterations stop when no derivative of the objective by a log-volume exceeds this a row.
_INNER_TOLERANCE = 1e-12
_MAX_INNER = 50
_ROUNDING = 1e-12
_SMALLEST_VOLUME = 1e-40
# Share of the pooled scatter that is rounding; well below the floor of covariances.
_NO_SCATTER = 1e-13


class Rule(ABC):
    """Two letters: volume, then shape; Equal or Varying over components."""

    @abstractmethod
    def __call__(
        self,
        scatters: Array,
        counts: Array,
        groups: Groups,
        previous: Covariances | None = None,
    ) -> Array:
        """Return variances (K, d), or (1, d) if there is one group and all are equal.

        `previous` is where an inner iteration starts.
        """

    @abstractmethod
    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free variances."""


class EqualVolumeAndShape(Rule):
    """v_j = sum_k s_kj / n."""

    def __call__(
        self,
        scatters: Array,
        counts: Array,
        groups: Groups,
        previous: Covariances | None = None,
    ) -> Array:
        return groups.spread(groups.sum(scatters) / groups.sum(counts)[:, None])

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_features


class EqualShape(Rule):
    """v_kj = volume_k shape_j: the shape is the same, volumes are found by iteration."""

    def __call__(
        self,
        scatters: Array,
        counts: Array,
        groups: Groups,
        previous: Covariances | None = None,
    ) -> Array:
        lost = without_scatter(scatters, counts, groups)
        if lost.any():
            return estimate_others(self, scatters, counts, groups, previous, lost)
        scatters = np.maximum(scatters, 0.0)  # rounding may leave less

        def state(volumes: Array) -> VolumeState:
            each = scatters / volumes[:, None]
            pooled = groups.sum(each)
            shares = each / groups.spread(pooled)
            padded = shares[groups.places]
            return VolumeState(
                volumes,
                pooled,
                np.log(pooled).sum(axis=1),
                shares.sum(axis=1),
                padded @ np.swapaxes(padded, 1, 2),
            )

        best = best_volumes(counts, groups, scatters.shape[1], state, previous)
        sizes = best.volumes / groups.spread(groups.sum(counts))
        return sizes[:, None] * groups.spread(best.pooled)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components + n_features - 1


class EqualVolume(Rule):
    """v_kj = volume s_kj / |s_k|^(1/d), volume = sum_k |s_k|^(1/d) / n."""

    def __call__(
        self,
        scatters: Array,
        counts: Array,
        groups: Groups,
        previous: Covariances | None = None,
    ) -> Array:
        scatters = np.maximum(scatters, 0.0)  # rounding may leave less
        sizes = geometric_mean(scatters)
        volumes = groups.spread(groups.sum(sizes) / groups.sum(counts))
        return scatters * (volumes / sizes)[:, None]

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return 1 + n_components * (n_features - 1)


class Free(Rule):
    """v_kj = s_kj / n_k."""

    def __call__(
        self,
        scatters: Array,
        counts: Array,
        groups: Groups,
        previous: Covariances | None = None,
    ) -> Array:
        return scatters / counts[:, None]

    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features


EE, VE, EV, VV = EqualVolumeAndShape(), EqualShape(), EqualVolume(), Free()


def geometric_mean(values: Array) -> Array:
    """Return the geometric mean over the last axis."""
    return np.exp(np.log(values).mean(axis=-1))


@dataclass(frozen=True, eq=False)
class VolumeState:
    """Volumes of covariances that are multiples of one matrix S, and what follows from them.

    Of each of G groups, that is; K are the components of the largest.

    Attributes
    ----------
    volumes : ndarray (J,)
    pooled : ndarray (G, ...)
        S = sum_k W_k / volume_k, held as the scatters are.
    log_det : ndarray (G,)
        Of S.
    traces : ndarray (J,)
        trace(T_k), T_k = S^-1 W_k / volume_k.
    products : ndarray (G, K, K)
        trace(T_k T_l), placed as ``groups.places``.
    """

    volumes: Array
    pooled: Array
    log_det: Array
    traces: Array
    products: Array


def best_volumes(
    counts: Array,
    groups: Groups,
    n_features: int,
    state: Callable[[Array], VolumeState],
    previous: Covariances | None,
) -> VolumeState:
    """Return the volumes for which Sigma_k = volume_k S / n is the best of that form.

    In the logarithms of the volumes the objective, sum_k n_k d log volume_k +
    n log |S|, is convex: Newton's method finds its minimum.  Where a step of it does
    not go down, the alternation of Celeux & Govaert (1995, section 3.4) does.  Groups
    that are there stay, while others move.
    """
    totals = groups.sum(counts)
    n = groups.spread(totals)

    def objective(found: VolumeState) -> Array:
        return n_features * groups.sum(counts * np.log(found.volumes)) + totals * found.log_det

    if previous is None:
        now = state(np.ones(len(counts)))
        # Only ratios count; in the unit of the weights the sum S might overflow.
        unit = groups.spread(np.exp2(np.round(np.log2(totals))))
        now = state(now.traces / counts * unit)
    else:
        now = state(np.exp(previous.log_det() / n_features))
    value = objective(now)
    for _ in range(_MAX_INNER):
        slope = n_features * counts - n * now.traces
        moving = groups.any(np.abs(slope) > _INNER_TOLERANCE * n)
        if not moving.any():
            break
        before, value_before = now, value
        step = np.where(groups.spread(moving), _newton_step(before, slope, totals, groups), 0.0)
        now = state(_bounded(before.volumes * np.exp(step), groups))
        value = objective(now)
        # Close to the minimum the objective changes by less than its rounding.
        worse = moving & ~(value <= value_before + _ROUNDING * totals)
        if worse.any():
            other = _bounded(before.volumes * n * before.traces / (n_features * counts), groups)
            now = state(np.where(groups.spread(worse), other, now.volumes))
            value = objective(now)
    return now


def without_scatter(own: Array, counts: Array, groups: Groups) -> AnyArray:
    """Return which components (K,) have no scatter `own` (K, d) along any axis but by rounding.

    Subtracting large numbers may leave less than nothing, and their volumes would be
    sought for ever.
    """
    average = groups.spread(groups.sum(own) / groups.sum(counts)[:, None])
    return np.asarray((own <= _NO_SCATTER * counts[:, None] * average).all(axis=1))


def definite(scatters: Array, counts: Array, groups: Groups) -> Array:
    """Return matrices (K, d, d), those that rounding left indefinite a little wider.

    Of a component without scatter in some direction the best volume may be 0; less than
    nothing in that direction would make it infinite.
    """
    indefinite = without_factor(scatters)
    if not indefinite.any():
        return scatters
    widened = groups.spread(groups.any(indefinite))
    shares = np.where(widened, counts / groups.spread(groups.sum(counts)), 0.0)
    own = np.diagonal(scatters, axis1=1, axis2=2)
    least = shares[:, None] * (_NO_SCATTER * groups.spread(groups.sum(own)))
    return scatters + least[:, :, None] * np.eye(scatters.shape[1])


def estimate_others(
    estimate: Callable[[Array, Array, Groups, Covariances | None], Array],
    scatters: Array,
    counts: Array,
    groups: Groups,
    previous: Covariances | None,
    lost: AnyArray,
) -> Array:
    """Return what `estimate` does of the components not `lost` (K,), and 0 for those."""
    values = np.zeros_like(scatters)
    kept: AnyArray = np.flatnonzero(~lost)
    if len(kept):
        before = None if previous is None else previous.take(kept)
        values[kept] = estimate(scatters[kept], counts[kept], groups.some(kept), before)
    return values


def _newton_step(state: VolumeState, slope: Array, totals: Array, groups: Groups) -> Array:
    present = groups.present
    traces, slope = (np.where(present, part[groups.places], 0.0) for part in (state.traces, slope))
    n = totals[:, None, None]
    # All volumes times one number are the same covariances: the ones fix that direction.
    curvature = n / groups.counts[:, None, None] - n * state.products
    curvature *= present[:, :, None] & present[:, None, :]
    diagonal = np.einsum("gkk->gk", curvature)
    diagonal += totals[:, None] * np.where(present, traces + 1e-12, 1.0)
    steps = np.linalg.solve(curvature, -slope[:, :, None])[:, :, 0]
    return np.clip(steps[present], -2.0, 2.0)


def _bounded(volumes: Array, groups: Groups) -> Array:
    # A component without any scatter must not take the others with it.
    return np.maximum(volumes, _SMALLEST_VOLUME * groups.spread(groups.max(volumes)))
