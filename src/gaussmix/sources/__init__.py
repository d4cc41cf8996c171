"""Sources: where rows come from, and how work is mapped over them."""

from .base import Output, Source
from .memory import MemorySource
from .registry import open_source
from .scanned import ScanSource

__all__ = ["MemorySource", "Output", "ScanSource", "Source", "open_source"]
