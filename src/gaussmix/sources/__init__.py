"""Sources: where rows come from, and how work is mapped over them."""

from .base import Source
from .memory import MemorySource

__all__ = ["MemorySource", "Source"]
