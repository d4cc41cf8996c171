"""Fits of one family, as the loop sees them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from .mstep import Estimate
    from .objectives import Objective

__all__ = ["Team"]


class Team(ABC):
    """Fits of one family: their parameters are one stack."""

    objective: Objective
    #: The newest parameters of all.
    parameters: Parameters

    @abstractmethod
    def __len__(self) -> int:
        """Fits that go on."""

    @abstractmethod
    def take(self, statistics: SufficientStatistics) -> None:
        """Take what an E-step found of the parameters."""

    @abstractmethod
    def estimate(self) -> Estimate | None:
        """First half of an M-step: estimates; None if there are none of all fits at once."""

    @abstractmethod
    def move(self, estimate: Estimate | None) -> None:
        """Second half of it: hold the estimates above the floor, and go there."""
