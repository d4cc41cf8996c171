"""One feature: histogram, the mixture's density, and each weighted component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from ._style import INK, axes, clean, color, gaussians

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..mixture.mixture import Mixture

__all__ = ["univariate"]


def univariate(
    mixture: Mixture,
    X: Any = None,
    *,
    feature: int | str = 0,
    bins: int | str = "auto",
    weights: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of one feature over a histogram of the data.

    Parameters
    ----------
    mixture : Mixture
        With more than one feature, the marginal on `feature` is drawn.
    X : array-like (n,) or (n, d), optional
        Data for the histogram.
    feature : index or name, default 0
    bins : int or str, default "auto"
        As numpy.histogram_bin_edges.
    weights : array-like (n,), optional
        Sample weights of the histogram.
    ax : Axes, optional
    """
    column = int(mixture.columns(feature)[0])
    flat = gaussians(mixture).marginal(feature)
    ax = axes(ax)
    reach = 3.5 * np.sqrt(flat.covariances.variances())
    low, high = float((flat.means - reach).min()), float((flat.means + reach).max())
    if X is not None:
        values = np.asarray(X, dtype=float)
        if values.ndim == 2 and values.shape[1] == mixture.n_features:
            values = values[:, column]
        if values.ndim != 1:
            raise DataError(f"X: expected shape (n,) or (n, {mixture.n_features})")
        ax.hist(
            values,
            bins=_edges(values, bins),
            weights=weights,
            density=True,
            color="#C9CED6",
            edgecolor="white",
            linewidth=0.5,
            label="data",
        )
        low, high = (
            max(low, values.min() - np.ptp(values)),
            min(high, values.max() + np.ptp(values)),
        )
    grid = np.linspace(low, high, 800)
    joint = flat.pdf(grid)[:, None] * flat.responsibilities(grid)
    for k in range(flat.n_components):
        ax.plot(
            grid,
            joint[:, k],
            color=color(k, flat.n_components),
            lw=1.8,
            zorder=3,  # above the sum, which hides a component that stands alone
            label=f"component {k}, weight {flat.weights[k]:.2f}",
        )
    ax.plot(grid, joint.sum(axis=1), color=INK, lw=3.4, label="mixture")
    ax.set_ylabel("density")
    ax.set_ylim(bottom=0)
    if flat.feature_names and not ax.get_xlabel():
        ax.set_xlabel(flat.feature_names[0])
    if flat.n_components <= 10:
        ax.legend(frameon=False)
    return clean(ax)


def _edges(values: Any, bins: int | str) -> Any:
    edges = np.histogram_bin_edges(values, bins=bins)
    # Rounded data make "auto" ask for more bins than there are values.
    distinct = len(np.unique(values))
    return edges if len(edges) <= distinct + 1 else np.histogram_bin_edges(values, bins=distinct)
