"""The points of a plane at which a mixture of two features is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import Array
    from ._flat import Flat

__all__ = ["plane"]

_GRID = 160


def plane(flat: Flat, ax: Axes, count: int = _GRID) -> tuple[Array, Array, Array]:
    """Return values along both axes, and all points (n, 2) of them, x changing first.

    They cover what the axes show already, else all components.
    """
    (left, right), (low, high) = _limits(flat, ax)
    x, y = flat.grid(0, left, right, count), flat.grid(1, low, high, count)
    return x, y, np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _limits(flat: Flat, ax: Axes) -> list[tuple[float, float]]:
    if ax.has_data():
        return [_ordered(ax.get_xlim()), _ordered(ax.get_ylim())]
    low, high = flat.limits(3.2)
    if flat.background is not None:  # its edges are to be seen beside those of the axes
        low, high = low - 0.03 * (high - low), high + 0.03 * (high - low)
    return [(float(low[j]), float(high[j])) for j in range(2)]


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    return min(limits), max(limits)
