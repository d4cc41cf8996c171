"""Which rows are between components: large points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._given import as_groups, as_mixture, as_points, two_features
from ._style import GREY, MOST_POINTS, axes, clean, color, label_axes, legend, subsample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["uncertainty"]

# Areas of points of no uncertainty, and of what each further 1 adds.
_SMALLEST, _GROWTH = 8.0, 180.0
# For the legend.
_SHOWN = (0.0, 0.2, 0.5)


def uncertainty(mixture: Any, X: Any, *, features: Any = None, ax: Axes | None = None) -> Axes:
    """Draw rows in the colours of their components, the larger the less sure these are.

    The uncertainty of a row is 1 less its largest responsibility: the probability that its
    label is wrong, if the mixture is right (as mclust's ``what = "uncertainty"``).  A point's
    area grows by it.  It is that of all features, whichever two are drawn.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
    X : array-like or dataframe (n, d)
        All features of the mixture.
    features : two indices or names, default the first two
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> X = gaussmix.datasets.iris().rows
    >>> model = gaussmix.GaussianMixture(3, random_state=0).fit(X)
    >>> ax = gaussmix.plot.uncertainty(model, X, features=(2, 3))
    """
    mixture = as_mixture(mixture)
    columns = two_features(features, mixture)
    rows = as_points(X, mixture)
    ax = axes(ax)
    rows = rows[subsample(len(rows), MOST_POINTS)]
    unsure = 1.0 - mixture.responsibilities(rows).max(axis=1)
    # The large ones last: they are what the picture is of, and there are few.
    order = np.argsort(unsure, kind="stable")
    rows, unsure = rows[order], unsure[order]
    groups, count = as_groups(mixture.predict(rows), len(rows)), mixture.n_components
    style: dict[str, Any] = {"alpha": 0.65, "linewidths": 0}
    for k, name in groups:
        own = groups.codes == k
        shade = GREY if k < 0 else color(k, count)
        ax.scatter([], [], s=36, color=shade, label=name, **style)  # a legend has one size
        x, y = rows[own][:, columns].T
        ax.scatter(x, y, s=_area(unsure[own]), color=shade, **style)
    for value in _SHOWN:
        name = f"uncertainty {value:g}"
        ax.scatter([], [], s=_area(value), facecolors="none", edgecolors=GREY, label=name)
    legend(ax, markerscale=1.0)
    names = mixture.feature_names
    label_axes(ax, None if names is None else [names[j] for j in columns])
    return clean(ax)


def _area(unsure: Any) -> Any:
    return _SMALLEST + _GROWTH * unsure
