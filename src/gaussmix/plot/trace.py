"""The log-likelihood by iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import as_numbers
from ._given import as_mixture, fit_of, require_fitted
from ._style import GREY, axes, clean, color, limit
from ._words import entitle, say, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray

__all__ = ["trace"]


def trace(history: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how the log-likelihood climbed.

    Parameters
    ----------
    history : History, fitted GaussianMixture or GaussianMixtureIC, FitResult, or floats
        Total log-likelihood by iteration; entry 0 is the start.
    ax : Axes, optional

    Raises
    ------
    ParameterError
        If there is no history in what was given.
    DataError
        If no iteration is in it.

    Examples
    --------
    >>> import gaussmix.plot
    >>> ax = gaussmix.plot.trace([-420.0, -310.5, -309.9])
    """
    from matplotlib.ticker import MaxNLocator

    history = fit_of(history)
    values = _values(history)
    ax = axes(ax)
    if hasattr(history, "mixture_") or hasattr(history, "mixture"):
        entitle(ax, history, as_mixture(history))
    ax.plot(np.arange(len(values)), values, color=color(0, 1, ax), lw=1.8, marker=".", ms=5)
    ax.axhline(values[-1], color=GREY, lw=0.8, ls="--")
    ax.annotate(
        f"{values[-1]:.4f} after {len(values) - 1} iterations",
        (0.99, 0.03),  # a climb is not there
        xycoords="axes fraction",
        ha="right",
    )
    _at_least(ax, values)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    fit = getattr(history, "result_", history)
    is_bound = getattr(getattr(fit, "model", None), "is_bound", False)
    say(ax, x="iteration", y="evidence lower bound" if is_bound else "log-likelihood")
    whole_numbers(ax, "x")
    whole_numbers(ax, "y")
    return clean(ax)


def _at_least(ax: Axes, values: AnyArray) -> None:
    """Let heights span what can be told apart, where a fit hardly climbed."""
    seen = values[np.isfinite(values)]
    least = 1e-6 * max(1.0, float(np.abs(seen).max())) if len(seen) else 0.0
    low, high = sorted(ax.get_ylim())
    if high - low < least:
        middle = float(seen[-1])
        limit(ax, "y", middle - least / 2, middle + least / 2)


def _values(given: Any) -> AnyArray:
    require_fitted("history", given)
    found = getattr(given, "history_", getattr(given, "history", given))
    found = getattr(found, "log_likelihood", found)
    values = (
        None if hasattr(found, "fit") or hasattr(found, "sample") else as_numbers("history", found)
    )
    if values is None or values.ndim != 1:
        raise ParameterError(
            "history: expected a fitted GaussianMixture, its history_ or result_, or numbers (n,), "
            f"got {type(given).__name__}, which has no trace"
        )
    if len(values) == 0:
        raise DataError("history: has no iterations; a stream (partial_fit) leaves no trace")
    return values
