"""Rows as points, in the colours of their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ._given import as_groups, as_mask, as_pair
from ._style import GREY, INK, MOST_POINTS, axes, clean, color, label_axes, legend, subsample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .._typing import AnyArray

__all__ = ["scatter"]

# Told from each other at the size of a point.
_SHAPES = "o^sDvP*X"


def scatter(
    X: Any,
    labels: Any = None,
    *,
    features: Any = None,
    names: Sequence[str] | None = None,
    label_names: Sequence[str] | None = None,
    shapes: bool = False,
    marked: Any = None,
    marked_name: str = "marked",
    ax: Axes | None = None,
) -> Axes:
    """Draw two features of the rows.

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
    shapes : bool, default False
        A shape for each group beside its colour, for at most 8: for print in grey.
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
        If there is no such feature, not a name for each label, or not a shape.

    Examples
    --------
    >>> import gaussmix.plot, numpy as np
    >>> ax = gaussmix.plot.scatter(np.eye(3), [0, 1, 1], label_names=["a", "b"])
    >>> ax = gaussmix.plot.scatter(np.eye(3), ["rose", "iris", "rose"], features=(0, 2))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['iris', 'rose']
    """
    rows, called = as_pair(X, features, names)
    groups = None if labels is None else as_groups(labels, len(rows), label_names)
    around = None if marked is None else as_mask("marked", marked, len(rows))
    if shapes and groups is not None and len(groups.names) > len(_SHAPES):
        raise ParameterError(
            f"shapes: there are {len(_SHAPES)}, got {len(groups.names)} groups; leave shapes out"
        )
    ax = axes(ax)
    shown = subsample(len(rows), MOST_POINTS)
    rows = rows[shown]
    size = float(np.clip(12_000 / len(rows), 2, 26))
    style: dict[str, Any] = {"s": size, "alpha": 0.75, "linewidths": 0}
    if groups is None:
        ax.scatter(*rows.T, color=INK, **style)
    else:
        codes, count = groups.codes[shown], len(groups.names)
        for k, name in groups:
            # Noise is everywhere: it stays below what it lies between.
            shade, order = (GREY, 0.9) if k < 0 else (color(k, count), 1)
            style["marker"] = (_SHAPES[k] if k >= 0 else ".") if shapes else "o"
            ax.scatter(*rows[codes == k].T, color=shade, zorder=order, label=name, **style)
    if around is not None and around[shown].any():
        _mark(ax, rows[around[shown]], marked_name, 2.5 * size)
    if groups is not None:
        legend(ax)
    label_axes(ax, called)
    return clean(ax)


def _mark(ax: Axes, rows: AnyArray, name: str, size: float) -> None:
    # A shape in black, so that it is told from colours in grey print, too.
    edges: dict[str, Any] = {"s": size, "linewidths": 1.1, "edgecolors": INK}
    ax.scatter(*rows.T, marker="s", facecolors="none", zorder=5, label=name, **edges)
