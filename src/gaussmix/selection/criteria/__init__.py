"""Criteria of model choice: one object each, one protocol, smaller is better."""

from .base import Criterion
from .registry import get_criterion, list_criteria

__all__ = ["Criterion", "get_criterion", "list_criteria"]
