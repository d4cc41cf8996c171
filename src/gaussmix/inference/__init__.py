"""How sure a fit is of its parameters, and of their number."""

from .bootstrap import bootstrap
from .estimates import Uncertainty
from .information import information
from .ratio_test import RatioTest, likelihood_ratio_test

__all__ = [
    "RatioTest",
    "Uncertainty",
    "bootstrap",
    "information",
    "likelihood_ratio_test",
]
