"""Rows: where they come from, and how work is mapped over them."""

from .files import ScanSource
from .memory import MemorySource
from .registry import open_source
from .source import Output, Source

__all__ = ["MemorySource", "Output", "ScanSource", "Source", "open_source"]
