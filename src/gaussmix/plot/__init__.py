"""Pictures of data and mixtures, with matplotlib (``pip install 'gaussmix[plot]'``).

Each function takes an ``ax`` (or makes one) and returns it, so pictures compose; `pairs` and
`rootograms` make a whole figure.  A picture that is alone in its figure says above it which
model it is of.
"""

from .cdf import cdf
from .confidence import confidence
from .contours import density_contours
from .criterion import criterion
from .criterion_map import criterion_map
from .decision_regions import decision_regions
from .density import density
from .ellipses import ellipses
from .intervals import intervals
from .misplaced import misplaced
from .pairs import pairs
from .quantiles import quantiles
from .ratios import ratios
from .rootograms import rootograms
from .scatter import scatter
from .trace import trace
from .uncertainty import uncertainty
from .univariate import univariate

__all__ = [
    "cdf",
    "confidence",
    "criterion",
    "criterion_map",
    "decision_regions",
    "density",
    "density_contours",
    "ellipses",
    "intervals",
    "misplaced",
    "pairs",
    "quantiles",
    "ratios",
    "rootograms",
    "scatter",
    "trace",
    "uncertainty",
    "univariate",
]
