"""Starting points for EM; each start is one file, registered by being here."""

from .base import Start, StartData
from .registry import get_start, list_starts

__all__ = ["Start", "StartData", "get_start", "list_starts"]
