"""What forms of incomplete rows share: density of what is seen, expected sums of whole rows.

Of a row x the features o are seen and m are not (Little & Rubin 2019, section 11.2).  Under a
normal component with mean mu and covariance S,

    x_o ~ N(mu_o, S_oo)
    E[x_m | x_o] = mu_m + S_mo S_oo^-1 (x_o - mu_o)
    C = cov[x_m | x_o] = S_mm - S_mo S_oo^-1 S_om = (P_mm)^-1,  P = S^-1

so a form writes the first, and adds up x with its missing part at the second, plus C
(Ghahramani & Jordan 1994).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from ...components.covariances.base import LOG_2PI
from ..partly_seen import PartlySeenForm

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.parameters import Parameters

__all__ = ["IncompleteForm", "log_norms"]


class IncompleteForm(PartlySeenForm):
    """Log-joint densities of what is seen of rows, and expected sums of the whole rows.

    Rows (B, d) have NaN where nothing is seen; whole rows, and rows of which nothing is seen at
    all, are rows like others.
    """

    def __init__(self, parameters: Parameters, moment: Moment) -> None:
        super().__init__(parameters, moment)
        self.bytes_per_row = 8 * (4 * self.n_features + 2 * self.n_components + 4)

    @abstractmethod
    def expected(self, k: int, rows: AnyArray) -> Array:
        """Return rows (B, d) with what is missing as component k expects it."""

    @abstractmethod
    def uncertain(self, k: int, seen: AnyArray) -> Array:
        """Return the covariance (d, d) of a row of component k of which `seen` (d,) is seen."""


def log_norms(n_seen: AnyArray | int, log_det: AnyArray | float) -> AnyArray:
    """Return logs of normal densities at the mean of so many features."""
    return np.asarray(-0.5 * (n_seen * LOG_2PI + log_det))
