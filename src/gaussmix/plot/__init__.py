"""Pictures of data and mixtures, with matplotlib (``pip install 'gaussmix[plot]'``).

Each function takes an ``ax`` (or makes one) and returns it, so pictures compose.
"""

from .contours import density_contours
from .criterion import criterion
from .ellipses import ellipses
from .intervals import intervals
from .pairs import pairs
from .ratios import ratios
from .scatter import scatter
from .trace import trace
from .uncertainty import uncertainty
from .univariate import univariate

__all__ = [
    "criterion",
    "density_contours",
    "ellipses",
    "intervals",
    "pairs",
    "ratios",
    "scatter",
    "trace",
    "uncertainty",
    "univariate",
]
