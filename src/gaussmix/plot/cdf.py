"""One feature: the distribution functions of a mixture and of data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._flat import flatten
from ._given import as_mixture, one_feature
from ._ranks import ranked
from ._rows import as_values
from ._rug import rug
from ._style import GREY, axes, clean, ink
from ._words import entitle, label_axes, legend, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cdf"]

# Steps that are drawn of larger data: a step is then narrower than a line is wide.
_MOST_STEPS = 2_000


def cdf(
    mixture: Any,
    X: Any = None,
    labels: Any = None,
    *,
    feature: int | str = 0,
    weights: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how much probability is below each value, and the share of the data that is.

    The legend says how far apart the two are at most (the distance of Kolmogorov and Smirnov).
    A rug shows the rows of each component or class.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
        With more than one feature, the marginal on `feature` is drawn.
    X : array-like (n,) or (n, d), or dataframe, optional
    labels : array-like (n,), optional
        The rug's colours, as of `scatter`; the mixture's own labels when None.
    feature : index or name, default 0
    weights : array-like (n,), optional
        Sample weights.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        If there are no rows, or not one label a row.
    ParameterError
        If there is no such feature, or weights are not of the rows.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> X = gaussmix.datasets.iris().rows
    >>> model = gaussmix.GaussianMixture(3, random_state=0).fit(X)
    >>> ax = gaussmix.plot.cdf(model, X, feature=2)
    """
    given, mixture = mixture, as_mixture(mixture)
    column = one_feature(feature, mixture)
    flat, note = flatten(mixture, column), None
    ax = axes(ax)
    low, high = flat.limits(3.5)[:, 0].tolist()
    data = None
    if X is not None:
        found = as_values(X, labels, weights, mixture, flat, column)
        data = ranked(found.values, found.weights)
        low, high = min(low, data.values[0]), max(high, data.values[-1])
    grid = flat.grid(0, low, high, 600)
    ax.plot(grid, flat.cdf(grid), color=ink(ax), lw=3.4, label="mixture")
    if data is not None:
        at, share = data.steps(_MOST_STEPS)
        name = f"data, at most {data.distance(flat.cdf(data.values)):.3f} from it"
        at, share = np.r_[low, at, high], np.r_[0.0, share, 1.0]
        ax.plot(at, share, color=GREY, lw=1.5, drawstyle="steps-post", label=name)
        note = found.noted(rug(ax, found.values, found.groups))
    say(ax, y="probability below")
    entitle(ax, given, mixture)
    label_axes(ax, mixture.feature_names, column, mixture.n_features)
    legend(ax, note=note, loc="upper left")
    return clean(ax)
