"""The mixture's density as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._flat import draw_box, flatten
from ._given import as_mixture, two_features
from ._plane import plane
from ._style import axes, clean, limit
from ._words import entitle, label_axes, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["density"]

# The lowest density that a logarithmic map tells from none, as a share of the highest.
_LOWEST = 1e-6


def density(
    mixture: Any, *, features: Any = None, log: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the density of two features in colours, with a bar that says what they mean.

    It lies below whatever else is drawn on the axes.  A uniform background is part of it.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
        With more than two features, the marginal on `features` is drawn.
    features : two indices or names, default the first two
    log : bool, default False
        Colours go by the logarithm, down to a millionth of the peak: they show what lies low,
        such as wide components beside narrow ones.
    ax : Axes, optional
        If it already shows data, their limits are kept.

    Returns
    -------
    Axes

    Raises
    ------
    ParameterError
        If there are no such features.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> mixture = gaussmix.Mixture([0.4, 0.6], [[0, 0], [3, 1]], 2 * [[[2, 1], [1, 3]]])
    >>> ax = gaussmix.plot.density(mixture, log=True)
    """
    from matplotlib.colors import LogNorm, Normalize

    given, mixture = mixture, as_mixture(mixture)
    columns = two_features(features, mixture)
    flat = flatten(mixture, columns)
    ax = axes(ax)
    entitle(ax, given, mixture)  # before the bar, which has axes of its own
    x, y, points = plane(flat, ax)
    values = flat.pdf(points).reshape(len(y), len(x))
    peak = float(values.max()) or 1.0  # nothing of the mixture is where the axes are
    norm = LogNorm(_LOWEST * peak, peak, clip=True) if log else Normalize(0.0, peak)
    image = ax.pcolormesh(
        x, y, values, norm=norm, cmap="viridis", shading="gouraud", zorder=0, rasterized=True
    )
    limit(ax, "x", x[0], x[-1])
    limit(ax, "y", y[0], y[-1])
    bar = ax.figure.colorbar(image, ax=ax, label="density", extend="min" if log else "neither")
    bar.outline.set_visible(False)
    if draw_box(ax, flat):
        legend(ax)
    label_axes(ax, mixture.feature_names, columns, mixture.n_features)
    return clean(ax)
