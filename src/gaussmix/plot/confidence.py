"""How sure a fit is, where its components are: densities with bands, means with ellipses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..mixture.parts import chosen_columns
from ._flat import flatten
from ._style import axes, clean, color, dash, ink, limit, pyplot
from ._words import entry, label_axes, legend, say
from .ellipses import half_axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .._typing import AnyArray, Array

__all__ = ["confidence", "require_sure"]

# Replicates whose densities are drawn, and points of a curve.
_MOST_DRAWS, _POINTS = 300, 401
_MOST_FEATURES = 8
_CELL = 2.4


def confidence(sure: Any, *, features: Any = None, ax: Axes | None = None) -> Axes | Figure:
    """Draw where components are, and how sure that is.

    Of one feature densities, with bands that hold those of most replicates, and means with their
    intervals; of two features each component at one deviation, and the ellipse that holds its
    mean.  Of more a grid of all pairs.  Where there are no replicates (`information`) there are
    no bands, and crosses of intervals in place of ellipses.

    Parameters
    ----------
    sure : Uncertainty
        Of `gaussmix.inference`.
    features : indices or names, default all (at most 8)
    ax : Axes, optional
        For one or two features.

    Returns
    -------
    Axes, or Figure of more than two features

    Examples
    --------
    >>> from gaussmix import GaussianMixture, datasets, inference, plot
    >>> X = datasets.iris().rows
    >>> model = GaussianMixture(3, random_state=0).fit(X)
    >>> sure = inference.bootstrap(model, X, n_resamples=50, random_state=0)
    >>> ax = plot.confidence(sure, features=[2, 3])
    """
    require_sure(sure)
    mixture = sure.mixture
    every, names = range(mixture.n_features), mixture.feature_names
    given = [features] if isinstance(features, int | str) else features
    columns = chosen_columns(every if given is None else given, len(every), names, "features")
    if not 1 <= len(columns) <= _MOST_FEATURES:
        raise ParameterError(
            f"features: expected 1 to {_MOST_FEATURES} features, got {len(columns)}"
        )
    if len(columns) > 2:
        if ax is not None:
            raise ParameterError("ax: more than two features are a figure of their own")
        return _pairs(sure, columns)
    ax = axes(ax)
    (_densities if len(columns) == 1 else _means)(ax, sure, columns)
    say(ax, title=_title(sure))
    if len(columns) == 1:
        say(ax, y="density")
    label_axes(ax, names, columns if len(columns) == 2 else int(columns[0]), len(every))
    legend(ax)
    return clean(ax)


def require_sure(sure: Any) -> None:
    """Raise ParameterError for what is no result of `gaussmix.inference`."""
    if not hasattr(sure, "standard_errors"):
        raise ParameterError(
            "sure: expected what gaussmix.inference returns (bootstrap, information), got "
            f"{type(sure).__name__}"
        )


def _title(sure: Any) -> str:
    return f"how sure, at {sure.level:.0%} ({sure.kind})"


def _pairs(sure: Any, columns: AnyArray) -> Figure:
    m = len(columns)
    size = (_CELL * m + 0.6, _CELL * m + 0.6)
    figure, grid = pyplot().subplots(m, m, figsize=size, layout="constrained", sharex="col")
    for i, row in enumerate(columns):
        for j, column in enumerate(columns):
            ax = clean(grid[i, j])
            if j > i:
                ax.set_visible(False)
                continue
            pair = columns[i : i + 1] if i == j else np.array([column, row])
            (_densities if i == j else _means)(ax, sure, pair)
            if i == m - 1 or (j == 0 and i > 0):
                where = pair if i != j else int(row)
                label_axes(ax, sure.mixture.feature_names, where, sure.mixture.n_features)
            if i < m - 1:
                ax.set_xlabel("")
            if j > 0 or i == 0:
                ax.set_ylabel("")
            if i == j:
                ax.set_yticks([])
            ax.locator_params("x", nbins=4)
    figure.suptitle(_title(sure), fontsize="medium")
    return figure


# -- one feature -------------------------------------------------------------------------


def _densities(ax: Axes, sure: Any, columns: AnyArray) -> None:
    """Draw the density of each component and of all, with bands, and intervals of means."""
    flat, column = flatten(sure.mixture, int(columns[0])), int(columns[0])
    low, high = flat.limits(3.5)[:, 0].tolist()
    grid = np.asarray(flat.grid(0, low, high, _POINTS))
    parts, noise, count = flat.components(grid), flat.noise(grid), flat.whole.n_components
    whole = parts.sum(axis=1) + noise
    curves = _curves(sure, column, grid)
    shares = [(1.0 - sure.level) / 2.0, (1.0 + sure.level) / 2.0]
    if curves is not None:
        rest: Array | float = 0.0
        if flat.background is not None:
            left = 1.0 - sure.draws["weights"].sum(axis=1)[: len(curves)]
            rest = np.outer(left / flat.background.weight, noise)
        band = np.quantile(curves.sum(axis=2) + rest, shares, axis=0)
        ax.fill_between(grid, *band, color=ink(ax), alpha=0.15, lw=0)
    for k in range(count):
        shade = color(k, count, ax)
        if curves is not None:
            band = np.quantile(curves[:, :, k], shares, axis=0)
            ax.fill_between(grid, *band, color=shade, alpha=0.25, lw=0)
        name = f"component {k}, weight {flat.weights[k]:.2f}"
        ax.plot(grid, parts[:, k], color=shade, ls=dash(k, count), lw=1.8, label=name, zorder=3)
        mean = float(sure.mixture.means[k, column])
        height = float(np.interp(mean, grid, parts[:, k]))
        ends = sure.intervals["means"][:, k, column].tolist()
        ax.hlines(height, *ends, color=shade, lw=3.5, zorder=4)
        ax.plot([mean], [height], "o", color=shade, ms=5, zorder=4)
    ax.plot(grid, whole, color=ink(ax), lw=1.2, label="mixture", zorder=2)
    limit(ax, "y", 0, None)


def _curves(sure: Any, column: int, grid: Array) -> Array | None:
    """Return weight times density (R, n, K) of each replicate; None where there is none."""
    if "covariances" not in sure.draws:
        return None
    kept = slice(_MOST_DRAWS)
    weights, means = sure.draws["weights"][kept], sure.draws["means"][kept, :, column]
    variances, held = sure.draws["covariances"][kept], sure.mixture.scales
    axes_of_one = held.values.ndim - 1
    own = {2: (..., column, column), 1: (..., column), 0: (...,)}[axes_of_one]
    variances = np.broadcast_to(variances[own].reshape(len(means), -1), means.shape)
    offsets = (grid[None, :, None] - means[:, None]) ** 2 / variances[:, None]
    heights = weights / np.sqrt(2.0 * np.pi * variances)
    return np.asarray(heights[:, None] * np.exp(-0.5 * offsets))


# -- two features ------------------------------------------------------------------------


def _means(ax: Axes, sure: Any, columns: AnyArray) -> None:
    """Draw components at one deviation, and what holds their means."""
    from matplotlib.patches import Ellipse

    flat = flatten(sure.mixture, columns)
    seen = flat.gaussians
    count, radius = seen.n_components, float(np.sqrt(-2.0 * np.log(1.0 - sure.level)))
    widths, heights, angles = half_axes_of(seen.scales.to_dense())
    draws = sure.draws.get("means")
    if draws is not None:
        offsets = draws[:, :, columns] - draws[:, :, columns].mean(axis=0)
        spreads = np.einsum("rki,rkj->kij", offsets, offsets) / max(1, len(draws) - 1)
        errors = half_axes_of(spreads)
    for k, mean in enumerate(seen.means):
        shade, place = color(k, count, ax), (float(mean[0]), float(mean[1]))
        size = 2.0 * widths[k], 2.0 * heights[k]
        ax.add_patch(Ellipse(place, *size, angle=angles[k], color=shade, alpha=0.12, lw=0))
        if draws is not None:
            longer, shorter, angle = (own[k] for own in errors)
            size = 2.0 * radius * longer, 2.0 * radius * shorter
            style: dict[str, Any] = {"edgecolor": shade, "facecolor": (*shade[:3], 0.4), "lw": 1.6}
            ax.add_patch(Ellipse(place, *size, angle=angle, zorder=3, **style))
        else:
            lower, upper = sure.intervals["means"][:, k, columns]
            ax.hlines(mean[1], lower[0], upper[0], color=shade, lw=2.2, zorder=3)
            ax.vlines(mean[0], lower[1], upper[1], color=shade, lw=2.2, zorder=3)
        ax.plot(*place, "o", color=shade, ms=3.5, zorder=4, label=entry(f"component {k}"))
    ax.autoscale_view()
