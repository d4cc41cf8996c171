"""Sources: where rows come from, and how work is mapped over them."""

from .base import Output, Source
from .memory import MemorySource
from .registry import open_source

__all__ = ["MemorySource", "Output", "Source", "open_source"]
