"""E-steps of many mixtures, each of rows of its own, of which some values are missing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_statistics, one_of
from ..numerics.groups import Groups
from ..rows import MemorySource
from ..rows.folds import Workspace
from .expectation import expectation_together
from .many import ManyRows
from .observations import MISSING

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.parameters import Parameters, Place
    from ..components.statistics import SufficientStatistics

__all__ = ["ManySeen", "many_rows"]

# Numbers that matrices of all features may be, of each row and component that are done at once.
_MOST_NUMBERS = 2**22


def many_rows(
    rows: Array,
    weights: Array | None = None,
    known: AnyArray | None = None,
    count: int | None = None,
) -> ManyRows:
    """Return data sets of rows, of which some values may be missing (NaN); see `ManyRows`."""
    kind = ManySeen if np.isnan(rows).any() else ManyRows
    return kind(rows, weights, known, count)


class ManySeen(ManyRows):
    """Data sets with missing values: rows that all share are done at once, others one by one."""

    def __post_init__(self) -> None:
        self._some = np.asarray(~np.isnan(self.rows).all(axis=2))

    @property
    def plain(self) -> bool:
        return False

    @cached_property
    def totals(self) -> Array:
        some = self._some.astype(float)
        return np.asarray((some if self.weights is None else some * self.weights).sum(axis=1))

    def statistics(
        self, places: AnyArray, parameters: Parameters, family: Family
    ) -> SufficientStatistics:
        if not self.shared or self.weights is None:
            each = [
                (self._of_one(int(place), one_of((parameters, g)), family), 0)
                for g, place in enumerate(places)
            ]
            return join_statistics(each)
        k, (n, d) = parameters.groups.sizes[0], self.rows.shape[1:]
        step, pieces = max(1, _MOST_NUMBERS // (n * k * d * d)), []
        for begin in range(0, len(places), step):
            own = places[begin : begin + step]
            here, groups = slice(begin, begin + len(own)), Groups.of((k,) * len(own))
            part = parameters.cut(slice(here.start * k, here.stop * k), here, groups)
            pieces += self._of_shared(own, part, family)
        return join_statistics(pieces)

    def _of_one(self, place: int, parameters: Parameters, family: Family) -> SufficientStatistics:
        weights = None if self.weights is None else self.weights[place]
        source = MemorySource(self.rows[0 if self.shared else place], weights, n_jobs=1)
        found = expectation_together(source, parameters, family, self.known, MISSING)
        assert found is not None
        return found

    def _of_shared(
        self, places: AnyArray, parameters: Parameters, family: Family
    ) -> list[Place[SufficientStatistics]]:
        """Return statistics of the same rows, under weights of each mixture's own."""
        assert self.weights is not None
        some, workspace = np.flatnonzero(self._some[0]), Workspace()
        rows, weights = self.rows[0, some], self.weights[np.ix_(places, some)]
        known = None if self.known is None else self.known[some]
        form, posterior, _ = MISSING.together(parameters, family.held.moment, 0)
        sums, tally = form.open(), posterior.open()
        joint: Array = np.empty((form.n_components, len(rows)))
        form.joint(rows, joint, workspace, known, sums)
        masses = posterior(joint, weights, known, tally)
        tally.log_likelihood += weights @ np.broadcast_to(form.row_terms(rows), len(rows))
        form.add(sums, rows, masses, workspace)
        found = posterior.told_apart(form.close(sums, **posterior.counted(tally)), tally)
        found = family.gathered(found)
        return [(found, g) for g in range(len(places))]
