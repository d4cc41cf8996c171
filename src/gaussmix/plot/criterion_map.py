"""A criterion of model choice as a heat map: family by number of components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._results import as_results
from ._style import INK, axes, ink
from ._words import fitted, number, say, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import Array
    from ._results import Results

__all__ = ["criterion_map"]

# Of more cells numbers are too small to be read.
_MOST_WRITTEN = 200
# Where colours end, in medians of the distances from the best.
_END = 4.0


def criterion_map(results: Any, name: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw by how much each model's criterion is above the best, families from the best.

    Colours go by the logarithm of that, and end at four times its median: the worse half of the
    models, however bad they are, has no say in the scale.  Cells of models that could not be
    fitted are empty; the best has a frame.

    Parameters
    ----------
    results : fitted GaussianMixtureIC, or its ``results_``
    name : str, optional
        Which criterion; the one that models were chosen by when None.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ParameterError
        If the results do not have that criterion, or are none.
    DataError
        If no model could be fitted.

    Examples
    --------
    >>> from gaussmix import GaussianMixtureIC, datasets, plot
    >>> search = GaussianMixtureIC([1, 2, 3], families=["EEE", "VVV"], random_state=0)
    >>> ax = plot.criterion_map(search.fit(datasets.iris().rows))
    >>> ax.get_title()
    'BIC above the best, 574.02 (VVV, 2 components)'
    """
    from matplotlib.colors import FuncNorm
    from matplotlib.patches import Rectangle

    found = as_results(results, name)
    worst_last = np.argsort(np.where(np.isnan(found.values), np.inf, found.values).min(axis=1))
    above = (found.values - np.nanmin(found.values))[worst_last]
    unit, end = _scale(above)
    n_families, n_sizes = above.shape
    size = (1.9 + max(0.55 * n_sizes, 3.2), 1.3 + max(0.3 * n_families, 1.5))
    ax = axes(ax, size)

    def forward(values: Any) -> Any:
        return np.log1p(np.maximum(values, 0.0) / unit)

    def back(values: Any) -> Any:
        return np.expm1(values) * unit

    norm = FuncNorm((forward, back), vmin=0.0, vmax=end)
    image = ax.pcolormesh(
        np.ma.masked_invalid(above), norm=norm, cmap="viridis_r", edgecolors="face", linewidth=0
    )
    ax.invert_yaxis()
    k, best = found.best
    row = int(np.flatnonzero(worst_last == k)[0])
    frame: dict[str, Any] = {"fill": False, "edgecolor": ink(ax), "linewidth": 2.2, "zorder": 3}
    ax.add_patch(Rectangle((best, row), 1, 1, clip_on=False, **frame))
    if above.size <= _MOST_WRITTEN:
        _write(ax, above, norm)
    _name(ax, found, [found.families[k] for k in worst_last])
    value, count = found.values[k, best], int(found.sizes[best])
    title = (
        f"{found.criterion.upper()} above the best, {number(float(value), 2)} "
        f"({fitted(found.families[k], 12)}, {count} component{'' if count == 1 else 's'})"
    )
    say(ax, title=title, x="components")
    beyond = bool(np.nanmax(above) > end)
    bar = ax.figure.colorbar(image, ax=ax, extend="max" if beyond else "neither", pad=0.02)
    ticks = _round_numbers(unit, end)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    return ax


def _scale(above: Array) -> tuple[float, float]:
    """Return what is a small difference, and where colours end: by the better half of models."""
    differences = np.sort(above[np.isfinite(above)])
    positive = differences[differences > 0]
    if len(positive) == 0:
        return 1.0, 1.0
    median = float(differences[(len(differences) - 1) // 2]) or float(positive[0])
    unit = float(positive[len(positive) // 10])
    return min(unit, median), _END * median


def _round_numbers(unit: float, end: float) -> list[float]:
    """Return 0, and round numbers from about a unit to the end, evenly on the scale."""
    powers = 10.0 ** np.arange(np.floor(np.log10(unit)) - 1, np.ceil(np.log10(end)) + 1)
    round_ones = np.sort(np.concatenate([powers, 3 * powers]))
    kept = round_ones[(round_ones >= 0.3 * unit) & (round_ones <= end)]
    return [0.0, *kept[:: -(-len(kept) // 8) if len(kept) else 1].tolist()]


def _write(ax: Axes, above: Array, norm: Any) -> None:
    """Write the differences into their cells, light on dark and dark on light."""
    height = 72 * ax.bbox.height / written(ax).dpi / len(above)
    size = float(np.clip(0.55 * height, 4.5, 8.5))
    for (row, column), value in np.ndenumerate(above):
        if np.isfinite(value):
            shade = "white" if norm(min(value, norm.vmax)) > 0.45 else INK
            place = (column + 0.5, row + 0.5)
            middle: dict[str, Any] = {"ha": "center", "va": "center"}
            ax.text(*place, _short(value), color=shade, fontsize=size, **middle)


def _short(value: float) -> str:
    if value == 0:
        return "best"
    if value >= 99_999.5 or value < 0.005:
        return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.095 else f"{value:.2f}"


def _name(ax: Axes, found: Results, families: list[str]) -> None:
    every = -(-len(found.sizes) // 20)
    ax.set_xticks(np.arange(len(found.sizes))[::every] + 0.5, labels=found.sizes[::every])
    ax.set_yticks(
        np.arange(len(families)) + 0.5,
        labels=[fitted(name, 16) for name in families],
        parse_math=False,
    )
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
