"""The contract of what becomes of rows in which a value is missing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ..source import Source

__all__ = ["Missing"]


class Missing(ABC):
    """Says which rows take part, where some have a value that is missing (NaN).

    Fits and answers ask nothing else: what the source that is let in says of its rows is all
    that they know of missing values.
    """

    #: What users write in ``missing``.
    name: ClassVar[str]
    #: One line for people choosing one.
    summary: ClassVar[str]
    #: Whether missing values are taken at all.
    allowed: ClassVar[bool] = True
    #: Whether statistics are what is expected of whole rows, given what is seen of them.
    expects: ClassVar[bool] = False

    @abstractmethod
    def admit(self, source: Source) -> Source:
        """Return the rows of a source as a fit, or an answer, is to see them.

        Law: rows without missing values are let in as they are, to the last bit.
        """

    def __repr__(self) -> str:
        return f"{self.name}: {self.summary}"
