"""Sums over the rows that matter to each component.

In many dimensions most rows belong to one component: gathering them costs less
than multiplying every row by every responsibility.  Rows are centred on the
component, so nothing large is subtracted afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.statistics import SufficientStatistics
from .form import Sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..rows.folds import Workspace

__all__ = ["GatheredSums", "by_component", "gather", "negligible"]

# A share of the largest mass of a block below this adds less than rounding to any sum it enters.
_NEGLIGIBLE = 1e-20


def negligible(masses: Array) -> float:
    """Return the mass below which a row of a block (J, B) does not matter to a component."""
    return _NEGLIGIBLE * float(masses.max(initial=0.0))


def by_component(chosen: AnyArray) -> Iterator[tuple[int, AnyArray]]:
    """Yield each component with rows chosen by a mask (K, B), and their places."""
    n_components, n_rows = chosen.shape
    places = np.flatnonzero(chosen)
    ends = np.searchsorted(places, n_rows * np.arange(n_components + 1))
    for k in np.flatnonzero(np.diff(ends)):
        yield int(k), places[ends[k] : ends[k + 1]] - n_rows * k


def gather(rows: AnyArray, places: AnyArray, origin: Array, workspace: Workspace) -> Array:
    """Return rows at some places, less `origin` (d,), in workspace memory (m, d)."""
    found = workspace.array("gathered", len(places), rows.shape[1], dtype=rows.dtype.type)
    # Unlike rows[places] this lets other threads work meanwhile.
    np.take(rows, places, axis=0, out=found, mode="clip")
    centred: Array = workspace.array("centred", len(places), rows.shape[1])
    return np.subtract(found, origin, out=centred)


@dataclass
class GatheredSums(Sums):
    """Sums about `origins` (J, d), scatters held as `moment`."""

    origins: Array
    moment: Moment
    counts: Array
    shifts: Array
    scatters: Array

    @classmethod
    def empty(cls, origins: Array, moment: Moment) -> GatheredSums:
        """Return sums of no rows."""
        j, d = origins.shape
        shape = (j, *moment.shape(d))
        return cls(origins, moment, np.zeros(j), np.zeros((j, d)), np.zeros(shape))

    def add(self, rows: AnyArray, masses: Array, threshold: float, workspace: Workspace) -> None:
        """Add rows (B, d) under masses (J, B) that exceed a threshold."""
        for k, active in by_component(masses > threshold):
            centred = gather(rows, active, self.origins[k], workspace)
            weights = masses[k, active]
            self.counts[k] += weights.sum()
            self.shifts[k] += weights @ centred
            self.scatters[k] += self.moment.of_rows(centred, weights)

    def merge(self, other: GatheredSums) -> GatheredSums:
        return GatheredSums(
            self.origins,
            self.moment,
            self.counts + other.counts,
            self.shifts + other.shifts,
            self.scatters + other.scatters,
        )

    def statistics(self, **counted: Any) -> SufficientStatistics:
        """Return the statistics of the rows; `counted` is the rest of them."""
        occupied = self.counts > 0
        shifts = self.shifts / np.where(occupied, self.counts, 1.0)[:, None]
        moved = self.moment.expand(self.counts) * self.moment.outer(shifts)
        return SufficientStatistics(
            counts=self.counts,
            means=np.where(occupied[:, None], self.origins + shifts, 0.0),
            scatters=self.scatters - moved,
            moment=self.moment,
            **counted,
        )
