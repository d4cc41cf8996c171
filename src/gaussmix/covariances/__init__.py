"""How the covariances of K components are held; see `Covariances` for the contract."""

from .base import Covariances
from .diagonal import DiagonalCovariances
from .full import FullCovariances
from .held import STRUCTURES, hold_covariances
from .spherical import SphericalCovariances

__all__ = [
    "STRUCTURES",
    "Covariances",
    "DiagonalCovariances",
    "FullCovariances",
    "SphericalCovariances",
    "hold_covariances",
]
