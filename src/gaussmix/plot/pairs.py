"""Every pair of features, for more than two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..mixture.parts import chosen_columns
from ._cells import Points, draw_components, draw_points, key
from ._flat import flatten
from ._given import Groups, as_mask, as_mixture
from ._rows import as_points
from ._style import clean, pyplot, subsample
from ._words import described, feature_names, fitted, legend_size, name_axis
from .univariate import draw_density

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from .._typing import AnyArray
    from ..mixture.mixture import Mixture
    from ._flat import Flat
    from ._rows import Rows

__all__ = ["pairs"]

_MOST_FEATURES = 12
# Inches of a cell, and around all.
_CELL, _LEFT, _RIGHT, _TOP, _BELOW = (2.2, 2.0), 1.05, 0.15, 0.45, 0.8
# Of the legend: sizes of the font that a letter takes, and a marker with the gap behind; letters of
# a name at most; lines below the cells at most.
_LETTER, _MARKER, _LONGEST, _MOST_LINES = 0.57, 5.2, 40, 4
# Around all that is drawn, a share of it.
_MARGIN = 0.04
# Points in all cells together, and of one cell at least.
_MOST_IN_ALL, _LEAST_IN_CELL = 60_000, 1_500
# Marked rows are drawn, though a sample might not have them.
_MOST_MARKED = 2_000


def pairs(
    mixture: Any,
    X: Any = None,
    labels: Any = None,
    *,
    features: Sequence[int | str] | None = None,
    marked: Any = None,
    marked_name: str = "marked",
) -> Figure:
    """Draw a grid: marginal densities on the diagonal, 2-sigma ellipses and points elsewhere.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
    X : array-like or dataframe (n, d), optional
        Of many rows a sample is drawn, the smaller the more features; the legend says so.
        Histograms are of all.
    labels : array-like (n,), optional
        Colours, as of `scatter`; the mixture's own labels when None.
    features : sequence of indices or names, default all (at most 12)
    marked : array-like of bool (n,), optional
        Rows of X to draw a square around.
    marked_name : str, default "marked"
        What these are, for the legend.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> X = gaussmix.datasets.iris().rows
    >>> model = gaussmix.GaussianMixture(2, random_state=0).fit(X)
    >>> figure = gaussmix.plot.pairs(model, X, features=(0, 2, 3))
    """
    given, mixture = mixture, as_mixture(mixture)
    every, names = range(mixture.n_features), mixture.feature_names
    wanted = chosen_columns(
        every if features is None else features, len(every), names, "features"
    ).tolist()
    if not 2 <= len(wanted) <= _MOST_FEATURES:
        raise ParameterError(
            f"features: a pair plot needs 2 to {_MOST_FEATURES} features, got {len(wanted)}: "
            "name those to draw"
        )
    m = len(wanted)
    rows = None if X is None else as_points(X, mixture)
    points = None if rows is None else _points(mixture, rows, labels, marked, m * (m - 1))
    # Laid out by itself: matplotlib's own layout takes seconds for a hundred axes.
    figure, grid = pyplot().subplots(m, m, figsize=(_CELL[0] * m, _CELL[1] * m), sharex="col")
    for i, row in enumerate(wanted):
        for j, column in enumerate(wanted):
            ax = clean(grid[i, j])
            if i == j:
                flat, values = flatten(mixture, row), None if rows is None else rows.rows[:, row]
                draw_density(ax, flat, values)
                _limit(grid, i, flat, values)
            else:
                ax.set_autoscale_on(False)  # known from the diagonal
                if points is not None:
                    draw_points(ax, points, [column, row])
                draw_components(ax, flatten(mixture, np.array([column, row])))
    _name(grid, [feature_names(mixture)[j] for j in wanted])
    entries = key(grid[0, 1], points, marked_name)
    _lay_out(figure, m, entries, None if points is None else points.note)
    inches = figure.get_figheight()
    figure.suptitle(described(given, mixture), y=1 - 0.12 / inches)
    return figure


def _points(mixture: Mixture, given: Rows, labels: Any, marked: Any, n_cells: int) -> Points:
    rows, groups = given.rows, given.groups(labels, mixture)
    kept = subsample(len(rows), max(_LEAST_IN_CELL, _MOST_IN_ALL // n_cells), groups.codes)
    around = None
    if marked is not None:
        mask = as_mask("marked", marked, len(given.given))[given.seen]
        kept = np.union1d(kept, np.flatnonzero(mask)[:_MOST_MARKED])
        around = mask[kept]
    note = given.note(len(kept))
    return Points(rows[kept], Groups(groups.codes[kept], groups.names), around, note)


def _limit(grid: AnyArray, i: int, flat: Flat, values: AnyArray | None) -> None:
    """Let a feature have the same range in its column and its row: all that is drawn of it."""
    ends = [*grid[i, i].lines[-1].get_xdata()[[0, -1]]]
    if values is not None:
        ends += [values.min(), values.max()]
    ends += flat.limits(2.0)[:, 0].tolist()
    low, high = min(ends), max(ends)
    room = _MARGIN * (high - low)
    for ax in (grid[i, i], *np.delete(grid[i], i)):
        which = ax.set_xlim if ax is grid[i, i] else ax.set_ylim
        which(low - room, high + room)


def _name(grid: AnyArray, names: list[str]) -> None:
    """Write names and numbers at the left and below; ticks within are not worth their time."""
    m = len(grid)
    for (i, j), ax in np.ndenumerate(grid):
        ax.xaxis.set_visible(i == m - 1)
        # The heights of the first row stand beside its first cell with points.
        ax.yaxis.set_visible(j == 0 or (i, j) == (0, 1))
        if i == m - 1:
            name_axis(ax, "x", names[j])
            ax.locator_params("x", nbins=4)
        if j == 0:
            name_axis(ax, "y", names[i])
        if i != j and ax.yaxis.get_visible():
            ax.locator_params("y", nbins=4)
    grid[0, 0].set_yticks([])


def _lay_out(figure: Figure, m: int, entries: Any, note: str | None) -> None:
    """Give the figure the room that cells, names and one legend for all take, in inches."""
    width, height = _LEFT + _CELL[0] * m + _RIGHT, _TOP + _CELL[1] * m + _BELOW
    right, below, made = _RIGHT, _BELOW, None
    handles, names = entries
    if names:
        found = [fitted(name, _LONGEST) for name in names]
        each = [(len(name) * _LETTER + _MARKER) * legend_size() / 72 for name in found]
        one, there = max(each), width - 0.2
        # Columns are as wide as their own names: of one line each.
        ncols = len(found) if sum(each) <= there else max(1, int(there / one))
        n_lines = -(-len(found) // ncols) + (note is not None)
        style: dict[str, Any] = {"frameon": False, "markerscale": 1.5, "title": note}
        if n_lines <= _MOST_LINES:
            extra = 0.22 * n_lines + 0.1
            below, height = below + extra, height + extra
            style |= {"ncols": ncols, "loc": "lower center", "bbox_to_anchor": (0.5, 0.0)}
        else:  # beside them
            ncols = -(-len(found) // max(12, int(4 * (height - _TOP))))
            right, width = right + one * ncols, width + one * ncols
            style |= {
                "ncols": ncols,
                "loc": "upper right",
                "bbox_to_anchor": (1, 1 - _TOP / height),
            }
        made = figure.legend(handles, found, **style)
        for text in (*made.get_texts(), made.get_title()):
            text.set_parse_math(False)
    _place(figure, (width, height), (_LEFT, right, below))
    # Numbers of many digits need more room at the left than those that most data have.
    boxes = [ax.yaxis.get_tightbbox() for ax in figure.axes[::m]]
    short = 0.06 - min(box.x0 for box in boxes if box is not None) / figure.dpi
    if short > 0:
        _place(figure, (width + short, height), (_LEFT + short, right, below))


def _place(figure: Figure, size: tuple[float, float], margins: tuple[float, float, float]) -> None:
    (width, height), (left, right, below) = size, margins
    figure.set_size_inches(width, height)
    figure.subplots_adjust(
        left=left / width,
        right=1 - right / width,
        bottom=below / height,
        top=1 - _TOP / height,
        wspace=0.14,
        hspace=0.14,
    )
