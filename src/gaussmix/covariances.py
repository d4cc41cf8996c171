"""How covariances are held: `gaussmix.components.covariances`."""

from .components.covariances import (
    Covariances,
    DiagonalCovariances,
    FullCovariances,
    SphericalCovariances,
)

__all__ = ["Covariances", "DiagonalCovariances", "FullCovariances", "SphericalCovariances"]
