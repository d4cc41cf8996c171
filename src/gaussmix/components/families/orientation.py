"""The axes that K scatters have in common, as nearly as they can.

Common principal components (Flury 1984): the orthogonal D for which the rule's
objective on the diagonals of D' W_k D is least.  Each group of scatters has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...numerics.matrices import axes_of

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...numerics.groups import Groups
    from ..covariances import Covariances
    from .rules import Rule

__all__ = ["best_axes"]

# Stop when a step lowers the objective by less than this a row.
_TOLERANCE = 1e-10
_MAX_STEPS = 200
_MAX_HALVINGS = 12
# Weights of no simple ratio: a sum of matrices so weighted has a repeated eigenvalue only
# where all of them have.
_GOLDEN = 0.6180339887498949
# Variances along two axes are equal if they differ by no more than this share, and the axes
# are not those of a scatter if its correlation along them is more than that.
_TIED = 1e-9
_SKEW = 1e-6


def best_axes(
    scatters: Array, counts: Array, groups: Groups, rule: Rule, previous: Covariances | None
) -> tuple[Array, Array]:
    """Return the axes D (J, d, d), in columns, and the rule's variances (J, d) along them.

    The axes of a single group are (1, d, d).

    Each step turns every pair of axes by the angle that would be best if the
    variances and the other pairs stayed as they are (Flury & Gautschi 1986, all
    pairs at once), or by less if that would raise the objective, which therefore
    never rises.  Starts from the axes of `previous`, or from the coordinates.
    """
    if previous is None:
        axes = np.tile(np.eye(scatters.shape[1]), (len(groups), 1, 1))
    else:
        axes = _axes_of(previous.values, groups)
    search = _Search(scatters, counts, groups, rule, axes)
    search.descend()
    return groups.spread(search.axes), search.variances


def _axes_of(matrices: Array, groups: Groups) -> Array:
    """Return common eigenvectors (G, d, d) of matrices (J, d, d) of which groups have the same."""
    traces = np.einsum("kii->k", matrices)
    # In shares of the largest: a product with the variance of a small unit would underflow.
    weights = _unalike(groups) / (traces / groups.spread(groups.max(traces)))
    return axes_of(groups.sum(weights[:, None, None] * matrices))[1]


def _unalike(groups: Groups) -> Array:
    """Return weights (J,) for sums of matrices, of no simple ratio within a group."""
    number = np.arange(1, groups.bounds[-1] + 1) - groups.spread(groups.first)
    return np.asarray(1.0 + (number * _GOLDEN) % 1.0)


class _Search:
    """Descent over rotations; `rotated` are the scatters in the current axes."""

    def __init__(
        self, scatters: Array, counts: Array, groups: Groups, rule: Rule, axes: Array
    ) -> None:
        self.counts, self.groups, self.rule, self.axes = counts, groups, rule, axes
        self.least = _TOLERANCE * groups.sum(counts)
        self.rotated = self._turned(scatters, axes)
        self.variances, self.objective = self._evaluate(self.rotated)

    def _turned(self, scatters: Array, axes: Array) -> Array:
        each = self.groups.spread(axes)
        return np.asarray(np.swapaxes(each, 1, 2) @ scatters @ each)

    def _evaluate(self, rotated: Array) -> tuple[Array, Array]:
        own = np.diagonal(rotated, axis1=1, axis2=2)
        variances = self.rule(own, self.counts, self.groups)
        return variances, self.groups.sum(self.counts * np.log(variances).sum(axis=1))

    def descend(self) -> None:
        moving = np.ones(len(self.groups), dtype=bool)
        for number in range(_MAX_STEPS):
            before = self.objective
            moving &= self._step(moving, first=number == 0) & ~(
                before - self.objective < self.least
            )
            if not moving.any():
                return

    def _step(self, wanted: AnyArray, *, first: bool) -> AnyArray:
        """Turn all axes of the groups `wanted` (G,); say which a turn has lowered.

        At the `first` step axes may be those of equal variances; later ones lead there no more.
        """
        angles = self._untied(self._angles()) if first else self._angles()
        if not wanted.all():
            angles = np.where(wanted[:, None, None], angles, 0.0)
        unit = np.eye(angles.shape[1])
        waiting, lowered = wanted, np.zeros(len(wanted), dtype=bool)
        for _ in range(_MAX_HALVINGS):
            # Cayley's transform of an antisymmetric matrix is a rotation.
            turn: Array = np.asarray(
                np.linalg.solve(unit - 0.5 * angles, unit + 0.5 * angles), dtype=np.float64
            )
            rotated = self._turned(self.rotated, turn)
            variances, objective = self._evaluate(rotated)
            better = waiting & (objective < self.objective)
            self._accept(better, turn, rotated, variances, objective)
            lowered |= better
            waiting = waiting & ~better
            if not waiting.any():
                break
            angles = np.where(waiting[:, None, None], 0.5 * angles, 0.0)
        return lowered

    def _accept(
        self, which: AnyArray, turn: Array, rotated: Array, variances: Array, objective: Array
    ) -> None:
        if which.all():
            self.axes = self.axes @ turn
            self.rotated, self.variances, self.objective = rotated, variances, objective
            return
        each = self.groups.spread(which)[:, None]
        self.axes = np.where(which[:, None, None], self.axes @ turn, self.axes)
        self.rotated = np.where(each[:, None], rotated, self.rotated)
        self.variances = np.where(each, variances, self.variances)
        self.objective = np.where(which, objective, self.objective)

    def _angles(self) -> Array:
        """Best angle for each pair of axes, antisymmetric (G, d, d)."""
        precisions = 1.0 / self.variances
        diagonals = np.diagonal(self.rotated, axis1=1, axis2=2)
        # For axes j, l: slope = sum_k m_jl (p_j - p_l), curvature = sum_k (p_j - p_l)(m_ll - m_jj).
        weighted = self.groups.sum(precisions[:, :, None] * self.rotated)
        slope = weighted - np.swapaxes(weighted, 1, 2)
        cross = self.groups.sum(precisions[:, :, None] * diagonals[:, None, :])
        own = np.diagonal(cross, axis1=1, axis2=2)
        curvature = cross + np.swapaxes(cross, 1, 2) - own[:, :, None] - own[:, None, :]
        angles = 0.5 * np.arctan2(2.0 * slope, curvature)
        angles[slope == 0.0] = 0.0  # not a half turn
        return angles

    def _untied(self, angles: Array) -> Array:
        """Return the angles (G, d, d), others for pairs of axes that are tied."""
        diagonals = np.diagonal(self.rotated, axis1=1, axis2=2)
        tied = self._tied(diagonals)
        return np.where(tied, self._apart(diagonals), angles) if tied.any() else angles

    def _tied(self, diagonals: Array) -> AnyArray:
        """Say which pairs of axes (G, d, d) have equal variances, but are not axes of scatters.

        No turn is any better than another then, to first order; all are better than none.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            gaps = np.abs(self.variances[:, :, None] - self.variances[:, None, :])
            equal = gaps <= _TIED * self.variances[:, :, None]
            sizes = np.sqrt(np.abs(diagonals))
            skew = np.abs(self.rotated) > _SKEW * sizes[:, :, None] * sizes[:, None, :]
        own = np.eye(diagonals.shape[1], dtype=bool)
        return ~self.groups.any(~(equal & ~own)) & self.groups.any(skew)

    def _apart(self, diagonals: Array) -> Array:
        """Return angles (G, d, d) to the axes of a sum of the scatters, for each pair."""
        traces = np.einsum("kii->k", self.rotated)
        weights = _unalike(self.groups) / np.where(traces > 0, traces, 1.0)
        slope = self.groups.sum(weights[:, None, None] * self.rotated)
        own = self.groups.sum(weights[:, None] * diagonals)
        angles = np.triu(0.5 * np.arctan2(2.0 * slope, own[:, None, :] - own[:, :, None]), 1)
        return angles - np.swapaxes(angles, 1, 2)
