"""Rows as points, in the colours of their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from ._style import INK, axes, clean, color, label_axes, subsample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["scatter"]

# More points than this only make a picture slow and solid.
_MOST_POINTS = 20_000
# Of more labels a legend hides the picture.
_MOST_NAMED = 10


def scatter(
    X: Any,
    labels: Any = None,
    *,
    features: tuple[int, int] = (0, 1),
    names: Sequence[str] | None = None,
    label_names: Sequence[str] | None = None,
    marked: Any = None,
    marked_name: str = "marked",
    ax: Axes | None = None,
) -> Axes:
    """Draw two features of the rows.

    Parameters
    ----------
    X : array-like (n, d)
    labels : array-like (n,), optional
        Integers from 0 (-1 is drawn grey): the colours.
    features : (int, int)
        Which columns of X.
    names : sequence of str, optional
        Names of all columns, for the axes.
    label_names : sequence of str, optional
        For a legend.
    marked : array-like of bool (n,), optional
        Rows to draw a square around.
    marked_name : str, default "marked"
        What these are, for the legend.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import gaussmix.plot, numpy as np
    >>> ax = gaussmix.plot.scatter(np.eye(3), [0, 1, 1], label_names=["a", "b"])
    """
    rows = np.asarray(X)
    if rows.ndim != 2 or rows.shape[1] <= max(features):
        raise DataError(f"X: no features {features} in an array of shape {rows.shape}")
    ax = axes(ax)
    shown = subsample(len(rows), _MOST_POINTS)
    rows = rows[shown][:, list(features)]
    size = float(np.clip(12_000 / max(len(rows), 1), 2, 26))
    style: dict[str, Any] = {"s": size, "alpha": 0.75, "linewidths": 0}
    if labels is None:
        ax.scatter(*rows.T, color=INK, **style)
        n_labels = 0
    else:
        known = np.asarray(labels)
        n_labels = int(known.max()) + 1
        known = known[shown]
        for k in np.unique(known):
            name = label_names[k] if label_names is not None and k >= 0 else f"component {k}"
            shade = "#999999" if k < 0 else color(int(k), n_labels)
            ax.scatter(*rows[known == k].T, color=shade, label=name, **style)
    if marked is not None and (around := np.asarray(marked, dtype=bool)[shown]).any():
        # A shape in black, so that it is told from colours in grey print, too.
        edges: dict[str, Any] = {"s": 2.5 * size, "linewidths": 1.1, "edgecolors": INK}
        ax.scatter(
            *rows[around].T, marker="s", facecolors="none", zorder=5, label=marked_name, **edges
        )
    if labels is not None and n_labels <= _MOST_NAMED:
        ax.legend(frameon=False, markerscale=1.5)
    label_axes(ax, None if names is None else [names[j] for j in features])
    return clean(ax)
