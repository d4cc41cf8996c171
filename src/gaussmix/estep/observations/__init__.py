"""What of a row is seen; see `Observation` for the contract."""

from .base import Kind, Observation
from .complete import COMPLETE
from .measured import Measured
from .missing import MISSING

__all__ = ["COMPLETE", "MISSING", "Kind", "Measured", "Observation"]
