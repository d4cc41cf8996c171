"""One feature: quantiles of data against those of a mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._flat import flatten
from ._given import as_mixture, one_feature
from ._ranks import ranked
from ._rows import as_values
from ._rug import rug
from ._style import GREY, axes, clean, color, ink
from ._words import entitle, feature_names, legend, name_axis, say, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import Array

__all__ = ["quantiles"]

# Points that are drawn of larger data, and those at each end, which are all drawn.
_MOST, _ENDS = 600, 40


def quantiles(
    mixture: Any,
    X: Any,
    labels: Any = None,
    *,
    feature: int | str = 0,
    weights: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each value against the one that the mixture has at its rank (a Q-Q plot).

    If the mixture is right the points lie along the diagonal: between the outer lines 95 % of
    them, each by itself, as order statistics of so many draws do.  Where they leave it, tails
    or shoulders are too heavy or too light.  A rug shows the rows of each component or class.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
        With more than one feature, its marginal on `feature` counts.
    X : array-like (n,) or (n, d), or dataframe
    labels : array-like (n,), optional
        The rug's colours, as of `scatter`; the mixture's own labels when None.
    feature : index or name, default 0
    weights : array-like (n,), optional
        Sample weights; there is then no band, for they do not say how many draws there were.
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
    >>> ax = gaussmix.plot.quantiles(model, X, feature=2)
    """
    given, mixture = mixture, as_mixture(mixture)
    column = one_feature(feature, mixture)
    flat = flatten(mixture, column)
    given_values = as_values(X, labels, weights, mixture, flat, column)
    data = ranked(given_values.values, given_values.weights)
    ax = axes(ax)
    at = np.unique(np.r_[data.places(_MOST), data.first_and_last(_ENDS)])
    shares = (data.below[at] + data.upto[at]) / 2  # of equal values the middle of their ranks
    expected, found = flat.ppf(shares), data.values[at]
    if given_values.weights is None:
        low, high = (flat.ppf(edge) for edge in _band(shares, len(given_values.values)))
        shade = color(0, 1, ax)
        name = "95 % of such samples"
        ax.fill_between(expected, low, high, color=shade, alpha=0.2, lw=0, label=name)
    ends = [min(expected[0], found[0]), max(expected[-1], found[-1])]
    ax.plot(ends, ends, color=GREY, lw=1.4, ls="--", label="equal")
    name = thinned(len(at), len(data.values)) or "data"
    ax.scatter(expected, found, s=12, color=ink(ax), linewidths=0, zorder=3, label=name)
    note = given_values.noted(rug(ax, given_values.values, given_values.groups, upright=True))
    say(ax, x="quantiles of the mixture")
    if not ax.get_ylabel():
        name_axis(ax, "y", feature_names(mixture)[column])
    entitle(ax, given, mixture)
    legend(ax, note=note, loc="lower right")
    return clean(ax)


def _band(shares: Array, n_rows: int) -> tuple[Array, Array]:
    """Return the middle 95 % of where the mixture's distribution has values of these ranks."""
    from scipy.special import betaincinv

    below, above = n_rows * shares + 0.5, n_rows * (1 - shares) + 0.5
    # Quantiles of shares that are 0 or 1 in rounding are infinite.
    tiny = np.finfo(np.float64).eps
    low, high = (betaincinv(below, above, p).clip(tiny, 1 - tiny) for p in (0.025, 0.975))
    return low, high
