"""Missing values are an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Missing

if TYPE_CHECKING:
    from ..source import Source

__all__ = ["Refused"]


class Refused(Missing):
    """An error names the columns, and says how many rows there are."""

    name = "error"
    summary = "they are an error, which names the columns"
    allowed = False

    def admit(self, source: Source) -> Source:
        source.remedy = (
            "Take them as not seen with missing='em', leave such rows out with missing='drop', or "
            "impute the values."
        )
        return source
