"""The whitened form: rows are centred on each component and whitened by its factor.

Costs K passes over a block but never subtracts large numbers: it takes over where
the natural form would lose digits, and where d is so large that products of
features no longer fit in cache.  It serves any structure of covariances and
collects any moment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .base import Kernel, weigh
from .gathered import GatheredSums

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..blocks import Index, Workspace
    from ..covariances import Covariances
    from ..moments import Moment
    from ..statistics import SufficientStatistics

__all__ = ["WhitenedForm"]


class _Sums:
    """Sums about the kernel's own means, and the log-likelihood."""

    def __init__(self, means: Array, moment: Moment) -> None:
        self.gathered = GatheredSums(means, moment)
        self.log_likelihood = 0.0
        self.n_rows = 0


class WhitenedForm(Kernel):
    """E-step by squared Mahalanobis distances; scatters are held as `moment`."""

    def __init__(
        self, log_weights: Array, means: Array, covariances: Covariances, moment: Moment
    ) -> None:
        super().__init__(log_weights, means, covariances)
        self.moment = moment
        self.constants = log_weights + covariances.log_norm()
        self.bytes_per_row = 8 * (3 * self.n_features + self.n_components + 4)

    def log_joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        out = workspace.array("joint", self.n_components, len(rows))
        centred = workspace.array("centred", *rows.shape)
        for k, mean in enumerate(self.means):
            np.subtract(rows, mean, out=centred)
            out[k] = self.covariances.mahalanobis(k, centred)
        out *= -0.5
        out += self.constants[:, None]
        return out

    # -- the fold -------------------------------------------------------------

    def open(self) -> _Sums:
        return _Sums(self.means, self.moment)

    def add(
        self,
        state: _Sums,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        responsibilities = self.log_joint(rows, workspace)
        state.log_likelihood += weigh(responsibilities, weights)
        state.gathered.add(rows, responsibilities, workspace)
        state.n_rows += len(rows)

    def close(self, state: _Sums) -> SufficientStatistics:
        return replace(
            state.gathered.statistics(),
            log_likelihood=state.log_likelihood,
            n_rows=state.n_rows,
        )
