"""Every pair of features, for more than two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..mixture.parts import chosen_columns
from ._given import Groups, as_groups, as_mask, as_mixture, as_points
from ._style import pyplot, subsample
from ._words import described, feature_names, fitted, legend_entries, name_axis, thinned
from .ellipses import ellipses
from .scatter import scatter
from .univariate import univariate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from .._typing import AnyArray
    from ..mixture.mixture import Mixture

__all__ = ["pairs"]

_MOST_FEATURES = 12
# Of the legend: points that a letter takes, letters that a marker and the gap behind a name do,
# and those of a name at most.
_LETTER, _MARKER, _LONGEST = 6.0, 7, 40
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
            f"features: a pair plot needs 2 to {_MOST_FEATURES} features, got {len(wanted)}"
        )
    m = len(wanted)
    rows = None if X is None else as_points(X, mixture)
    points = None if rows is None else _points(mixture, rows, labels, marked, m * (m - 1))
    legend = None
    figure, grid = pyplot().subplots(
        m, m, figsize=(2.3 * m + 0.6, 2.1 * m + 0.6), layout="constrained", sharex="col"
    )
    for i, row in enumerate(wanted):
        for j, column in enumerate(wanted):
            ax = grid[i, j]
            if i == j:
                univariate(mixture, rows, feature=row, ax=ax)
                ax.set_yticks([])
            else:
                pair = (column, row)
                if points is not None:
                    scatter(
                        points.rows,
                        points.groups.codes,
                        label_names=points.groups.names,
                        features=pair,
                        marked=points.marked,
                        marked_name=marked_name,
                        ax=ax,
                    )
                ellipses(mixture, features=pair, sigmas=(2.0,), ax=ax)
            if ax.get_legend():
                legend = legend_entries(ax) if i != j else legend
                ax.get_legend().remove()
            ax.set(xlabel="", ylabel="")
            if i == m - 1:
                name_axis(ax, "x", feature_names(mixture)[column])
            if j == 0:
                name_axis(ax, "y", feature_names(mixture)[row])
            ax.locator_params(nbins=4)
    _share_heights(grid)
    figure.suptitle(described(given, mixture))
    if legend is not None:  # one for all
        _name(figure, *legend, None if points is None else points.note)
    return figure


@dataclass(frozen=True, eq=False)
class _Points:
    """The rows that are drawn in each cell."""

    rows: AnyArray
    groups: Groups
    marked: AnyArray | None
    note: str | None


def _points(mixture: Mixture, rows: AnyArray, labels: Any, marked: Any, n_cells: int) -> _Points:
    n_known = mixture.n_components if labels is None else 0
    found = mixture.predict(rows) if labels is None else labels
    groups = as_groups(found, len(rows), n_known=n_known)
    kept = subsample(len(rows), max(_LEAST_IN_CELL, _MOST_IN_ALL // n_cells), groups.codes)
    around = None
    if marked is not None:
        mask = as_mask("marked", marked, len(rows))
        kept = np.union1d(kept, np.flatnonzero(mask)[:_MOST_MARKED])
        around = mask[kept]
    note = thinned(len(kept), len(rows))
    return _Points(rows[kept], Groups(groups.codes[kept], groups.names), around, note)


def _share_heights(grid: AnyArray) -> None:
    """Let the cells of a row have the same heights, which are written at the left."""
    for i, row in enumerate(grid):
        first, *others = [ax for j, ax in enumerate(row) if j != i]
        low, high = zip(*(ax.get_ylim() for ax in (first, *others)), strict=True)
        for ax in (first, *others):
            ax.set_ylim(min(low), max(high))
        for ax in others:
            ax.tick_params(labelleft=False)


def _name(figure: Figure, handles: Any, names: Any, note: str | None) -> None:
    letters = int(72 * figure.get_figwidth() / _LETTER) - _MARKER  # in one column
    found = [fitted(name, min(letters, _LONGEST)) for name in names]
    widest = max(map(len, found)) + _MARKER
    ncols = min(len(found), max(1, int((letters + _MARKER) / widest)))
    style: dict[str, Any] = {"frameon": False, "markerscale": 1.5, "ncols": ncols}
    made = figure.legend(handles, found, title=note, loc="outside lower center", **style)
    for text in (*made.get_texts(), made.get_title()):
        text.set_parse_math(False)
