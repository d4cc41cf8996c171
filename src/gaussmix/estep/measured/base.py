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
from typing import TYPE_CHECKING

from ..partly_seen import PartlySeenForm

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.measurement import Measured, Measurement

__all__ = ["MeasuredForm"]

# Values that are missing are few, or at least the rest of a row is as dear.
_BYTES_A_VALUE = 8 * 4


class MeasuredForm(PartlySeenForm):
    """Log-joint densities of rows as they were measured, and expected sums of what was.

    Rows (B, D) are whole rows of a `MeasuredSource`.
    """

    def __init__(self, parameters: Parameters, measurement: Measurement, moment: Moment) -> None:
        super().__init__(parameters, moment)
        self.measurement = measurement
        width = measurement.width + self.n_features
        self.bytes_per_row = _BYTES_A_VALUE * width + 16 * self.n_components

    def read(self, rows: AnyArray) -> Measured:
        return self.measurement.read(rows)

    def seen(self, rows: AnyArray) -> AnyArray:
        return self.measurement.seen(rows)

    @abstractmethod
    def expected(self, k: int, rows: Measured) -> tuple[Array, Array]:
        """Return E[x | y] less the mean (B, d), and cov[x | y] (B, d, d), as component k expects.

        These are what is added up.
        """
