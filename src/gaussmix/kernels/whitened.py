"""The whitened form: rows are centred on each component and whitened by its factor.

Costs K passes over a block but never subtracts large numbers: it takes over where
the natural form would lose digits, and where d is so large that products of
features no longer fit in cache.  It serves any structure of covariances and
collects any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..statistics import SufficientStatistics
from .base import Kernel, weigh

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..blocks import Workspace
    from ..covariances import Covariances
    from ..moments import Moment

__all__ = ["WhitenedForm"]

# A responsibility below this adds less than rounding to any sum it enters.
_NEGLIGIBLE = 1e-20


class _Sums:
    """Running sums about the kernel's own means."""

    def __init__(self, n_components: int, n_features: int) -> None:
        self.counts = np.zeros(n_components)
        self.shifts = np.zeros((n_components, n_features))
        self.scatters: list[Array | float] = [0.0] * n_components
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
        return _Sums(self.n_components, self.n_features)

    def add(
        self,
        state: _Sums,
        rows: AnyArray,
        weights: AnyArray | None,
        first: int,
        workspace: Workspace,
    ) -> None:
        responsibilities = self.log_joint(rows, workspace)
        state.log_likelihood += weigh(responsibilities, weights)
        state.n_rows += len(rows)
        for k, resp in enumerate(responsibilities):
            # In many dimensions most rows belong to one component: the others skip them.
            active = np.flatnonzero(resp > _NEGLIGIBLE)
            centred = workspace.array("centred", len(active), self.n_features)
            np.subtract(rows[active], self.means[k], out=centred)
            resp = resp[active]
            state.counts[k] += resp.sum()
            state.shifts[k] += resp @ centred
            state.scatters[k] = state.scatters[k] + self.moment.of_rows(centred, resp)

    def close(self, state: _Sums) -> SufficientStatistics:
        occupied = state.counts > 0
        shifts = state.shifts / np.where(occupied, state.counts, 1.0)[:, None]
        moved = self.moment.expand(state.counts) * self.moment.outer(shifts)
        return SufficientStatistics(
            counts=state.counts,
            means=np.where(occupied[:, None], self.means + shifts, 0.0),
            scatters=np.stack([np.asarray(scatter) for scatter in state.scatters]) - moved,
            moment=self.moment,
            log_likelihood=state.log_likelihood,
            n_rows=state.n_rows,
        )
