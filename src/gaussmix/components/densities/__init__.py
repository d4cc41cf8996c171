"""What the two products of an E-step say of components; see `Density` for the contract."""

from .base import Density
from .normal import NORMAL, Normal
from .registry import density_from_fields, kind_of_density
from .student import StudentT, student_of

__all__ = [
    "NORMAL",
    "Density",
    "Normal",
    "StudentT",
    "density_from_fields",
    "kind_of_density",
    "student_of",
]
