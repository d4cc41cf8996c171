"""Which rows are between components: large points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import as_numbers, shown
from ._given import as_groups, as_mixture, two_features
from ._rows import as_points
from ._style import GREY, MOST_POINTS, axes, clean, color, subsample
from ._words import entitle, label_axes, legend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .._typing import Array

__all__ = ["uncertainty"]

# Areas of points below the lower quantile, between the two, and above.
_CLASSES = (5.0, 22.0, 70.0)
# Areas of points of no uncertainty, and of what each further 1 adds.
_SMALLEST, _GROWTH = 8.0, 180.0
# Points that have these areas; those of more are smaller.
_MOST_LARGE = 2_000
# For the legend.
_SHOWN = (0.0, 0.2, 0.5)


def uncertainty(
    mixture: Any,
    X: Any,
    *,
    features: Any = None,
    quantiles: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
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
    quantiles : two numbers between 0 and 1, optional
        Points of three sizes in place of areas: small up to the first quantile of the
        uncertainties, middling up to the second, large above.  mclust's are (0.75, 0.95).
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there are no such rows.
    ParameterError
        If there are no such features or quantiles.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> X = gaussmix.datasets.iris().rows
    >>> model = gaussmix.GaussianMixture(3, random_state=0).fit(X)
    >>> ax = gaussmix.plot.uncertainty(model, X, features=(2, 3))
    """
    given, mixture = mixture, as_mixture(mixture)
    columns, cuts = two_features(features, mixture), _cuts(quantiles)
    given_rows = as_points(X, mixture)
    rows = given_rows.rows
    unsure, found = 1.0 - mixture.responsibilities(rows).max(axis=1), mixture.predict(rows)
    edges = None if cuts is None else np.quantile(unsure, cuts)
    ax = axes(ax)
    kept = subsample(len(rows), MOST_POINTS, found)
    # The large ones last: they are what the picture is of, and there are few.
    kept = kept[np.argsort(unsure[kept], kind="stable")]
    count = mixture.n_components
    groups = as_groups(found[kept], len(kept), n_known=count)
    style: dict[str, Any] = {"alpha": 0.65, "linewidths": 0, "rasterized": len(kept) > 2_000}
    shrunk = min(1.0, _MOST_LARGE / len(kept))
    for k, name in groups:
        own = kept[groups.codes == k]
        shade = GREY if k < 0 else color(k, count, ax)
        ax.scatter([], [], s=36, color=shade, label=name, **style)  # a legend has one size
        x, y = rows[own][:, columns].T
        ax.scatter(x, y, s=_areas(unsure[own], edges, shrunk), color=shade, **style)
    for area, name in _key(edges, shrunk):
        ax.scatter([], [], s=area, facecolors="none", edgecolors=GREY, label=name)
    legend(ax, markerscale=1.0, note=given_rows.note(len(kept)))
    entitle(ax, given, mixture)
    label_axes(ax, mixture.feature_names, columns, mixture.n_features)
    return clean(ax)


def _cuts(given: Any) -> Array | None:
    if given is None:
        return None
    cuts = as_numbers("quantiles", given)
    if cuts.shape != (2,) or not ((cuts > 0) & (cuts < 1)).all() or cuts[0] > cuts[1]:
        raise ParameterError(
            "quantiles: expected two numbers between 0 and 1, ascending, such as (0.75, 0.95), "
            f"got {shown(given)}"
        )
    return cuts


def _areas(unsure: Array, edges: Array | None, shrunk: float) -> Array:
    """Return the areas of points (n,)."""
    if edges is None:
        return np.asarray(shrunk * (_SMALLEST + _GROWTH * unsure))
    return shrunk * np.take(_CLASSES, np.searchsorted(edges, unsure))


def _key(edges: Array | None, shrunk: float) -> list[tuple[float, str]]:
    """Return areas for the legend, and what they mean."""
    if edges is None:
        areas = _areas(np.array(_SHOWN), None, shrunk)
        names = [f"uncertainty {value:g}" for value in _SHOWN]
    else:
        areas = shrunk * np.array(_CLASSES)
        low, high = (f"{edge:.2g}" for edge in edges)
        names = [f"uncertainty to {low}", f"to {high}", "above"]
    return list(zip(areas.tolist(), names, strict=True))
