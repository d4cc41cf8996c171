"""The mixture's density as contours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics.arguments import check_integer
from ._given import as_mixture, marginal, two_features
from ._style import axes, clean, label_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..mixture.mixture import Mixture

__all__ = ["density_contours"]

_GRID = 160


def density_contours(
    mixture: Any,
    *,
    features: Any = None,
    levels: int = 12,
    filled: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw lines of equal density; each encloses 2 to 99.5 % of the probability.

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
    flat = marginal(mixture, two_features(features, mixture))
    ax = axes(ax)
    x, y = (np.linspace(*limits, _GRID) for limits in _limits(flat, ax))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    density = flat.pdf(points).reshape(_GRID, _GRID)
    # The density that a share of draws exceed: the contour that encloses the share.
    draws = flat.pdf(flat.sample(20_000, 0)[0])
    heights = np.unique(np.quantile(draws, 1.0 - np.linspace(0.995, 0.02, levels)))
    draw = ax.contourf if filled else ax.contour
    style: dict[str, Any] = {} if filled else {"linewidths": 0.9}
    draw(x, y, density, levels=heights, cmap="viridis", **style)
    label_axes(ax, flat.feature_names)
    return clean(ax)


def _limits(flat: Mixture, ax: Axes) -> list[tuple[float, float]]:
    if ax.has_data():
        return [ax.get_xlim(), ax.get_ylim()]
    reach = 3.2 * np.sqrt(flat.covariances.variances())
    low, high = (flat.means - reach).min(axis=0), (flat.means + reach).max(axis=0)
    return [(float(low[j]), float(high[j])) for j in range(2)]
