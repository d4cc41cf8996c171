"""Holes filled with values of near rows, so that starts may look at whole rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["filled"]

# Rows whose values fill holes, and rows that are filled together.
_DONORS = 1000
_STRIP = 2000


def filled(rows: Array) -> Array:
    """Return rows (m, d) in which every missing value (NaN) is the nearest row's.

    Near in what both have seen, each feature in units of its spread; of some thousand rows. A
    real value keeps clusters apart and widths as they are, which conditional means do not
    (Andridge & Little 2010).  Rows without missing values are returned as they are.
    """
    missing = np.isnan(rows)
    if not missing.any():
        return rows
    donors = rows[:: max(1, len(rows) // _DONORS)]
    middles, spreads = _middles_and_spreads(rows)
    known, has = _scaled(donors, middles, spreads)
    found = rows.copy()
    holes = np.flatnonzero(missing.any(axis=1))
    for first in range(0, len(holes), _STRIP):
        places = holes[first : first + _STRIP]
        distances = _distances(*_scaled(rows[places], middles, spreads), known, has)
        for j in np.flatnonzero(missing[places].any(axis=0)).tolist():
            own = places[missing[places, j]]
            able = np.flatnonzero(~np.isnan(donors[:, j]))
            if len(able) == 0:
                found[own, j] = middles[j]
                continue
            near = distances[np.flatnonzero(missing[places, j])[:, None], able].argmin(axis=1)
            found[own, j] = donors[able[near], j]
    return found


def _middles_and_spreads(rows: Array) -> tuple[Array, Array]:
    """Return medians and inner ranges (d,) of what is seen; 0 and 1 where nothing is."""
    some = rows[:, ~np.isnan(rows).all(axis=0)]
    middles, spreads = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    seen = np.flatnonzero(~np.isnan(rows).all(axis=0))
    low, middle, high = np.nanquantile(some, (0.25, 0.5, 0.75), axis=0)
    wide = np.where(high > low, high - low, np.nanmax(some, axis=0) - np.nanmin(some, axis=0))
    middles[seen], spreads[seen] = middle, np.where(wide > 0, wide, 1.0)
    return middles, spreads


def _scaled(rows: Array, middles: Array, spreads: Array) -> tuple[Array, Array]:
    """Return rows in units of spreads, 0 where nothing is seen, and what is seen as 0 and 1."""
    missing = np.isnan(rows)
    # Far values are all as far: squares of theirs would drown the others' differences.
    found = np.clip((rows - middles) / spreads, -1e3, 1e3)
    return np.where(missing, 0.0, found), (~missing).astype(float)


def _distances(rows: Array, seen: Array, donors: Array, has: Array) -> Array:
    """Return mean squared distances (m, t) over what both have seen; of nothing, far."""
    squares = rows**2 @ has.T + seen @ (donors**2).T - 2.0 * rows @ donors.T
    common = seen @ has.T
    with np.errstate(divide="ignore", invalid="ignore"):
        found: AnyArray = np.where(common > 0, np.maximum(squares, 0.0) / common, np.inf)
    return found
