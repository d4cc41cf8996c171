"""How the covariances of K components are held; see `Covariances` for the contract."""

from .base import Covariances
from .diagonal import DiagonalCovariances
from .full import FullCovariances
from .spherical import SphericalCovariances

__all__ = ["Covariances", "DiagonalCovariances", "FullCovariances", "SphericalCovariances"]
