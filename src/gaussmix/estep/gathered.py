"""Sums over the rows that matter to each component.

In many dimensions most rows belong to one component: gathering them costs less
than multiplying every row by every responsibility.  Rows are centred on the
component, so nothing large is subtracted afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.statistics import SufficientStatistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..rows.folds import Workspace

__all__ = ["GatheredSums", "by_component", "gather", "negligible"]

# A responsibility below this adds less than rounding to any sum it enters.
_NEGLIGIBLE = 1e-20


def negligible(weights: AnyArray | None) -> float:
    """Return the responsibility times weight (B,) below which a row does not matter."""
    return _NEGLIGIBLE * (1.0 if weights is None else float(weights.max()))


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


class GatheredSums:
    """Running sums about `origins` (K, d), scatters held as `moment`."""

    def __init__(self, origins: Array, moment: Moment) -> None:
        self.origins = origins
        self.moment = moment
        self.counts = np.zeros(len(origins))
        self.shifts = np.zeros(origins.shape)
        self.scatters = np.zeros(
            (len(origins), *moment.outer(origins[:1]).shape[1:]), dtype=np.float64
        )

    def add(
        self, rows: AnyArray, responsibilities: Array, threshold: float, workspace: Workspace
    ) -> None:
        """Add rows (B, d) under weighted responsibilities (K, B) that exceed a threshold."""
        for k, active in by_component(responsibilities > threshold):
            centred = gather(rows, active, self.origins[k], workspace)
            weights = responsibilities[k, active]
            self.counts[k] += weights.sum()
            self.shifts[k] += weights @ centred
            self.scatters[k] += self.moment.of_rows(centred, weights)

    def statistics(self) -> SufficientStatistics:
        """Return the sums as statistics (of no rows and no log-likelihood yet)."""
        occupied = self.counts > 0
        shifts = self.shifts / np.where(occupied, self.counts, 1.0)[:, None]
        moved = self.moment.expand(self.counts) * self.moment.outer(shifts)
        return SufficientStatistics(
            counts=self.counts,
            means=np.where(occupied[:, None], self.origins + shifts, 0.0),
            scatters=self.scatters - moved,
            moment=self.moment,
        )
