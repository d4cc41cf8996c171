"""The axes that K scatters have in common, as nearly as they can.

Common principal components (Flury 1984): the orthogonal D for which the rule's
objective on the diagonals of D' W_k D is least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import Array
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


def best_axes(
    scatters: Array, counts: Array, rule: Rule, previous: Covariances | None
) -> tuple[Array, Array]:
    """Return the axes D (d, d), in columns, and the rule's variances (K, d) along them.

    Each step turns every pair of axes by the angle that would be best if the
    variances and the other pairs stayed as they are (Flury & Gautschi 1986, all
    pairs at once), or by less if that would raise the objective, which therefore
    never rises.  Starts from the axes of `previous`, or from the coordinates.
    """
    axes = np.eye(scatters.shape[1]) if previous is None else _axes_of(previous.values)
    search = _Search(scatters, counts, rule, axes)
    search.descend()
    return search.axes, search.variances


def _axes_of(matrices: Array) -> Array:
    """Return common eigenvectors of matrices (m, d, d) that have the same ones."""
    traces = np.trace(matrices, axis1=1, axis2=2)
    weights = (1.0 + (np.arange(1, len(matrices) + 1) * _GOLDEN) % 1.0) / traces
    return np.linalg.eigh(np.tensordot(weights, matrices, axes=1))[1]


class _Search:
    """Descent over rotations; `rotated` are the scatters in the current axes."""

    def __init__(self, scatters: Array, counts: Array, rule: Rule, axes: Array) -> None:
        self.counts, self.rule, self.axes = counts, rule, axes
        self.rotated = axes.T @ scatters @ axes
        self.variances, self.objective = self._evaluate(self.rotated)

    def _evaluate(self, rotated: Array) -> tuple[Array, float]:
        variances = self.rule(np.diagonal(rotated, axis1=1, axis2=2), self.counts)
        return variances, float(self.counts @ np.log(variances).sum(axis=1))

    def descend(self) -> None:
        for _ in range(_MAX_STEPS):
            before = self.objective
            if not self._step() or before - self.objective < _TOLERANCE * self.counts.sum():
                return

    def _step(self) -> bool:
        """Turn all axes; False if no turn lowers the objective."""
        angles = self._angles()
        unit = np.eye(len(angles))
        for _ in range(_MAX_HALVINGS):
            # Cayley's transform of an antisymmetric matrix is a rotation.
            turn = np.linalg.solve(unit - 0.5 * angles, unit + 0.5 * angles)
            rotated = turn.T @ self.rotated @ turn
            variances, objective = self._evaluate(rotated)
            if objective < self.objective:
                self.axes, self.rotated = self.axes @ turn, rotated
                self.variances, self.objective = variances, objective
                return True
            angles *= 0.5
        return False

    def _angles(self) -> Array:
        """Best angle for each pair of axes, antisymmetric (d, d)."""
        precisions = 1.0 / self.variances
        diagonals = np.diagonal(self.rotated, axis1=1, axis2=2)
        # For axes j, l: slope = sum_k m_jl (p_j - p_l), curvature = sum_k (p_j - p_l)(m_ll - m_jj).
        weighted = (precisions[:, :, None] * self.rotated).sum(axis=0)
        slope = weighted - weighted.T
        cross = precisions.T @ diagonals
        own = np.diagonal(cross)
        curvature = cross + cross.T - own[:, None] - own
        angles = 0.5 * np.arctan2(2.0 * slope, curvature)
        angles[slope == 0.0] = 0.0  # not a half turn
        return angles
