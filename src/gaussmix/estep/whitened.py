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

from .base import Kernel, Sums
from .gathered import GatheredSums, negligible

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.moments import Moment
    from ..components.statistics import SufficientStatistics
    from ..rows.folds import Index, Workspace

__all__ = ["WhitenedForm"]


class _Sums(Sums):
    """Sums about the kernel's own means."""

    def __init__(self, means: Array, moment: Moment) -> None:
        super().__init__()
        self.gathered = GatheredSums(means, moment)


class WhitenedForm(Kernel):
    """E-step by squared Mahalanobis distances; scatters are held as `moment`."""

    def __init__(
        self,
        log_weights: Array,
        means: Array,
        covariances: Covariances,
        moment: Moment,
        background: float | None = None,
    ) -> None:
        super().__init__(log_weights, means, covariances, background)
        self.moment = moment
        self.constants = log_weights + covariances.log_norm()
        self.bytes_per_row = 8 * (3 * self.n_features + self.n_joint + 4)

    def log_joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        joint = workspace.array("joint", self.n_joint, len(rows))
        out = joint[: self.n_components]
        centred = workspace.array("centred", *rows.shape)
        for k, mean in enumerate(self.means):
            np.subtract(rows, mean, out=centred)
            out[k] = self.covariances.mahalanobis(k, centred)
        out *= -0.5
        out += self.constants[:, None]
        if self.background is not None:
            joint[-1] = self.background
        return joint

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
        joint = self.log_joint(rows, workspace)
        responsibilities = self.responsibilities(state, joint, weights, index)
        state.gathered.add(rows, responsibilities, negligible(weights), workspace)

    def close(self, state: _Sums) -> SufficientStatistics:
        return replace(
            state.gathered.statistics(),
            log_likelihood=state.log_likelihood,
            n_rows=state.n_rows,
            noise=state.noise,
        )
