"""Numeric columns of files, read part by part: what may be larger than memory."""

from .base import Format, Part, Reader
from .paths import Found, find
from .registry import formats
from .scanned import ScanSource
from .scanning import Scan, scan
from .spooled import Spooled

__all__ = [
    "Format",
    "Found",
    "Part",
    "Reader",
    "Scan",
    "ScanSource",
    "Spooled",
    "find",
    "formats",
    "scan",
]
