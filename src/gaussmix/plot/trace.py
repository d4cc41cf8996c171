"""The log-likelihood by iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._style import axes, clean, color

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["trace"]


def trace(history: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how the log-likelihood climbed.

    Parameters
    ----------
    history : History, fitted GaussianMixture, or sequence of float
        Total log-likelihood by iteration; entry 0 is the start.
    ax : Axes, optional
    """
    history = getattr(history, "history_", history)
    values = np.asarray(getattr(history, "log_likelihood", history), dtype=float)
    ax = axes(ax)
    ax.plot(np.arange(len(values)), values, color=color(0, 1), lw=1.8, marker=".", ms=5)
    ax.axhline(values[-1], color="#999999", lw=0.8, ls="--")
    ax.annotate(
        f"{values[-1]:.4f} after {len(values) - 1} iterations",
        (len(values) - 1, values[-1]),
        xytext=(0, -14),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    ax.set_xlabel("iteration")
    ax.set_ylabel("log-likelihood")
    ax.ticklabel_format(useOffset=False)
    return clean(ax)
