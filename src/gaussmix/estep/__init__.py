"""E-step kernels: one block of rows to statistics, or to log-densities.

Pure functions of a block and of parameters: no loops over blocks, no threads.
`choose_kernel` picks the form that is fast where it is accurate enough.
"""

from .base import Kernel, most_probable, normalise, weigh
from .choice import choose_kernel
from .natural import NaturalForm
from .whitened import WhitenedForm

__all__ = [
    "Kernel",
    "NaturalForm",
    "WhitenedForm",
    "choose_kernel",
    "most_probable",
    "normalise",
    "weigh",
]
