"""How classes are told apart: one file for each kind of discriminant analysis."""

from .base import Asked, Discriminant, Discriminated
from .registry import get_discriminant

__all__ = ["Asked", "Discriminant", "Discriminated", "get_discriminant"]
