"""Rows as points, in the colours of their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._given import as_groups, as_mask
from ._rows import as_pair
from ._style import GREY, MOST_POINTS, axes, clean, color, ink, shape, subsample
from ._words import entry, label_axes, legend, thinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .._typing import AnyArray

__all__ = ["scatter"]

# Of more points shapes are too small to be told from each other.
_MOST_SHAPED = 2_000


def scatter(
    X: Any,
    labels: Any = None,
    *,
    features: Any = None,
    names: Sequence[str] | None = None,
    label_names: Sequence[str] | None = None,
    shapes: bool | None = None,
    marked: Any = None,
    marked_name: str = "marked",
    ax: Axes | None = None,
) -> Axes:
    """Draw two features of the rows; of more than 20,000 a sample, which the legend says.

    Parameters
    ----------
    X : array-like or dataframe (n, d)
    labels : array-like (n,), optional
        The colours: integers from 0 for components, -1 for noise (grey); or text, years and
        whatever names groups.
    features : two indices or names, default the first two
        Which columns of X.
    names : sequence of str, optional
        Names of all columns, for the axes; those of a dataframe when None.
    label_names : sequence of str, optional
        Names of the labels 0, 1, ..., for the legend.
    shapes : bool, optional
        Whether each group has a shape beside its colour, for print in grey and eyes that do not
        see the colour.  When None it has, if at most 2,000 points are drawn.  Of more than 8
        groups some share a shape, not the colour.
    marked : array-like of bool (n,), optional
        Rows to draw a square around.
    marked_name : str, default "marked"
        What these are, for the legend.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there are no such rows to draw, or not one label a row.
    ParameterError
        If there is no such feature, or not a name for each label.

    Examples
    --------
    >>> import gaussmix.plot, numpy as np
    >>> ax = gaussmix.plot.scatter(np.eye(3), [0, 1, 1], label_names=["a", "b"])
    >>> ax = gaussmix.plot.scatter(np.eye(3), ["rose", "iris", "rose"], features=(0, 2))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['iris', 'rose']
    """
    pair = as_pair(X, features, names)
    rows = pair.rows
    groups = None if labels is None else as_groups(labels, len(rows), label_names)
    around = None if marked is None else as_mask("marked", marked, len(rows))
    ax = axes(ax)
    seen = np.isfinite(rows).all(axis=1)  # others have no place
    if groups is not None:
        seen &= groups.codes >= -1  # nor those of no group
    there = np.flatnonzero(seen)
    codes = None if groups is None else groups.codes[there]
    shown = there[subsample(len(there), MOST_POINTS, codes)]
    if around is not None:
        shown = np.union1d(shown, there[around[there]][:MOST_POINTS])
    note = thinned(len(shown), len(rows))
    rows = rows[shown]
    size = float(np.clip(12_000 / max(len(rows), 1), 2, 26))
    style: dict[str, Any] = {"s": size, "alpha": 0.75, "linewidths": 0}
    style["rasterized"] = len(rows) > _MOST_SHAPED  # in a file of lines it would be slow
    if groups is None:
        ax.scatter(*rows.T, color=ink(ax), label=note, **style)
    else:
        codes, count = groups.codes[shown], len(groups.names)
        shapes = len(rows) <= _MOST_SHAPED if shapes is None else shapes
        for k, name in groups:
            # Noise is everywhere: it stays below what it lies between.
            shade, order = (GREY, 0.9) if k < 0 else (color(k, count, ax), 1)
            style["marker"] = shape(k) if shapes else "o"
            own = rows[codes == k]
            ax.scatter(*own.T, color=shade, zorder=order, label=entry(name), **style)
    if around is not None and around[shown].any():
        _mark(ax, rows[around[shown]], marked_name, 2.5 * size)
    if ax.get_legend_handles_labels()[1]:
        legend(ax, note=note if groups is not None else None)
    label_axes(ax, pair.names, pair.columns, pair.width)
    return clean(ax)


def _mark(ax: Axes, rows: AnyArray, name: str, size: float) -> None:
    # A shape in black, so that it is told from colours in grey print, too.
    edges: dict[str, Any] = {"s": size, "linewidths": 1.1, "edgecolors": ink(ax)}
    ax.scatter(*rows.T, marker="s", facecolors="none", zorder=5, label=entry(name), **edges)
