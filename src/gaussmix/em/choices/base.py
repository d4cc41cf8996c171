"""The contract of a choice among optima."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...rows.data import Data
    from ..optima import Candidate, Optimum

__all__ = ["Choice"]


class Choice(ABC):
    """Says which of several fits of one model to the same rows is the one to return."""

    #: What users write in ``select``.
    name: ClassVar[str]
    #: One line for people choosing one.
    summary: ClassVar[str]
    #: Whether it wants to see optima of lower likelihood, and fits with held covariances.
    weighs: ClassVar[bool] = False

    @abstractmethod
    def __call__(
        self, candidates: Sequence[Candidate], data: Data
    ) -> tuple[int, tuple[Optimum, ...]]:
        """Return the place of the chosen fit, and what was learned of all.

        `candidates` are fits to the rows of ``data.source``, there is at least one.

        Law: their order does not matter, but for ties.
        """

    def __repr__(self) -> str:
        return f"{self.name}: {self.summary}"
