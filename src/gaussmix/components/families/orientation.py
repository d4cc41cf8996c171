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

# Stop when no pair of axes has to turn by more than this; or, after some steps, when one lowers the
# objective by less than this a row, or from earlier axes by less than this share of what it has
# been lowered by.
_STILL = 1e-9
_TOLERANCE = 1e-10
_SHARE = 0.1
# The objective a row is known to about this: what raises it by less is as good.
_ROUNDING = 1e-14
_FEW_STEPS = 8
_MAX_STEPS = 200
_MAX_HALVINGS = 12
# Steps that the next one looks back on.
_MEMORY = 6
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

    The first step turns every pair of axes by the angle that would be best if the
    variances and the other pairs stayed as they are (Flury & Gautschi 1986, all
    pairs at once), or by less if that would raise the objective, which therefore
    never rises; later steps have learnt how pairs depend on each other, see `_Path`.
    From the coordinates they go to the end, if there are no axes of `previous`.
    From those they go as far as it pays: there is another M-step to come, of other
    scatters (generalised EM, Dempster et al. 1977).
    """
    if previous is None:
        axes = np.tile(np.eye(scatters.shape[1]), (len(groups), 1, 1))
    else:
        axes = _axes_of(previous.values, groups)
    search = _Search(scatters, counts, groups, rule, axes)
    search.descend(0.0 if previous is None else _SHARE)
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
        totals = groups.sum(counts)
        self.least, self.rounding = _TOLERANCE * totals, _ROUNDING * totals
        self.rotated = self._turned(scatters, axes)
        self.variances, self.objective = self._evaluate(self.rotated)

    def _turned(self, scatters: Array, axes: Array) -> Array:
        each = self.groups.spread(axes)
        return np.asarray(np.swapaxes(each, 1, 2) @ scatters @ each)

    def _evaluate(self, rotated: Array) -> tuple[Array, Array]:
        own = np.diagonal(rotated, axis1=1, axis2=2)
        variances = self.rule(own, self.counts, self.groups)
        return variances, self.groups.sum(self.counts * np.log(variances).sum(axis=1))

    def descend(self, share: float) -> None:
        """Descend; after a few steps, until one gains less than a share of what all have."""
        moving = np.ones(len(self.groups), dtype=bool)
        began, path = self.objective, _Path()
        for number in range(_MAX_STEPS):
            before = self.objective
            slope, angles = self._angles()
            if number == 0:  # axes of equal variances; later steps lead there no more
                angles = self._untied(angles)
            moving &= np.abs(angles).max(axis=(1, 2)) > _STILL
            if not moving.any():
                return
            angles = path.direction(slope, angles)
            turned = self._turn(angles, moving)
            path.note(turned, slope)
            gained = before - self.objective
            goes_on = have_turned = np.asarray(turned.any(axis=(1, 2)))
            if number >= _FEW_STEPS:
                goes_on = gained >= np.maximum(self.least, share * (began - self.objective))
            moving &= goes_on | path.forget(~have_turned)

    def _turn(self, angles: Array, wanted: AnyArray) -> Array:
        """Turn the axes of the groups `wanted` (G,); return by what angles (G, d, d)."""
        if not wanted.all():
            angles = np.where(wanted[:, None, None], angles, 0.0)
        unit = np.eye(angles.shape[1])
        waiting, turned = wanted, np.zeros_like(angles)
        for _ in range(_MAX_HALVINGS):
            # Cayley's transform of an antisymmetric matrix is a rotation.
            turn: Array = np.asarray(
                np.linalg.solve(unit - 0.5 * angles, unit + 0.5 * angles), dtype=np.float64
            )
            rotated = self._turned(self.rotated, turn)
            variances, objective = self._evaluate(rotated)
            better = waiting & (objective < self.objective + self.rounding)
            self._accept(better, turn, rotated, variances, objective)
            turned[better] = angles[better]
            waiting = waiting & ~better
            if not waiting.any():
                break
            angles = np.where(waiting[:, None, None], 0.5 * angles, 0.0)
        return turned

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

    def _angles(self) -> tuple[Array, Array]:
        """Return how steeply turns of each pair of axes go down, and the best angle of each.

        Both are antisymmetric (G, d, d).
        """
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
        return slope, angles

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


class _Path:
    """The last steps of a descent, and what they tell of the next: limited-memory BFGS.

    Pairs of axes do not turn independently, which the best angle of each by itself ignores; how
    the slope has changed along the steps tells (Nocedal 1980).  Turns are so small that those of
    one step are compared with those of the next as if the axes had stayed.
    """

    def __init__(self) -> None:
        # Angles (G, d, d), by how much the slope fell, and 1 over their product (G,): 0 where
        # a step tells nothing.
        self.steps: list[tuple[Array, Array, Array]] = []
        self._last: tuple[Array, Array] | None = None

    def direction(self, slope: Array, angles: Array) -> Array:
        """Return the angles (G, d, d) of the next step: those given where nothing is known."""
        if self._last is None:
            return angles
        turned, before = self._last
        self._add(turned, before - slope)
        rates = np.divide(angles, slope, where=slope != 0.0, out=np.zeros_like(slope))
        found, shares = slope, []
        for turned, fall, inverse in reversed(self.steps):
            share = inverse * _products(turned, found)
            found = found - share[:, None, None] * fall
            shares.append(share)
        found = rates * found
        for turned, fall, inverse in self.steps:
            share = shares.pop() - inverse * _products(fall, found)
            found = found + share[:, None, None] * turned
        descends = _products(found, slope) > 0.0
        return np.where(descends[:, None, None], found, angles)

    def _add(self, turned: Array, fall: Array) -> None:
        product = _products(turned, fall)
        inverse = np.divide(1.0, product, where=product > 0.0, out=np.zeros_like(product))
        self.steps = [*self.steps, (turned, fall, inverse)][-_MEMORY:]

    def note(self, turned: Array, slope: Array) -> None:
        """Note by what angles (G, d, d) axes were turned, and the slope where they began."""
        self._last = turned, slope

    def forget(self, failed: AnyArray) -> AnyArray:
        """Forget the steps of groups (G,) that failed; say which of these had any."""
        had = np.zeros(len(failed), dtype=bool)
        for _, _, inverse in self.steps:
            had |= failed & (inverse > 0.0)
            inverse[failed] = 0.0
        return had


def _products(one: Array, other: Array) -> Array:
    """Return the products (G,) of arrays (G, d, d)."""
    return np.einsum("gij,gij->g", one, other)
