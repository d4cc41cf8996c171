"""Rows with missing values are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..incomplete import complete
from .base import Missing

if TYPE_CHECKING:
    from ..source import Source

__all__ = ["Dropped"]


class Dropped(Missing):
    """A row that is not complete has weight 0, whatever its sample weight is.

    It is right where values are missing completely at random; else it is a fit to those rows
    that happen to be complete (Little & Rubin 2019, section 3.2).
    """

    name = "drop"
    summary = "only complete rows take part, the others are counted"

    def admit(self, source: Source) -> Source:
        return complete(source)
