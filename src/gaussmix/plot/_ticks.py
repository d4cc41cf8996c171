"""Where numbers are written on axes: needs matplotlib, so it is imported where it is used."""

from __future__ import annotations

from typing import Any

from matplotlib.ticker import AutoLocator

__all__ = ["FromZero"]


class FromZero(AutoLocator):
    """Ticks as ever, but none below zero: there is a rug, and no density or probability."""

    def __call__(self) -> Any:
        ticks = super().__call__()
        return [tick for tick in ticks if tick >= 0]
