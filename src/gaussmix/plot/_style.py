"""What all pictures share: colours, axes, and the import of matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.extras import imported

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "GREY",
    "INK",
    "MOST_POINTS",
    "axes",
    "clean",
    "color",
    "label_axes",
    "legend",
    "legend_entries",
    "pyplot",
    "subsample",
]

INK = "#222222"
# More points than this only make a picture slow and solid.
MOST_POINTS = 20_000
# Of what belongs to no component.
GREY = "#8A8A8A"
# Okabe & Ito's palette: distinguishable with every common colour vision.
_PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#8B6D00",
    "#5A4FCF",
)


def pyplot() -> Any:
    """Return matplotlib.pyplot, or raise an error that says what to install."""
    return imported("matplotlib.pyplot", "plot", "gaussmix.plot")


def axes(ax: Axes | None, size: tuple[float, float] = (6.4, 4.8)) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    if ax is not None:
        if not hasattr(ax, "get_xlim"):
            raise ParameterError(
                f"ax: expected the axes of a picture, got {type(ax).__name__}; of several, as "
                "plt.subplots(2) makes them, give one"
            )
        return ax
    return pyplot().subplots(figsize=size, layout="constrained")[1]


def clean(ax: Axes) -> Axes:
    """Take away what carries no information."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def color(k: int, n_components: int) -> Any:
    """Return the colour of component k of n."""
    if n_components <= len(_PALETTE):
        return _PALETTE[k]
    return pyplot().get_cmap("turbo")((k + 0.5) / n_components)


# Of more entries a legend hides the picture: it goes beside it.
_MOST_INSIDE = 10
# Of more entries nobody finds one.
_MOST_NAMED = 60
# Entries below each other beside the axes.
_COLUMN = 20


def legend(ax: Axes, markerscale: float = 1.5) -> None:
    """Name what is drawn: in the axes where it is little, beside them where there is room."""
    handles, names = legend_entries(ax)
    style: dict[str, Any] = {"frameon": False, "markerscale": markerscale}
    if len(names) > _MOST_INSIDE:
        ncols = -(-len(names) // _COLUMN)
        style |= {"fontsize": "small", "columnspacing": 0.8}
        # Only a layout that looks at legends makes room beside the axes.
        if ax.figure.get_layout_engine() is not None:
            style |= {"ncols": ncols, "loc": "upper left", "bbox_to_anchor": (1, 1)}
        else:
            style |= {"ncols": max(2, ncols), "frameon": True}
    if names:
        ax.legend(handles, names, **style)


def legend_entries(ax: Axes) -> tuple[list[Any], list[str]]:
    """Return handles and names of a legend; of very many, how many more there are."""
    handles, names = ax.get_legend_handles_labels()
    more = len(names) - _MOST_NAMED
    if more > 0:
        from matplotlib.lines import Line2D

        handles = [*handles[:_MOST_NAMED], Line2D([], [], linestyle="none")]
        names = [*names[:_MOST_NAMED], f"and {more} more"]
    return handles, names


def label_axes(ax: Axes, names: Any) -> None:
    """Write feature names on axes that have none yet."""
    if names is None:
        return
    if not ax.get_xlabel():
        ax.set_xlabel(names[0])
    if len(names) > 1 and not ax.get_ylabel():
        ax.set_ylabel(names[1])


def subsample(n_rows: int, most: int) -> Any:
    """Return indices of at most `most` rows, fixed for a given number of rows."""
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(0).choice(n_rows, most, replace=False))
