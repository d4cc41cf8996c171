"""Where which component is the most probable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._flat import flatten
from ._given import as_mixture, two_features
from ._plane import plane
from ._rows import as_points
from ._style import GREY, axes, clean, color, ink, limit
from ._words import entitle, label_axes, legend
from .scatter import scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray, Array

__all__ = ["decision_regions"]

_GRID = 300
# How strong colours are where a component is as probable as others, and where it is certain.
_UNSURE, _SURE = 0.08, 0.45


def decision_regions(
    mixture: Any,
    X: Any = None,
    labels: Any = None,
    *,
    features: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Colour the plane by its most probable component, the stronger the surer.

    Lines are where two are equally probable.  Where a uniform background is, it is grey.  With
    more than two features the regions are those of the marginal on the two that are drawn;
    rows have the labels that all features give them, so some may lie across a line.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
    X : array-like or dataframe (n, d), optional
        Rows to draw on the regions.
    labels : array-like (n,), optional
        The rows' colours, as of `scatter`; the mixture's own labels when None.
    features : two indices or names, default the first two
    ax : Axes, optional
        If it already shows data, their limits are kept.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there are no such rows, or not one label a row.
    ParameterError
        If there are no such features.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> X = gaussmix.datasets.iris().rows
    >>> model = gaussmix.GaussianMixture(3, random_state=0).fit(X)
    >>> ax = gaussmix.plot.decision_regions(model, X, features=(2, 3))
    """
    given, mixture = mixture, as_mixture(mixture)
    columns = two_features(features, mixture)
    flat = flatten(mixture, columns)
    rows = None if X is None else as_points(X, mixture)
    ax = axes(ax)
    if rows is not None:
        found = rows.labels(mixture) if labels is None else labels
        scatter(rows.given, found, features=columns, names=mixture.feature_names, ax=ax)
    x, y, points = plane(flat, ax, _GRID)
    posterior = flat.posterior(points)
    shape = len(y), len(x)
    image = _colours(flat.labels(posterior), posterior, mixture.n_components, ax)
    ax.pcolormesh(x, y, image.reshape(*shape, 4), shading="nearest", zorder=0, rasterized=True)
    for margin in _margins(posterior):
        ax.contour(x, y, margin.reshape(shape), [0.0], colors=ink(ax), linewidths=0.8, zorder=0.5)
    limit(ax, "x", x[0], x[-1])
    limit(ax, "y", y[0], y[-1])
    if rows is None:
        for k in np.unique(flat.labels(posterior)):
            shade = GREY if k < 0 else color(k, mixture.n_components, ax)
            name = "noise" if k < 0 else f"component {k}"
            ax.fill_between([], [], [], color=shade, alpha=_SURE, lw=0, label=name)
        legend(ax)
    entitle(ax, given, mixture)
    label_axes(ax, mixture.feature_names, columns, mixture.n_features)
    return clean(ax)


def _colours(labels: AnyArray, posterior: Array, n_components: int, ax: Axes) -> Array:
    """Return colours (n, 4) of points: of their labels, and as strong as these are sure."""
    from matplotlib.colors import to_rgb

    palette = [to_rgb(color(k, n_components, ax)) for k in range(n_components)]
    shades = np.array([*palette, to_rgb(GREY)])  # -1 is the last
    least = 1.0 / posterior.shape[1]
    sure = (posterior.max(axis=1) - least) / (1.0 - least) if least < 1 else np.ones(len(labels))
    return np.column_stack([shades[labels], _UNSURE + (_SURE - _UNSURE) * sure.clip(0, 1)])


def _margins(posterior: Array) -> list[Array]:
    """Return by how much each label is more probable than the others (n,), if it is anywhere.

    One of two would have the same line as the other.
    """
    ranked = np.sort(posterior, axis=1)
    most, second = ranked[:, -1], ranked[:, -2] if ranked.shape[1] > 1 else 0 * ranked[:, -1]
    margins = [np.where(own == most, own - second, own - most) for own in posterior.T]
    drawn = [margin for margin in margins if (margin > 0).any() and (margin < 0).any()]
    return drawn[1:] if len(drawn) == 2 else drawn
