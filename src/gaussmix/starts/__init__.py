"""Starting points for EM; each start is one file, registered by being here."""

from .base import Division, Start
from .registry import get_start, list_starts

__all__ = ["Division", "Start", "get_start", "list_starts"]
