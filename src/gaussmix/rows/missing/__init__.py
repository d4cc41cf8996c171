"""What becomes of rows in which a value is missing; see `Missing` for the contract."""

from .base import Missing
from .registry import get_missing, list_missing

__all__ = ["Missing", "get_missing", "list_missing"]
