"""A criterion of model choice by the number of components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ._given import require_fitted
from ._style import INK, axes, clean, color

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["criterion"]

_MARKERS = "os^Dv<>pXP*hHd"


def criterion(results: Any, name: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw a criterion by the number of components: a line a family, the best two labelled.

    Parameters
    ----------
    results : fitted GaussianMixtureIC, or its ``results_``
    name : str, optional
        Which criterion; the one that models were chosen by when None.
    ax : Axes, optional

    Raises
    ------
    ParameterError
        If the results do not have that criterion, or are none.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from gaussmix import GaussianMixtureIC, plot
    >>> from sklearn.datasets import load_iris
    >>> search = GaussianMixtureIC([1, 2, 3], families=["EEE", "VVV"], random_state=0)
    >>> ax = plot.criterion(search.fit(load_iris().data))
    >>> len(ax.lines) >= 2
    True
    """
    table = getattr(results, "results_", results)
    if not hasattr(table, "criteria"):
        require_fitted("results", results)
        raise ParameterError(
            "results: expected a fitted GaussianMixtureIC or its results_, got "
            f"{type(results).__name__}"
        )
    name = table.criterion if name is None else name
    if name not in table.criteria:
        raise ParameterError(
            f"criterion: the results hold {', '.join(table.criteria)}, got {name!r}"
        )
    ax = axes(ax, (7.6, 4.8))
    families = list(dict.fromkeys(row["family"] for row in table))
    for k, family in enumerate(families):
        rows = [row for row in table if row["family"] == family]
        ax.plot(
            [row["n_components"] for row in rows],
            [row[name] for row in rows],  # NaN, where there is no fit, leaves a gap
            color=color(k, len(families)),
            marker=_MARKERS[k % len(_MARKERS)],
            ms=5,
            lw=1.3,
            label=family,
        )
    _label_best(ax, table, name)
    ax.set_xticks(np.unique([row["n_components"] for row in table]))
    ax.set_xlabel("components")
    ax.set_ylabel(f"{name.upper()} (smaller is better)")
    ax.legend(frameon=False, fontsize="small", ncols=1, loc="upper left", bbox_to_anchor=(1, 1))
    return clean(ax)


def _label_best(ax: Axes, table: Any, name: str) -> None:
    fitted = sorted((row for row in table if not row["reason"]), key=lambda row: row[name])
    for row, offset in zip(fitted[:2], (-20, -34), strict=False):
        ax.annotate(
            f"{row['family']}, {row['n_components']}: {row[name]:.1f}",
            (row["n_components"], row[name]),
            xytext=(0, offset),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            color=INK,
            arrowprops={"arrowstyle": "-", "color": "#999999", "lw": 0.8},
        )
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.15 * (high - low), high)  # room for the labels
