"""A mixture as a value, and what it says of rows."""

from .mixture import Mixture

__all__ = ["Mixture"]
