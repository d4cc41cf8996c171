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
from typing import TYPE_CHECKING, Any

import numpy as np

from ...components.covariances.base import LOG_2PI
from ...exceptions import DataError
from ..form import Form
from ..gathered import GatheredSums, negligible

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.noise import Noise
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics
    from ...rows.folds import Workspace

__all__ = ["IncompleteForm", "log_norms", "log_sides"]


class IncompleteForm(Form):
    """Log-joint densities of what is seen of rows, and expected sums of the whole rows.

    Rows (B, d) have NaN where nothing is seen; whole rows, and rows of which nothing is seen at
    all, are rows like others.  Sums are about the components' means.
    """

    def __init__(self, parameters: Parameters, moment: Moment) -> None:
        super().__init__(parameters.groups, parameters.n_features, moment)
        self.means, self.covariances = parameters.means, parameters.each
        self.log_weights = parameters.logs_of_weights
        self._sides = None if parameters.box is None else log_sides(parameters.box)
        self.bytes_per_row = 8 * (4 * self.n_features + 2 * self.n_components + 4)

    def row_terms(self, rows: AnyArray) -> Array | float:
        """Return the log-volume of the background's box along what is missing of each row.

        `joint` is less that: the background's density of what is seen is then the same for all
        rows, and what a posterior knows.
        """
        if self._sides is None:
            return 0.0
        return np.isnan(rows) @ self._sides

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: Any = None,
    ) -> None:
        self.write_joint(rows, out, workspace)
        if self._sides is not None:
            out -= self.row_terms(rows)

    @abstractmethod
    def write_joint(self, rows: AnyArray, out: Array, workspace: Workspace) -> None:
        """Write log-joint densities of what is seen of rows (B, d) into `out` (J, B)."""

    def open(self) -> GatheredSums:
        return GatheredSums.empty(self.means, self.moment)

    def add(self, sums: GatheredSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        self.add_expected(sums, rows, masses, negligible(masses), workspace)

    @abstractmethod
    def add_expected(
        self,
        sums: GatheredSums,
        rows: AnyArray,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        """Add what is expected of rows (B, d) under masses (J, B) that exceed a threshold."""

    @abstractmethod
    def expected(self, k: int, rows: AnyArray) -> Array:
        """Return rows (B, d) with what is missing as component k expects it."""

    @abstractmethod
    def uncertain(self, k: int, seen: AnyArray) -> Array:
        """Return the covariance (d, d) of a row of component k of which `seen` (d,) is seen."""

    def close(self, sums: GatheredSums, **counted: Any) -> SufficientStatistics:
        return sums.statistics(**counted)


def log_norms(n_seen: AnyArray | int, log_det: AnyArray | float) -> AnyArray:
    """Return logs of normal densities at the mean of so many features."""
    return np.asarray(-0.5 * (n_seen * LOG_2PI + log_det))


def log_sides(box: Noise) -> Array:
    """Return the logs of the sides of a background's box, by feature (d,)."""
    if box.sides is None:
        raise DataError(
            "X: has missing values (NaN), and the background of this mixture is a box along "
            "turned axes, of which a part of the features has no uniform density; fit the mixture "
            "to rows with missing values too (missing='em'), or take it .without_noise()"
        )
    low, high = box.sides
    return np.asarray(np.log(high - low))
