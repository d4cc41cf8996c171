"""What is missing of rows, given what is seen of them: as it is expected, or drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..estep.incomplete import choose_incomplete_form
from ..estep.softmax import normalise
from ..rows.patterns import Patterns

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters
    from ..rows.folds import Workspace

__all__ = ["Imputer"]


class Imputer:
    """Conditional distributions of what is missing of rows, under one mixture."""

    def __init__(self, parameters: Parameters, n_rows: int | None = 0) -> None:
        moment = parameters.covariances.moment
        self.form, self.posterior = choose_incomplete_form(parameters, moment, n_rows)
        self.density, self.box = parameters.density, parameters.background(0)
        self.bytes_per_row = self.form.bytes_per_row + 32 * parameters.n_features

    def _shares(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return the responsibilities of components, and of the background, (J, B)."""
        k = self.form.n_components
        joint: Array = workspace.array("joint", k + self.posterior.n_others, len(rows))
        self.form.joint(rows, joint[:k], workspace)
        joint[k:] = self.posterior.joint_of_others()
        normalise(joint)
        return joint

    def means(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return rows (B, d) with what is missing as it is expected; what is seen stays."""
        found = np.array(rows, dtype=np.float64)
        holes = np.flatnonzero(np.isnan(found).any(axis=1))
        if len(holes) == 0:
            return found
        part = found[holes]
        shares = self._shares(part, workspace)
        expected = np.zeros(part.shape)
        for k in range(self.form.n_components):
            expected += shares[k, :, None] * self.form.expected(k, part)
        if self.box is not None:
            expected += shares[-1, :, None] * self.box.mean
        found[holes] = np.where(np.isnan(part), expected, part)
        return found

    def draws(self, rows: Array, n_draws: int, rng: np.random.Generator) -> Array:
        """Return copies (n_draws, n, d), what is missing drawn given what is seen."""
        from ..rows.folds import Workspace

        found: Array = np.repeat(rows[None], n_draws, axis=0)
        holes = np.flatnonzero(np.isnan(rows).any(axis=1))
        if len(holes) == 0:
            return found
        part = rows[holes]
        workspace = Workspace()
        below = np.cumsum(self._shares(part, workspace), axis=0)
        scale = self.form.scale(len(part), workspace)
        patterns = Patterns.of(part)
        for copy in found:
            chance = rng.random(len(part)) * below[-1]
            labels = np.minimum((below <= chance).sum(axis=0), len(below) - 1)
            normal = self._stretched(rng.standard_normal(part.shape), labels, patterns, scale, rng)
            copy[holes] = self._drawn(part, labels, patterns, normal, rng)
        return found

    def _stretched(
        self,
        normal: Array,
        labels: AnyArray,
        patterns: Patterns,
        scale: Array | None,
        rng: np.random.Generator,
    ) -> Array:
        """Turn normal rows into such of their components' density, given what is seen."""
        if scale is None:
            return normal
        n_seen = patterns.seen.sum(axis=1)[patterns.which]
        for k in range(self.form.n_components):
            own = np.flatnonzero(labels == k)
            stretches = self.density.stretches_given(k, scale[k, own], n_seen[own], rng)
            normal[own] *= stretches[:, None]
        return normal

    def _drawn(
        self,
        rows: Array,
        labels: AnyArray,
        patterns: Patterns,
        normal: Array,
        rng: np.random.Generator,
    ) -> Array:
        """Return rows completed by their component's conditional distribution."""
        found = rows.copy()
        for k in np.unique(labels).tolist():
            own = np.flatnonzero(labels == k)
            if k == self.form.n_components:
                found[own] = self._from_the_box(rows[own], rng)
                continue
            found[own] = self.form.expected(k, rows[own])
            which = patterns.which[own]
            for number in np.unique(which).tolist():
                seen, places = patterns.seen[number], own[which == number]
                left = self.form.uncertain(k, seen)[np.ix_(~seen, ~seen)]
                noise = normal[np.ix_(places, np.flatnonzero(~seen))]
                found[np.ix_(places, np.flatnonzero(~seen))] += noise @ _root(left).T
        return found

    def _from_the_box(self, rows: Array, rng: np.random.Generator) -> Array:
        assert self.box is not None
        assert self.box.sides is not None
        return np.where(np.isnan(rows), rng.uniform(*self.box.sides, rows.shape), rows)


def _root(matrix: Array) -> Array:
    """Return a matrix R, R R' = matrix, which is positive semi-definite."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
