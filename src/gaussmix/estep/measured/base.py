"""What forms of measured rows share: density of what was measured, expected sums of x.

Of a row y = R x + e, e ~ N(0, S), under a normal component of x with mean mu and covariance V,

    y ~ N(R mu, T),  T = R V R' + S
    E[x | y] = mu + V R' T^-1 (y - R mu)
    cov[x | y] = V - V R' T^-1 R V

so a form writes the first, and adds up the second with the third (Bovy, Hogg & Roweis 2011).
A value that is missing is a row of R, and of y, that is 0, with an error of 1.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..form import Form
from ..gathered import GatheredSums, negligible
from ..incomplete.base import log_sides

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics
    from ...rows.folds import Workspace
    from ...rows.measurement import Measured, Measurement

__all__ = ["MeasuredForm"]

# Values that are missing are few, or at least the rest of a row is as dear.
_BYTES_A_VALUE = 8 * 4


class MeasuredForm(Form):
    """Log-joint densities of rows as they were measured, and expected sums of what was.

    Rows (B, D) are whole rows of a `MeasuredSource`.  Sums are about the components' means.
    """

    def __init__(self, parameters: Parameters, measurement: Measurement, moment: Moment) -> None:
        super().__init__(parameters.groups, parameters.n_features, moment)
        self.measurement = measurement
        self.means, self.covariances = parameters.means, parameters.each
        self.log_weights = parameters.logs_of_weights
        self._sides = None if parameters.box is None else log_sides(parameters.box)
        width = measurement.width + self.n_features
        self.bytes_per_row = _BYTES_A_VALUE * width + 16 * self.n_components

    def row_terms(self, rows: AnyArray) -> Array | float:
        """Return the log-volume of the background's box along what is missing of each row."""
        if self._sides is None:
            return 0.0
        return np.isnan(self.measurement.seen(rows)) @ self._sides

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: Any = None,
    ) -> None:
        self.write_joint(self.measurement.read(rows), out, workspace)
        if self._sides is not None:
            out -= self.row_terms(rows)

    @abstractmethod
    def write_joint(self, rows: Measured, out: Array, workspace: Workspace) -> None:
        """Write log-joint densities of what was measured of B rows into `out` (J, B)."""

    def open(self) -> GatheredSums:
        return GatheredSums.empty(self.means, self.moment)

    def add(self, sums: GatheredSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        self.add_expected(sums, self.measurement.read(rows), masses, negligible(masses), workspace)

    @abstractmethod
    def add_expected(
        self,
        sums: GatheredSums,
        rows: Measured,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        """Add what is expected of B rows under masses (J, B) that exceed a threshold."""

    @abstractmethod
    def expected(self, k: int, rows: Measured) -> tuple[Array, Array]:
        """Return E[x | y] less the mean (B, d), and cov[x | y] (B, d, d), as component k expects.

        These are what is added up.
        """

    def close(self, sums: GatheredSums, **counted: Any) -> SufficientStatistics:
        return sums.statistics(**counted)
