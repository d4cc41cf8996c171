"""Parameters with their intervals: how sure a fit is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._style import axes, clean, color
from ._words import feature_names, fitted, legend, say
from .confidence import require_sure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["intervals"]

# Of a feature's name beside the axes, at most.
_LETTERS = 28


def intervals(sure: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the means of each feature with their intervals, a row for each feature.

    Features are drawn in units of their spread over the mixture, so that one axis serves all.

    Parameters
    ----------
    sure : Uncertainty
        Of `gaussmix.inference`.
    ax : Axes, optional

    Examples
    --------
    >>> from gaussmix import GaussianMixture, datasets, inference, plot
    >>> X = datasets.iris().rows
    >>> model = GaussianMixture(3, random_state=0).fit(X)
    >>> ax = plot.intervals(inference.information(model, X))
    """
    require_sure(sure)
    mixture = sure.mixture
    ax = axes(ax)
    middle, spread = _moments(mixture)
    lower, upper = (sure.intervals["means"] - middle) / spread
    means = (mixture.means - middle) / spread
    k, d = means.shape
    for c in range(k):
        heights = np.arange(d) + (c - (k - 1) / 2.0) * 0.7 / max(k, 2)
        ax.hlines(heights, lower[c], upper[c], color=color(c, k, ax), linewidth=2.5, alpha=0.8)
        ax.plot(means[c], heights, "o", color=color(c, k, ax), markersize=5, label=f"component {c}")
    ax.set_yticks(
        range(d), [fitted(name, _LETTERS) for name in feature_names(mixture)], parse_math=False
    )
    ax.set_ylim(d - 0.4, -0.6)
    unit = "standard deviations" if mixture.density.plain else "scales"
    title = f"means with intervals of {sure.level:.0%} ({sure.kind})"
    say(ax, title=title, x=f"mean, in {unit} from the mean of all rows")
    clean(ax)
    legend(ax)
    return ax


def _moments(mixture: Any) -> tuple[Any, Any]:
    weights = mixture.weights / mixture.weights.sum()
    middle = weights @ mixture.means
    variances = mixture.scales.variances() + (mixture.means - middle) ** 2
    return middle, np.sqrt(weights @ variances)
