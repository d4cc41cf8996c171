"""Components as ellipses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import as_numbers, shown
from ._flat import draw_box, flatten
from ._given import as_mixture, two_features
from ._style import axes, clean, color, ink
from ._words import entitle, label_axes, legend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .._typing import Array
    from ..mixture.mixture import Mixture

__all__ = ["ellipses", "half_axes", "half_axes_of"]


def ellipses(
    mixture: Any,
    *,
    features: Any = None,
    sigmas: Sequence[float] | float = (1.0, 2.0),
    ax: Axes | None = None,
) -> Axes:
    """Draw each component's mean and its sigma-ellipses, and the edges of a uniform background.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
        With more than two features, the marginal on `features` is drawn.
    features : two indices or names, default the first two
    sigmas : float or sequence of them, default (1, 2)
        Mahalanobis radii; 1 and 2 hold 39 % and 86 % of a Gaussian component, and less of
        one of heavier tails.
    ax : Axes, optional

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> mixture = gaussmix.Mixture([1.0], [[0.0, 0.0]], [[[2.0, 1.0], [1.0, 1.0]]])
    >>> ax = gaussmix.plot.ellipses(mixture)
    """
    from matplotlib.patches import Ellipse

    given, mixture, radii = mixture, as_mixture(mixture), _radii(sigmas)
    columns = two_features(features, mixture)
    flat = flatten(mixture, columns)
    seen = flat.gaussians
    ax = axes(ax)
    widths, heights, angles = half_axes(seen)
    for k, (mean, angle) in enumerate(zip(seen.means, angles, strict=True)):
        shade = color(k, seen.n_components, ax)
        for sigma in radii:
            width, height = 2.0 * sigma * widths[k], 2.0 * sigma * heights[k]
            place: Any = (mean[0], mean[1]), width, height
            edge: dict[str, Any] = {"edgecolor": shade, "lw": 1.6, "zorder": 3}
            ax.add_patch(Ellipse(*place, angle=angle, fill=False, **edge))
            ax.add_patch(Ellipse(*place, angle=angle, color=shade, alpha=0.10, lw=0))
    x, y = seen.means.T
    ax.scatter(x, y, marker="x", s=60, color=ink(ax), linewidths=1.8, zorder=4)
    if draw_box(ax, flat):
        legend(ax)
    ax.autoscale_view()
    entitle(ax, given, mixture)
    label_axes(ax, mixture.feature_names, columns, mixture.n_features)
    return clean(ax)


def half_axes(seen: Mixture) -> tuple[Array, Array, Array]:
    """Return the longer and the shorter half axis, and the longer's angle in degrees, (K,) each."""
    return half_axes_of(seen.scales.to_dense())


def half_axes_of(matrices: Array) -> tuple[Array, Array, Array]:
    """Return the same of matrices (K, 2, 2)."""
    eigenvalues, vectors = np.linalg.eigh(matrices)
    shorter, longer = np.sqrt(np.maximum(eigenvalues, 0.0)).T
    return longer, shorter, np.degrees(np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1]))


def _radii(sigmas: Any) -> list[float]:
    radii = np.atleast_1d(as_numbers("sigmas", sigmas))
    if radii.ndim != 1 or not (np.isfinite(radii) & (radii > 0)).all():
        raise ParameterError(f"sigmas: expected numbers above 0, got {shown(sigmas)}")
    return sorted(radii.tolist())
