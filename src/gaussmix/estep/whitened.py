"""The whitened form: rows are centred on each component and whitened by its factor.

Costs K passes over a block but never subtracts large numbers: it takes over where
the natural form would lose digits, and where d is so large that products of
features no longer fit in cache.  It serves any structure of covariances and
collects any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .form import Form
from .gathered import GatheredSums, negligible

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..rows.folds import Workspace

__all__ = ["WhitenedForm"]


class WhitenedForm(Form):
    """Squared Mahalanobis distances, and sums about the components' means."""

    def __init__(self, parameters: Parameters, moment: Moment) -> None:
        super().__init__(parameters.groups, parameters.n_features, moment)
        self.means = parameters.means
        self.covariances, self.constants = parameters.each, parameters.log_constants()
        self.bytes_per_row = 8 * (3 * self.n_features + self.n_components + 4)

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: GatheredSums | None = None,
    ) -> None:
        centred = workspace.array("centred", *rows.shape)
        for k, mean in enumerate(self.means):
            np.subtract(rows, mean, out=centred)
            out[k] = self.covariances.mahalanobis(k, centred)
        out *= -0.5
        out += self.constants[:, None]

    # -- sums -----------------------------------------------------------------

    def open(self) -> GatheredSums:
        return GatheredSums.empty(self.means, self.moment)

    def add(self, sums: GatheredSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        sums.add(rows, masses, negligible(masses), workspace)

    def close(self, sums: GatheredSums, **counted: Any) -> SufficientStatistics:
        return sums.statistics(**counted)
