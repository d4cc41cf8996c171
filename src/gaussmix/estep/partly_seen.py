"""What forms of rows that are not seen whole share: densities, gathered sums, a background.

A background's density of what is seen of a row is its mass over the sides of its box that are seen.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from .form import Form
from .gathered import GatheredSums, negligible

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..components.noise import Noise
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..rows.folds import Workspace

__all__ = ["PartlySeenForm"]


class PartlySeenForm(Form):
    """Log-joint densities of what is known of rows, and expected sums of the whole rows.

    Sums are about the components' means.
    """

    def __init__(self, parameters: Parameters, moment: Moment) -> None:
        super().__init__(parameters.groups, parameters.n_features, moment)
        self.means, self.covariances = parameters.means, parameters.each
        self.log_weights = parameters.logs_of_weights
        self._box = parameters.box

    def read(self, rows: AnyArray) -> Any:
        """Return what the loops take of rows: here the rows."""
        return rows

    def seen(self, rows: AnyArray) -> AnyArray:
        """Return rows (B, d) with NaN where nothing is seen: here the rows."""
        return rows

    def row_terms(self, rows: AnyArray) -> Array | float:
        """Return the log-volume of the background's box along what is missing of each row.

        `joint` is less that: the background's density of what is seen is then the same for all
        rows, and what a posterior knows.
        """
        if self._box is None:
            return 0.0
        missing = np.isnan(self.seen(rows))
        if self._box.sides is None and not missing.any():
            return 0.0  # whole rows, measured with errors: whatever the box's axes are
        return missing @ log_sides(self._box)

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: Any = None,
    ) -> None:
        self.write_joint(self.read(rows), out, workspace)
        if self._box is not None:
            out -= self.row_terms(rows)

    @abstractmethod
    def write_joint(self, rows: Any, out: Array, workspace: Workspace) -> None:
        """Write log-joint densities of what is known of B rows into `out` (J, B)."""

    def open(self) -> GatheredSums:
        return GatheredSums.empty(self.means, self.moment)

    def add(self, sums: GatheredSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        self.add_expected(sums, self.read(rows), masses, negligible(masses), workspace)

    @abstractmethod
    def add_expected(
        self,
        sums: GatheredSums,
        rows: Any,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        """Add what is expected of B rows under masses (J, B) that exceed a threshold."""

    def close(self, sums: GatheredSums, **counted: Any) -> SufficientStatistics:
        return sums.statistics(**counted)


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
