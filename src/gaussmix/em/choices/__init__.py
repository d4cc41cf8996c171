"""Which of the optima that were found is returned; see `Choice` for the contract."""

from .base import Choice
from .likelihood import HighestLikelihood
from .predictive import Predictive
from .registry import get_choice, list_choices

__all__ = ["Choice", "HighestLikelihood", "Predictive", "get_choice", "list_choices"]
