"""Rugs: a line at an edge of the axes for each value, in the colours of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._style import GREY, color, subsample
from ._words import entry, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray
    from ._given import Groups

__all__ = ["rug"]

# Lines in all; of more the rug is solid.
_MOST_LINES = 1_000
# Shares of the axes that a group takes, and all at most.
_BAND, _MOST = 0.03, 0.18


def rug(ax: Axes, values: AnyArray, groups: Groups, *, upright: bool = False) -> str | None:
    """Draw a band of lines for each group along the lower edge, or the left one if `upright`.

    Room for it is made at the low end of the other axis, of densities and probabilities if it is
    not `upright`.  Returns what the legend says of rows
    left out.
    """
    from matplotlib.collections import LineCollection

    kept = subsample(len(values), _MOST_LINES, groups.codes)
    values, codes, drawn = values[kept], groups.codes[kept], list(groups)
    height = min(_BAND, _MOST / len(drawn))
    _make_room(ax, height * len(drawn) + 0.02, upright)
    along = ax.get_yaxis_transform() if upright else ax.get_xaxis_transform()
    for place, (k, _) in enumerate(reversed(drawn)):
        own = values[codes == k]
        ends = [
            np.full(len(own), height * (place + 0.1)),
            np.full(len(own), height * (place + 0.9)),
        ]
        lines = np.stack(
            [np.column_stack([end, own] if upright else [own, end]) for end in ends], axis=1
        )
        style: dict[str, Any] = {"linewidths": 0.9, "alpha": 0.7, "zorder": 1.5}
        shade = GREY if k < 0 else color(k, len(groups.names), ax)
        bundle = LineCollection(list(lines), colors=[shade], transform=along, **style)
        ax.add_collection(bundle, autolim=False)
    for k, name in drawn:  # in the order of groups; a patch is seen better than a line
        shade = GREY if k < 0 else color(k, len(groups.names), ax)
        ax.plot([], [], color=shade, lw=5, label=entry(name))
    return thinned(len(values), len(groups.codes))


def _make_room(ax: Axes, share: float, upright: bool) -> None:
    from matplotlib.ticker import AutoLocator

    from ._ticks import FromZero

    which = "x" if upright else "y"
    low, high = getattr(ax, f"get_{which}lim")()
    along = getattr(ax, f"{which}axis").get_transform()  # of a logarithmic scale, say
    begin, end = along.transform([low, high])
    begin -= (end - begin) * share / (1 - share)
    if not upright and isinstance(ax.yaxis.get_major_locator(), AutoLocator):
        ax.yaxis.set_major_locator(FromZero())
    getattr(ax, f"set_{which}lim")(*along.inverted().transform([begin, end]))
