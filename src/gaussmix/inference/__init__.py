"""How sure a fit is of its parameters, and of their number."""

from .estimates import Uncertainty
from .ratio_test import likelihood_ratio_test
from .ratios import RatioTest
from .resampling import bootstrap
from .scores import information

__all__ = [
    "RatioTest",
    "Uncertainty",
    "bootstrap",
    "information",
    "likelihood_ratio_test",
]
