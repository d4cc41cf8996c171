"""Densities that go by distances, of rows of which some features are seen.

A form of normal components says all that is needed.  Its log-joint densities of a row, less those
at the component's mean, are -distance / 2 of what is seen; and a pattern that is seen at the mean
itself is a row like others, under the same components about 0.  So there are no loops of their own.

Of scale mixtures of normals (Wang, Zhang, Luo & Wei 2004; Lin 2010), given w and what is seen,

    x_m ~ N(E[x_m | x_o], C / w)

and what is expected of w (x - mu)(x - mu)' is u times that of what is seen, plus C: so the masses
are r u, and C counts r.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...components.covariances.base import LOG_2PI
from ...components.densities import NORMAL
from ...rows.patterns import Patterns
from ..form import Form, Sums
from ..gathered import GatheredSums, negligible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._typing import AnyArray, Array
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics
    from ...rows.folds import Workspace
    from .base import IncompleteForm

__all__ = ["WeighedForm"]


@dataclass
class WeighedSums(Sums):
    """Sums under masses, and what the density adds up of responsibilities: (J, 1 + m)."""

    gathered: GatheredSums
    own: Array

    def merge(self, other: WeighedSums) -> WeighedSums:
        return WeighedSums(self.gathered.merge(other.gathered), self.own + other.own)


class _Seen(NamedTuple):
    """What is seen of the rows of a block: which patterns there are, and as rows at the mean."""

    patterns: Patterns
    at_mean: Array

    @classmethod
    def of(cls, rows: AnyArray) -> _Seen:
        patterns = Patterns.of(rows)
        return cls(patterns, np.where(patterns.seen, 0.0, np.nan))

    def by_number(self) -> Iterator[tuple[int, AnyArray]]:
        """Yield each number of features that is seen, and the places of such rows."""
        counts = self.patterns.seen.sum(axis=1)[self.patterns.which]
        for number in np.unique(counts).tolist():
            yield number, np.flatnonzero(counts == number)

    def summed(self, masses: Array) -> Array:
        """Return sums of masses (J, B) by pattern (J, U)."""
        which, size = self.patterns.which, len(self.patterns.seen)
        return np.stack([np.bincount(which, own, size) for own in masses])


class WeighedForm(Form):
    """A form of normal components, and a density that weighs rows by their distances.

    `joint` applies the density, whose terms depend on what is seen of a row; the posterior that
    goes with it is one of normal components.
    """

    def __init__(
        self, parameters: Parameters, make: Callable[[Parameters], IncompleteForm]
    ) -> None:
        normal = replace(parameters, density=NORMAL)
        self.form, self.density = make(normal), parameters.density
        super().__init__(parameters.groups, parameters.n_features, self.form.moment)
        self._about_zero = make(replace(normal, means=np.zeros_like(parameters.means), box=None))
        self.bytes_per_row = self.form.bytes_per_row + 32 * self.n_components

    def row_terms(self, rows: AnyArray) -> Array | float:
        return self.form.row_terms(rows)

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: Any = None,
    ) -> None:
        seen = _Seen.of(rows)
        self.form.write_joint(rows, out, workspace)
        peaks: Array = np.empty((self.n_components, len(seen.at_mean)))
        self._about_zero.write_joint(seen.at_mean, peaks, workspace)
        scale = self._scale(workspace, len(rows))
        for number, places in seen.by_number():
            own = peaks[:, seen.patterns.which[places]]
            halves = out[:, places] - own
            scale[:, places] = self.density.log_joint(halves, self._terms(number))
            out[:, places] = halves + (own + 0.5 * number * LOG_2PI)
        out -= self.form.row_terms(rows)

    def _terms(self, n_seen: int) -> Array:
        return self.density.terms(np.zeros((self.n_components, 1)), n_seen)

    def _scale(self, workspace: Workspace, n_rows: int) -> Array:
        found: Array = workspace.array("scale", self.n_components, n_rows)
        return found

    def scale(self, n_rows: int, workspace: Workspace) -> Array | None:
        return self._scale(workspace, n_rows)

    def open(self) -> WeighedSums:
        own = np.zeros((self.n_components, 1 + self.density.n_sums))
        return WeighedSums(self.form.open(), own)

    def add(self, sums: WeighedSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        seen, scale = _Seen.of(rows), self._scale(workspace, len(rows))
        sums.own[:, 0] += masses.sum(axis=1)
        if self.density.n_sums:
            for number, places in seen.by_number():
                given = masses[:, places], scale[:, places], self._terms(number)
                sums.own[:, 1:] += self.density.sums(*given)
        counts = seen.summed(masses)
        masses *= scale
        threshold = negligible(masses)
        self.form.add_expected(sums.gathered, rows, masses, threshold, workspace)
        more = counts - seen.summed(masses)
        sums.gathered.scatters += self._rest(seen, np.maximum(more, 0.0), workspace)
        sums.gathered.scatters -= self._rest(seen, np.maximum(-more, 0.0), workspace)

    def _rest(self, seen: _Seen, counts: Array, workspace: Workspace) -> Array:
        """Return covariances of what is missing, as often as `counts` (J, U) says."""
        sums = self._about_zero.open()
        self._about_zero.add_expected(sums, seen.at_mean, counts, 0.0, workspace)
        return sums.scatters

    def close(self, sums: WeighedSums, **counted: Any) -> SufficientStatistics:
        found = sums.gathered.statistics(**counted)
        own = sums.own
        return found.changed(counts=own[:, 0], masses=found.counts, tally=own[:, 1:])

    def expected(self, k: int, rows: AnyArray) -> Array:
        """Return rows (B, d) with what is missing as component k expects it."""
        return self.form.expected(k, rows)

    def uncertain(self, k: int, seen: AnyArray) -> Array:
        """Return the scale (d, d) of a row of component k of which `seen` (d,) is seen."""
        return self.form.uncertain(k, seen)
