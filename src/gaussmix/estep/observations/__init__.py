"""What of a row is seen; see `Observation` for the contract."""

from .base import Kind, Observation
from .complete import COMPLETE

__all__ = ["COMPLETE", "Kind", "Observation"]
