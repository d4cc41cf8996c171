"""What the two products of an E-step say of components; see `Density` for the contract."""

from .base import Density
from .normal import NORMAL, Normal

__all__ = ["NORMAL", "Density", "Normal"]
