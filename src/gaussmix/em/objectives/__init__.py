"""What a fit climbs; see `Objective` for the contract."""

from .base import Objective
from .likelihood import Likelihood
from .partly_fixed import PartlyFixed
from .posterior_mode import PosteriorMode
from .variational import Variational

__all__ = ["Likelihood", "Objective", "PartlyFixed", "PosteriorMode", "Variational"]
