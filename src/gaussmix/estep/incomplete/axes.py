"""Features independent within components: what is missing is not told by what is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...components.covariances.base import LOG_2PI
from ..gathered import by_component
from .base import IncompleteForm

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.folds import Workspace
    from ..gathered import GatheredSums

__all__ = ["AxesForm"]


class AxesForm(IncompleteForm):
    """Diagonal and spherical covariances: sums feature by feature."""

    def __init__(self, parameters: Parameters, moment: Moment) -> None:
        super().__init__(parameters, moment)
        self.variances = self.covariances.variances()

    def write_joint(self, rows: AnyArray, out: Array, workspace: Workspace) -> None:
        seen = ~np.isnan(rows)
        norms = -0.5 * (LOG_2PI + np.log(self.variances))
        np.matmul(norms, seen.T, out=out)
        out += self.log_weights[:, None]
        centred = workspace.array("centred", *rows.shape)
        for k, precision in enumerate(1.0 / self.variances):
            self._centred(rows, seen, k, centred)
            np.square(centred, out=centred)
            out[k] -= 0.5 * (centred @ precision)

    def _centred(self, rows: AnyArray, seen: AnyArray, k: int, out: Array) -> Array:
        np.subtract(rows, self.means[k], out=out)
        out[~seen] = 0.0
        return out

    def add_expected(
        self,
        sums: GatheredSums,
        rows: AnyArray,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        seen = ~np.isnan(rows)
        for k, active in by_component(masses > threshold):
            own, weights = seen[active], masses[k, active]
            centred = workspace.array("centred", len(active), rows.shape[1])
            self._centred(rows[active], own, k, centred)
            sums.counts[k] += weights.sum()
            sums.shifts[k] += weights @ centred
            left = (weights @ ~own) * self.variances[k]
            sums.scatters[k] += self.moment.of_rows(centred, weights)
            sums.scatters[k] += self.moment.of_diagonal(left)

    def expected(self, k: int, rows: AnyArray) -> Array:
        return np.where(np.isnan(rows), self.means[k], rows)

    def uncertain(self, k: int, seen: AnyArray) -> Array:
        return np.diag(np.where(seen, 0.0, self.variances[k]))
