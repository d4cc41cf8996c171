"""Rows that are not in the component of their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from ..mixture.comparing import best_assignment
from ._given import as_groups, as_mixture, as_points, two_features
from ._style import GREY, MOST_POINTS, axes, clean, color, ink, shape, subsample
from ._words import entitle, entry, label_axes, legend, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray
    from ._given import Groups

__all__ = ["misplaced"]

# What classes are compared with and drawn as, if they are not known.
_UNKNOWN = "class not known"


def misplaced(
    mixture: Any, X: Any, classes: Any, *, features: Any = None, ax: Axes | None = None
) -> Axes:
    """Draw rows in the colours of their classes, those in another component large and crossed.

    Components stand for classes as agrees best (the assignment of Kuhn 1955): one each; if
    there are more components, every class has at least one.  The legend says how many rows
    are misplaced.  Those of the background are misplaced unless their class is -1.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
    X : array-like or dataframe (n, d)
        All features of the mixture.
    classes : array-like (n,)
        Known classes: text or numbers, -1 is noise.  None or NaN is a class that is not known:
        such rows are grey, and are not counted.
    features : two indices or names, default the first two
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there are no such rows, not one class a row, or none is known.
    ParameterError
        If there are no such features.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> iris = gaussmix.datasets.iris()
    >>> model = gaussmix.GaussianMixture(3, random_state=0).fit(iris.rows)
    >>> ax = gaussmix.plot.misplaced(model, iris.rows, iris.classes, features=(2, 3))
    >>> ax.get_legend().get_texts()[-1].get_text()
    'misplaced: 5 of 150 (3.3 %)'
    """
    given, mixture = mixture, as_mixture(mixture)
    columns = two_features(features, mixture)
    rows = as_points(X, mixture)
    known, groups = _classes(classes, len(rows))
    wrong = np.zeros(len(rows), dtype=bool)
    wrong[known] = _away(mixture.predict(rows[known]), groups.codes[known])
    ax = axes(ax)
    # All that are misplaced, unless they alone are too many.
    away, rest = np.flatnonzero(wrong), np.flatnonzero(~wrong)
    away = away[subsample(len(away), MOST_POINTS // 4, groups.codes[away])]
    rest = rest[subsample(len(rest), MOST_POINTS - len(away), groups.codes[rest])]
    size = float(np.clip(12_000 / (len(away) + len(rest)), 2, 18))
    if not known.all():
        own = rest[~known[rest]]
        ax.scatter(*_at(rows, own, columns), s=size, color=GREY, alpha=0.5, lw=0, label=_UNKNOWN)
    count = len(groups.names)
    for k, name in groups:
        shade = GREY if k < 0 else color(k, count, ax)
        own = rest[known[rest] & (groups.codes[rest] == k)]
        style: dict[str, Any] = {
            "color": shade,
            "marker": shape(k),
            "rasterized": len(rows) > 2_000,
        }
        ax.scatter(*_at(rows, own, columns), s=size, alpha=0.55, lw=0, label=entry(name), **style)
        off = away[groups.codes[away] == k]
        ax.scatter(
            *_at(rows, off, columns), s=max(5 * size, 30), alpha=0.9, lw=0, zorder=3, **style
        )
    name = f"misplaced: {wrong.sum():,} of {known.sum():,} ({wrong.sum() / known.sum():.1%})"
    crossed: dict[str, Any] = {"marker": "x", "color": ink(ax), "linewidths": 0.9, "zorder": 3.5}
    where = _at(rows, away, columns)
    ax.scatter(*where, s=max(2.5 * size, 16), label=name.replace("%", " %"), **crossed)
    legend(ax, note=thinned(len(away) + len(rest), len(rows)))
    entitle(ax, given, mixture)
    label_axes(ax, mixture.feature_names, columns, mixture.n_features)
    return clean(ax)


def _at(rows: AnyArray, which: AnyArray, columns: AnyArray) -> tuple[AnyArray, AnyArray]:
    return rows[which, columns[0]], rows[which, columns[1]]


def _classes(given: Any, n_rows: int) -> tuple[AnyArray, Groups]:
    """Return which classes are known (n,), and all rows by their classes."""
    try:
        values = np.asarray(given)
    except ValueError:  # of different lengths
        values = np.empty(())
    if isinstance(given, str) or values.shape != (n_rows,):
        found = "a text" if isinstance(given, str) else f"shape {values.shape}"
        raise DataError(f"classes: expected {n_rows}, one a row of X, got {found}")
    missing = np.array([_is_missing(value) for value in values.tolist()], dtype=bool)
    known = ~missing
    if not known.any():
        raise DataError("classes: none is known; give the class of some rows at least")
    kept = values[known]
    if kept.dtype == object:  # beside None numbers are no array of numbers
        kept = np.array(kept.tolist())
    groups = as_groups(kept, len(kept), what="class")
    codes = np.full(n_rows, -2, dtype=np.intp)
    codes[known] = groups.codes
    return known, type(groups)(codes, groups.names)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and np.isnan(value))
        or type(value).__name__ in ("NAType", "NaTType")  # pandas' own
    )


def _away(labels: AnyArray, classes: AnyArray) -> AnyArray:
    """Return which rows (n,) are in a component that stands for another class."""
    placed = labels >= 0
    if not (placed & (classes >= 0)).any():
        return np.asarray(labels != classes)
    counts = np.zeros((labels.max() + 1, classes.max() + 1), dtype=np.intp)
    both = placed & (classes >= 0)
    np.add.at(counts, (labels[both], classes[both]), 1)
    stands_for = np.append(best_assignment(counts), -1)  # the background for noise
    return np.asarray(stands_for[labels] != classes)
