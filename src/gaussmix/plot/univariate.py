"""One feature: histogram, the mixture's density, and each weighted component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import shown
from ._flat import flatten
from ._given import as_mixture, one_feature
from ._rows import as_values
from ._rug import rug
from ._style import GREY, axes, clean, color, dash, ink, is_dark, limit
from ._words import entitle, label_axes, legend, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._flat import Flat

__all__ = ["draw_density", "univariate"]

# Bars on a light ground and on a dark one: below the lines of all components.
_BARS = {False: "#C9CED6", True: "#4A4F57"}
# Of more bars edges hide what they are around.
_MOST_EDGED = 100
# Curves leave room for a legend of so many names.
_MOST_INSIDE = 5


def univariate(
    mixture: Any,
    X: Any = None,
    *,
    feature: int | str = 0,
    bins: int | str = "auto",
    weights: Any = None,
    labels: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of one feature over a histogram of the data.

    Each component has a line, and so has a uniform background; all together are the mixture.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
        With more than one feature, the marginal on `feature` is drawn.
    X : array-like (n,) or (n, d), or dataframe, optional
        Data for the histogram.
    feature : index or name, default 0
    bins : int or str, default "auto"
        As numpy.histogram_bin_edges.
    weights : array-like (n,), optional
        Sample weights of the histogram.
    labels : array-like (n,), optional
        Labels of the rows, as of `scatter`: a rug shows where those of each group are.
    ax : Axes, optional

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> mixture = gaussmix.Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0])
    >>> ax = gaussmix.plot.univariate(mixture, mixture.sample(100, 0)[0])
    """
    given, mixture = mixture, as_mixture(mixture)
    column = one_feature(feature, mixture)
    flat = flatten(mixture, column)
    ax = axes(ax)
    data = None
    if X is not None:
        grouped = labels is not None
        data = as_values(X, labels, weights, mixture, flat, column, grouped=grouped)
    if data is None:
        draw_density(ax, flat)
    else:
        draw_density(ax, flat, data.values, bins, data.weights)
    say(ax, y="density")
    note = None
    if data is not None:
        note = data.noted(None if labels is None else rug(ax, data.values, data.groups))
    entitle(ax, given, mixture)
    legend(ax, note=note, most_inside=_MOST_INSIDE)
    label_axes(ax, mixture.feature_names, column, mixture.n_features)
    return clean(ax)


def draw_density(
    ax: Axes, flat: Flat, values: Any = None, bins: Any = "auto", weights: Any = None
) -> None:
    """Draw the density of the one feature seen and its parts, over a histogram of values."""
    low, high = flat.limits(3.5)[:, 0].tolist()
    if values is not None:
        edges = _edges(values, bins, 0.01 * (high - low))
        ax.hist(
            values,
            bins=edges,
            weights=weights,
            density=True,
            color=_BARS[is_dark(ax)],
            edgecolor=ax.get_facecolor(),
            linewidth=0.5 if len(edges) < _MOST_EDGED else 0.0,
            label="data",
        )
        low = max(low, values.min() - np.ptp(values))
        high = min(high, values.max() + np.ptp(values))
    grid = flat.grid(0, low, high, 800)
    joint, count = flat.components(grid), flat.whole.n_components
    for k in range(count):
        ax.plot(
            grid,
            joint[:, k],
            color=color(k, count, ax),
            ls=dash(k, count),
            lw=1.8,
            zorder=3,  # above the sum, which hides a component that stands alone
            label=f"component {k}, weight {flat.weights[k]:.2f}",
        )
    noise = flat.noise(grid)
    if flat.background is not None:
        name = f"noise, weight {flat.background.weight:.2f}"
        ax.plot(grid, noise, color=GREY, lw=1.8, ls=(0, (4, 3)), zorder=3, label=name)
    ax.plot(grid, joint.sum(axis=1) + noise, color=ink(ax), lw=3.4, label="mixture")
    limit(ax, "y", 0, None)


def _edges(values: Any, bins: int | str, least: float) -> Any:
    """Return the edges of bars; of values that are hardly apart one, as wide as is seen."""
    try:
        np.histogram_bin_edges([0.0, 1.0], bins=bins)
    except (TypeError, ValueError) as found:
        raise ParameterError(
            f"bins: expected a number, edges or a rule such as 'auto', got {shown(bins)} ({found})"
        ) from None
    low, high = float(values.min()), float(values.max())
    if np.ndim(bins) == 0 and high - low < least:
        return np.array([low - least / 2, high + least / 2])
    edges = np.histogram_bin_edges(values, bins=bins)
    # Rounded data make "auto" ask for more bins than there are values.
    distinct = len(np.unique(values))
    return edges if len(edges) <= distinct + 1 else np.histogram_bin_edges(values, bins=distinct)
