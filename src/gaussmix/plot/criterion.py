"""A criterion of model choice by the number of components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._results import as_results
from ._style import GREY, axes, clean, color, ink, limit
from ._words import fitted, legend, number, say, whole_numbers, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray
    from ._results import Results

__all__ = ["criterion"]

_MARKERS = "os^Dv<>pXP*hHd"
# A family is left above the picture if its least value is farther from the best, in medians of
# such distances.
_FAR = 4.0
# They are let in if the picture becomes at most so many times as high.
_WORTH = 1.5


def criterion(results: Any, name: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw a criterion by the number of components: a line a family, the best two labelled.

    Families that are far above most do not set the scale; if they are not seen, they are named.

    Parameters
    ----------
    results : fitted GaussianMixtureIC, or its ``results_``
    name : str, optional
        Which criterion; the one that models were chosen by when None.
    ax : Axes, optional

    Raises
    ------
    ParameterError
        If the results do not have that criterion, or are none.
    DataError
        If no model could be fitted.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from gaussmix import GaussianMixtureIC, plot
    >>> from sklearn.datasets import load_iris
    >>> search = GaussianMixtureIC([1, 2, 3], families=["EEE", "VVV"], random_state=0)
    >>> ax = plot.criterion(search.fit(load_iris().data))
    >>> len(ax.lines) >= 2
    True
    """
    found = as_results(results, name)
    ax = axes(ax, (7.6, 4.8))
    count = len(found.families)
    for k, family in enumerate(found.families):
        ax.plot(
            found.sizes,
            found.values[k],  # NaN, where there is no fit, leaves a gap
            color=color(k, count, ax),
            marker=_MARKERS[k % len(_MARKERS)],
            ms=5,
            lw=1.3,
            label=family,
        )
    _limit(ax, found)
    _label_best(ax, found)
    ax.set_xticks(_ticks(found.sizes))
    say(ax, x="components", y=f"{found.criterion.upper()} (smaller is better)")
    whole_numbers(ax, "y")
    legend(ax, most_inside=0)
    return clean(ax)


def _limit(ax: Axes, found: Results) -> None:
    """Let families that are of use set the scale; name those that are above it."""
    lowest = _least(found)
    far = lowest - np.nanmin(lowest)
    most = _FAR * float(np.nanmedian(far))
    good = far <= most if most > 0 else np.isfinite(far)
    low, high = float(np.nanmin(found.values)), float(np.nanmax(found.values))
    top = float(np.nanmax(found.values[good]))
    if high - low < _WORTH * (top - low):
        top = high
    span = max(top - low, 1e-9 * abs(low)) or 1.0
    # Below them room for the labels.
    limit(ax, "y", low - 0.2 * span, top + 0.05 * span)
    each = zip(found.families, lowest, strict=True)
    above = [f"{name} ({number(least, 1)})" for name, least in each if least > top]
    if above and high > top:
        text = fitted(f"above, with their least: {', '.join(above)}", 80)
        ax.annotate(
            text,
            (0.01, 0.99),
            xycoords="axes fraction",
            va="top",
            fontsize="small",
            color=ink(ax),
        )


def _least(found: Results) -> AnyArray:
    """Return the least value of each family (n_families,), NaN if it has none."""
    least = np.where(np.isnan(found.values), np.inf, found.values).min(axis=1)
    return np.where(np.isinf(least), np.nan, least)


def _ticks(sizes: AnyArray) -> AnyArray:
    """Return numbers of components to write: all, or of very many some."""
    return sizes[:: -(-len(sizes) // 20)]


def _label_best(ax: Axes, found: Results) -> None:
    """Write the best two models below the picture's lowest point, so that none hides another."""
    from matplotlib.transforms import offset_copy

    lowest = float(np.nanmin(found.values))
    for (k, size), offset in zip(found.ranked(2), (-18, -32), strict=False):
        value, n_components = found.values[k, size], found.sizes[size]
        below: Any = offset_copy(ax.transData, written(ax), 0.0, offset, "points")
        ax.annotate(
            f"{fitted(found.families[k], 20)}, {n_components}: {number(float(value), 1)}",
            (n_components, value),
            xytext=(n_components, lowest),
            textcoords=below,
            ha="center",
            va="top",
            fontsize="small",
            color=ink(ax),
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.8},
        )
