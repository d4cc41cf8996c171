"""Missing values are not seen: all that is seen of a row counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Missing

if TYPE_CHECKING:
    from ..source import Source

__all__ = ["Expected"]


class Expected(Missing):
    """EM takes what is missing as it is expected, given what is seen of its row.

    It climbs the likelihood of what is seen (Ghahramani & Jordan 1994; Little & Rubin 2019,
    section 11.2), which is right where values are missing at random: whether one is may depend
    on what is seen of its row, but not on the value.
    """

    name = "em"
    summary = "the likelihood of what is seen is climbed, every row takes part"

    expects = True

    def admit(self, source: Source) -> Source:
        source.partly_seen = True
        return source
