"""The mixture's density as contours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics.arguments import check_integer
from ._flat import draw_box, flatten
from ._given import as_mixture, two_features
from ._style import axes, clean, label_axes, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import Array
    from ._flat import Flat

__all__ = ["density_contours"]

_GRID = 160
# How far above the highest noise the lowest contour of a mixture with noise is.
_ABOVE = 1.02


def density_contours(
    mixture: Any,
    *,
    features: Any = None,
    levels: int = 12,
    filled: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw lines of equal density; each encloses 2 to 99.5 % of the probability.

    A uniform background is part of the density.  Where there is nothing else no line can be
    drawn, so then the lines enclose at most what stands above it, and its edges are dashed.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
        With more than two features, the marginal on `features` is drawn.
    features : two indices or names, default the first two
    levels : int, default 12
        Number of contours.
    filled : bool, default False
    ax : Axes, optional
        If it already shows data, their limits are kept.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> mixture = gaussmix.Mixture([0.4, 0.6], [[0, 0], [3, 1]], 2 * [[[2, 1], [1, 3]]])
    >>> ax = gaussmix.plot.density_contours(mixture, levels=6)
    """
    mixture, levels = as_mixture(mixture), check_integer("levels", levels, minimum=1)
    flat = flatten(mixture, two_features(features, mixture))
    ax = axes(ax)
    x, y = (np.linspace(*limits, _GRID) for limits in _limits(flat, ax))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    density = flat.pdf(points).reshape(_GRID, _GRID)
    heights = _heights(flat, levels)
    if len(heights) > filled:  # filled ones lie between two lines
        draw = ax.contourf if filled else ax.contour
        style: dict[str, Any] = {} if filled else {"linewidths": 0.9}
        draw(x, y, density, levels=heights, cmap="viridis", **style)
    if draw_box(ax, flat):
        legend(ax)
    label_axes(ax, flat.gaussians.feature_names)
    return clean(ax)


def _heights(flat: Flat, levels: int) -> Array:
    """Return the densities that shares of draws exceed: their contours enclose these shares."""
    draws = flat.sample(20_000)
    density, most = flat.pdf(draws), 0.995
    if flat.background is not None:
        # On a plain there is no line: a share of it is anywhere.
        above = density > _ABOVE * flat.noise(draws).max()
        most = min(most, float(above.mean()))
        if most == 0.0:
            return np.empty(0)
    shares = np.linspace(most, min(0.02, most / 2), levels)
    return np.asarray(np.unique(np.quantile(density, 1.0 - shares)))


def _limits(flat: Flat, ax: Axes) -> list[tuple[float, float]]:
    if ax.has_data():
        return [ax.get_xlim(), ax.get_ylim()]
    low, high = flat.limits(3.2)
    if flat.background is not None:  # its edges are to be seen beside those of the axes
        low, high = low - 0.03 * (high - low), high + 0.03 * (high - low)
    return [(float(low[j]), float(high[j])) for j in range(2)]
