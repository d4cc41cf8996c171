"""Likelihood ratios of tests beside those of replicates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ._style import GREY, axes, clean, color, ink
from ._words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ratios"]


def ratios(test: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the statistics of replicates of each test, and where that of the data lies.

    Parameters
    ----------
    test : RatioTest
        Of `gaussmix.inference.likelihood_ratio_test`.
    ax : Axes, optional

    Examples
    --------
    >>> from gaussmix import datasets, inference, plot
    >>> X = datasets.iris().rows
    >>> test = inference.likelihood_ratio_test(X, "EEE", 2, n_resamples=19, random_state=0)
    >>> ax = plot.ratios(test)
    """
    if not hasattr(test, "replicates"):
        raise ParameterError(
            "test: expected what gaussmix.inference.likelihood_ratio_test returns, got "
            f"{type(test).__name__}"
        )
    ax = axes(ax)
    heights = np.arange(len(test.tested))
    shown = [own if len(own) else np.array([np.nan]) for own in test.replicates]
    ax.boxplot(
        shown,
        positions=heights,
        orientation="horizontal",
        widths=0.5,
        showfliers=False,
        manage_ticks=False,
        medianprops={"color": ink(ax)},
        boxprops={"color": GREY},
        whiskerprops={"color": GREY},
        capprops={"color": GREY},
    )
    ax.plot(test.statistics, heights, "D", color=color(4, 8, ax), label="the data")
    for height, statistic, p in zip(heights, test.statistics, test.p_values, strict=True):
        ax.annotate(
            f"p = {p:.3g}", (statistic, height), (0, 34), textcoords="offset points", ha="center"
        )
    ax.set_yticks(heights, [f"{k} or {k + 1}" for k in test.tested])
    ax.set_ylim(len(heights) - 0.4, -0.6)
    ax.set_xscale("symlog", linthresh=10.0)
    highest = max(float(np.nanmax(own)) for own in (*shown, test.statistics))
    ax.set_xlim(0.0, 2.0 * max(highest, 5.0))
    title = f"{test.family}: {test.n_components} components"
    told = "twice the gain in log-likelihood: replicates (boxes) and the data"
    say(ax, title=title, x=told, y="components")
    return clean(ax)
