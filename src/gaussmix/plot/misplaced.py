"""Rows that are not in the component of their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from ..mixture.comparing import best_assignment
from ._given import as_groups, as_mixture, two_features
from ._rows import as_points
from ._style import GREY, MOST_POINTS, axes, clean, color, ink, shape, subsample
from ._words import entitle, entry, label_axes, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray
    from ._given import Groups

__all__ = ["misplaced"]

# What classes are compared with and drawn as, if they are not known.
_UNKNOWN = "class not known"
# Of more misplaced rows crosses in black hide all else.
_MOST_CROSSED = 500
# Of more points a picture of lines is large and slow.
_MOST_LINES = 2_000


def misplaced(
    mixture: Any, X: Any, classes: Any, *, features: Any = None, ax: Axes | None = None
) -> Axes:
    """Draw rows in the colours of their classes, those in another component large and crossed.

    Where more than 500 are misplaced, they are crosses of their colours.

    Components stand for classes as agrees best (the assignment of Kuhn 1955): one each; if
    there are more components, every class has at least one.  The legend says how many rows
    are misplaced.  The background stands for the class -1, or for one that it agrees best with
    and no component does, such as "noise"; or for none.

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
    given_rows = as_points(X, mixture)
    rows, seen = given_rows.rows, given_rows.seen
    known, groups = _classes(classes, seen)
    wrong = np.zeros(len(rows), dtype=bool)
    wrong[known] = _away(mixture.predict(rows[known]), groups.codes[known], mixture.n_components)
    ax = axes(ax)
    # Those of a class that are misplaced count as a group: some are drawn of each.
    codes = groups.codes + (len(groups.names) + 2) * wrong
    kept = subsample(len(rows), MOST_POINTS, codes)
    away, rest = kept[wrong[kept]], kept[~wrong[kept]]
    size = float(np.clip(12_000 / len(kept), 2, 18))
    many = len(away) > _MOST_CROSSED
    large = 3 * size if many else max(5 * size, 30)
    if not known.all():
        own = rest[~known[rest]]
        ax.scatter(*_at(rows, own, columns), s=size, color=GREY, alpha=0.5, lw=0, label=_UNKNOWN)
    for k, name in groups:
        style: dict[str, Any] = {"rasterized": len(kept) > _MOST_LINES, "linewidths": 0}
        style |= {"color": GREY if k < 0 else color(k, len(groups.names), ax), "marker": shape(k)}
        own, off = (which[groups.codes[which] == k] for which in (rest, away))
        ax.scatter(*_at(rows, own, columns), s=size, alpha=0.55, label=entry(name), **style)
        if many:  # crosses of their colours: in black they would hide all else
            style |= {"marker": "x", "linewidths": 0.5}
        ax.scatter(*_at(rows, off, columns), s=large, alpha=0.9, zorder=3, **style)
    share = f"{100 * wrong.sum() / known.sum():.1f} %"
    name = f"misplaced: {wrong.sum():,} of {known.sum():,} ({share})"
    crossed = _at(rows, away[:0] if many else away, columns)
    style |= {"marker": "x", "color": ink(ax), "linewidths": 0.9}
    ax.scatter(*crossed, s=large / 2, zorder=3.5, label=name, **style)
    legend(ax, note=given_rows.note(len(kept)))
    entitle(ax, given, mixture)
    label_axes(ax, mixture.feature_names, columns, mixture.n_features)
    return clean(ax)


def _at(rows: AnyArray, which: AnyArray, columns: AnyArray) -> tuple[AnyArray, AnyArray]:
    return rows[which, columns[0]], rows[which, columns[1]]


def _classes(given: Any, seen: AnyArray) -> tuple[AnyArray, Groups]:
    """Return which classes are known, and the groups, of those rows (m,) that are seen."""
    n_rows = len(seen)
    try:
        values = np.asarray(given)
    except ValueError:  # of different lengths
        values = np.empty(())
    if isinstance(given, str) or values.shape != (n_rows,):
        found = "a text" if isinstance(given, str) else f"shape {values.shape}"
        raise DataError(f"classes: expected {n_rows}, one a row of X, got {found}")
    missing = np.array([_is_missing(value) for value in values.tolist()], dtype=bool)
    known = ~missing
    if not known[seen].any():
        raise DataError("classes: none is known; give the class of some rows at least")
    kept = values[known]
    if kept.dtype == object:  # beside None numbers are no array of numbers
        kept = np.array(kept.tolist())
    groups = as_groups(kept, len(kept), what="class")
    codes = np.full(n_rows, -2, dtype=np.intp)
    codes[known] = groups.codes
    return known[seen], type(groups)(codes[seen], groups.names)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and np.isnan(value))
        or type(value).__name__ in ("NAType", "NaTType")  # pandas' own
    )


def _away(labels: AnyArray, classes: AnyArray, n_components: int) -> AnyArray:
    """Return which rows (n,) are in a component that stands for another class."""
    found = np.append(np.arange(n_components), -1)  # the background is the last, and for noise
    counts = np.zeros((n_components + 1, classes.max() + 1), dtype=np.intp)
    there = classes >= 0
    np.add.at(counts, (labels[there], classes[there]), 1)
    if counts.shape[1] > 0:
        found[:-1] = best_assignment(counts[:-1])
        right = (found[labels] == classes).sum()
        # A class of its own that the background finds, such as one that is called noise.
        other = best_assignment(counts)
        alone = other[-1] not in other[:-1]
        if alone and not (classes == -1).any() and (other[labels] == classes).sum() > right:
            found = other
    return np.asarray(found[labels] != classes)
