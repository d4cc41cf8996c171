"""The cells of a grid of pictures: quicker to draw than pictures that stand alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._flat import draw_box
from ._style import GREY, color, ink, shape
from ._words import entry, legend_entries
from .ellipses import half_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray
    from ._flat import Flat
    from ._given import Groups

__all__ = ["Points", "draw_components", "draw_points", "key"]

# Of more points shapes are too small to be told from each other.
_MOST_SHAPED = 500
_SIGMAS = 2.0


@dataclass(frozen=True, eq=False)
class Points:
    """The rows that are drawn in each cell.

    Attributes
    ----------
    rows : ndarray (n, d)
    groups : Groups
    marked : ndarray of bool (n,), or None
    note : str or None
        What the legend says of rows left out.
    """

    rows: AnyArray
    groups: Groups
    marked: AnyArray | None
    note: str | None

    @property
    def shaped(self) -> bool:
        """Whether groups have shapes besides their colours."""
        return len(self.rows) <= _MOST_SHAPED


def draw_points(ax: Axes, points: Points, columns: list[int]) -> None:
    """Draw two columns of the rows, in the colours of their groups."""
    x, y = points.rows[:, columns].T
    codes = points.groups.codes
    size = float(np.clip(6_000 / len(x), 2, 20))
    style: dict[str, Any] = {"s": size, "alpha": 0.75, "linewidths": 0}
    shades = _shades(ax, points.groups)
    if points.shaped:
        for k, _ in points.groups:
            own, height = codes == k, 0.9 if k < 0 else 1
            ax.scatter(x[own], y[own], color=shades[k], marker=shape(k), zorder=height, **style)
    else:  # noise first, below what it lies between
        order = np.argsort(codes >= 0, kind="stable")
        shown = shades[codes[order]]
        ax.scatter(x[order], y[order], c=shown, rasterized=True, **style)
    if points.marked is not None:
        x, y = x[points.marked], y[points.marked]
        edges: dict[str, Any] = {"linewidths": 1.1, "edgecolors": ink(ax), "zorder": 5}
        ax.scatter(x, y, s=2.5 * size, marker="s", facecolors="none", **edges)


def draw_components(ax: Axes, flat: Flat) -> None:
    """Draw the components' 2-sigma ellipses and means, and the edges of a background."""
    from matplotlib.collections import EllipseCollection

    seen, count = flat.gaussians, flat.whole.n_components
    longer, shorter, angles = half_axes(seen)
    shades = np.array([color(k, count, ax) for k in range(count)])
    outlines = EllipseCollection(
        widths=2 * _SIGMAS * longer,
        heights=2 * _SIGMAS * shorter,
        angles=angles,
        units="xy",
        offsets=seen.means,
        offset_transform=ax.transData,
        edgecolors=shades,
        facecolors=np.column_stack([shades, np.full(count, 0.1)]),
        linewidths=1.6,
        zorder=3,
    )
    ax.add_collection(outlines, autolim=False)
    x, y = seen.means.T
    ax.scatter(x, y, marker="x", s=50, color=ink(ax), linewidths=1.6, zorder=4)
    draw_box(ax, flat)


def key(ax: Axes, points: Points | None, marked_name: str) -> tuple[list[Any], list[str]]:
    """Return handles and names of one legend for all cells, of which `ax` is one."""
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    if points is not None:
        style: dict[str, Any] = {"linestyle": "none", "markeredgewidth": 0, "markersize": 7}
        shades = _shades(ax, points.groups)
        for k, name in points.groups:
            marker = shape(k, noise="o") if points.shaped else "o"
            handles.append(
                Line2D([], [], color=shades[k], marker=marker, label=entry(name), **style)
            )
        if points.marked is not None and points.marked.any():
            style |= {"marker": "s", "fillstyle": "none", "markeredgewidth": 1.1}
            handles.append(Line2D([], [], color=ink(ax), label=entry(marked_name), **style))
    return legend_entries(ax, handles)


def _shades(ax: Axes, groups: Groups) -> AnyArray:
    """Return the colours of groups (n, 3), that of noise last."""
    from matplotlib.colors import to_rgb

    count = len(groups.names)
    return np.array([*(color(k, count, ax) for k in range(count)), to_rgb(GREY)])
