"""How the covariances of K components are held; see `Covariances` for the contract."""

from .base import Covariances
from .diagonal import DiagonalCovariances
from .full import FullCovariances
from .held import STRUCTURES, covariances_from_fields, hold_covariances
from .spherical import SphericalCovariances

__all__ = [
    "STRUCTURES",
    "Covariances",
    "DiagonalCovariances",
    "FullCovariances",
    "SphericalCovariances",
    "covariances_from_fields",
    "hold_covariances",
]
