"""Features independent within components, and so are their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...components.covariances.base import LOG_2PI
from ..gathered import by_component
from .base import MeasuredForm

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.folds import Workspace
    from ...rows.measurement import Measured, Measurement
    from ..gathered import GatheredSums

__all__ = ["AxesForm"]


class AxesForm(MeasuredForm):
    """Diagonal and spherical covariances, and variances of errors: feature by feature."""

    def __init__(self, parameters: Parameters, measurement: Measurement, moment: Moment) -> None:
        super().__init__(parameters, measurement, moment)
        self.variances = self.covariances.variances()

    def write_joint(self, rows: Measured, out: Array, workspace: Workspace) -> None:
        seen = ~np.isnan(rows.values)
        for k in range(self.n_components):
            centred, total = self._given(k, rows, seen)
            with np.errstate(over="ignore"):  # a row too far out has density 0
                terms = centred**2 / total + np.log(total)
            own = np.where(seen, terms + LOG_2PI, 0.0).sum(axis=1)
            out[k] = self.log_weights[k] - 0.5 * own

    def _given(self, k: int, rows: Measured, seen: AnyArray) -> tuple[Array, Array]:
        """Return y - mu (B, d), 0 where nothing is seen, and the variances of that."""
        centred = np.where(seen, rows.values - self.means[k], 0.0)
        return centred, np.where(seen, rows.errors + self.variances[k], 1.0)

    def add_expected(
        self,
        sums: GatheredSums,
        rows: Measured,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        for k, active in by_component(masses > threshold):
            weights = masses[k, active]
            errors = rows.errors if len(rows.errors) == 1 else rows.errors[active]
            offsets, left = self._expected(k, type(rows)(rows.values[active], errors, None))
            sums.counts[k] += weights.sum()
            sums.shifts[k] += weights @ offsets
            sums.scatters[k] += self.moment.of_rows(offsets, weights)
            sums.scatters[k] += self.moment.of_diagonal(weights @ left)

    def _expected(self, k: int, rows: Measured) -> tuple[Array, Array]:
        """Return E[x | y] less the mean, and the variances of x given y, both (B, d)."""
        seen, own = ~np.isnan(rows.values), self.variances[k]
        centred, total = self._given(k, rows, seen)
        errors = np.where(seen, rows.errors, 0.0)
        left = np.where(seen, own * (errors / total), own)
        return centred * (own / total), left

    def expected(self, k: int, rows: Measured) -> tuple[Array, Array]:
        offsets, left = self._expected(k, rows)
        return offsets, left[:, :, None] * np.eye(self.n_features)
