"""What all pictures share: colours on light and dark grounds, axes, the import of matplotlib."""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.extras import imported

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray, Array

__all__ = [
    "GREY",
    "INK",
    "MOST_POINTS",
    "axes",
    "clean",
    "color",
    "dash",
    "ink",
    "is_dark",
    "limit",
    "pyplot",
    "shades_of_lines",
    "shape",
    "subsample",
]

#: For lines and text on a light ground, and on a dark one.
INK, _PALE = "#222222", "#EEEEEE"
# More points than this only make a picture slow and solid.
MOST_POINTS = 20_000
#: Of what belongs to no component; seen on light and on dark.
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
# Told from each other at the size of a point.
_SHAPES = "o^sDvP*X"
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
# Rows of a group that are drawn though a sample would have fewer, of so many groups.
_FEW, _MOST_RARE = 20, 100
# Of less luminance a ground is dark: nearer to black than to white.
_DARK = 0.18
# Ratios of luminance (as of WCAG 2) that a colour has to its ground, if that is light or dark.
_CONTRAST = {False: 2.0, True: 3.0}


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
        if hasattr(ax, "get_zlim"):
            raise ParameterError("ax: expected axes of a plane, got those of a space (3d)")
        return ax
    return pyplot().subplots(figsize=size, layout="constrained")[1]


def clean(ax: Axes) -> Axes:
    """Take away what carries no information."""
    for side in ("top", "right"):
        if side in ax.spines:  # axes of a polar picture, say, have others
            ax.spines[side].set_visible(False)
    return ax


def limit(ax: Axes, which: str, low: float | None, high: float | None) -> None:
    """Let an axis go from low to high, in the direction that it has; None leaves an end."""
    if getattr(ax, f"get_{which}scale")() == "log":  # where nothing is at 0 and below
        low, high = (end if end is None or end > 0 else None for end in (low, high))
    if getattr(ax, f"{which}axis_inverted")():
        low, high = high, low
    getattr(ax, f"set_{which}lim")(low, high)


# -- colours --------------------------------------------------------------------------


def is_dark(ax: Axes) -> bool:
    """Whether light lines are seen better on the axes than dark ones."""
    return _luminance(_ground(ax)) < _DARK


def ink(ax: Axes) -> str:
    """Return the colour of lines and text."""
    return _PALE if is_dark(ax) else INK


def color(k: int, n_components: int, ax: Axes | None = None) -> Any:
    """Return the colour of component k of n, one that is seen on the axes."""
    ground = (1.0, 1.0, 1.0) if ax is None else tuple(_ground(ax).tolist())
    return _seen(k, n_components, ground)


@lru_cache(maxsize=1024)
def _seen(k: int, n_components: int, ground: tuple[float, ...]) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    if n_components <= len(_PALETTE):
        found = np.array(to_rgb(_PALETTE[k]))
    else:
        # Components that are neighbours are often neighbours in space: their colours are not.
        place = k * _stride(n_components) % n_components
        found = np.array(pyplot().get_cmap("turbo")((place + 0.5) / n_components)[:3])
    behind = np.array(ground)
    dark = _luminance(behind) < _DARK
    for share in np.linspace(0, 0.8, 17):
        mixed = (1 - share) * found + share * dark
        if _contrast(mixed, behind) >= _CONTRAST[dark]:
            break
    return tuple(mixed.tolist())


def shades_of_lines(ax: Axes) -> Any:
    """Return colours from low to high (viridis) without those that are hardly seen on the axes."""
    from matplotlib.colors import ListedColormap

    every = np.asarray(pyplot().get_cmap("viridis")(np.linspace(0, 1, 256)))[:, :3]
    ground = _ground(ax)
    seen = np.array([_contrast(shade, ground) >= _CONTRAST[is_dark(ax)] for shade in every])
    # Luminance rises all the way: what is not seen is one stretch.
    hidden = np.flatnonzero(~seen)
    if len(hidden) == 0:
        return ListedColormap(every)
    below, above = every[: hidden[0]], every[hidden[-1] + 1 :]
    return ListedColormap(max(below, above, key=len) if len(hidden) < 256 else every)


def shape(k: int, *, noise: str = ".") -> str:
    """Return the marker of group k; after some they are the same again, in other colours."""
    return noise if k < 0 else _SHAPES[k % len(_SHAPES)]


def dash(k: int, n_components: int) -> Any:
    """Return how the line of component k is broken: where there are many colours only."""
    return "-" if n_components <= len(_PALETTE) else _DASHES[k % len(_DASHES)]


def _stride(n: int) -> int:
    """Return a step near the golden section of n that visits all of n."""
    return next(s for s in range(max(1, round(0.618 * n)), 2 * n) if gcd(s, n) == 1)


def _ground(ax: Axes) -> Array:
    """Return the colour behind what is drawn on axes."""
    from matplotlib.colors import to_rgba

    behind: Any = ax
    while behind is not None:  # clear axes show what they stand on
        red, green, blue, alpha = to_rgba(behind.get_facecolor())
        if alpha > 0.5:
            return np.array([red, green, blue])
        above = getattr(behind, "figure", None)
        behind = None if above is behind else above
    text = np.array(to_rgba(pyplot().rcParams["text.color"])[:3])
    return np.zeros(3) if _luminance(text) > 0.5 else np.ones(3)


def _luminance(rgb: Array) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _contrast(one: Array, other: Array) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


# -- rows -----------------------------------------------------------------------------


def subsample(n_rows: int, most: int, codes: AnyArray | None = None) -> Any:
    """Return indices of about `most` rows at most, fixed for a given number of rows.

    Of groups, which `codes` from -1 are of, some rows are kept however few there are.
    """
    if n_rows <= most:
        return np.arange(n_rows)
    order = np.random.default_rng(0).permutation(n_rows)
    chosen = order[:most]
    if codes is not None:
        there, counts = np.unique(codes, return_counts=True)
        rare = there[counts * most < _FEW * n_rows]
        for code in rare[:_MOST_RARE]:
            chosen = np.append(chosen, order[codes[order] == code][:_FEW])
    return np.unique(chosen)
