"""Covariance families: how covariances are estimated.

Each family is one file holding one object; the file's presence in this folder is
all that registers it.  `get_family` turns a name into that object, at the door.
"""

from .base import Family
from .registry import get_family, list_families

__all__ = ["Family", "get_family", "list_families"]
