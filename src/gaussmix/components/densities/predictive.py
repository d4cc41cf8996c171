"""Student's t density of a new row: a normal one averaged over what is believed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from .base import Density

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._typing import AnyArray, Array
    from ..statistics import SufficientStatistics

__all__ = ["PredictiveT"]


@dataclass(frozen=True, eq=False)
class PredictiveT(Density):
    """Student's t, of degrees of freedom that nothing changes: for densities, not for fits.

    Attributes
    ----------
    dofs, logs : ndarray (J, 1)
        Degrees of freedom, and the log-density at the mean for a scale of determinant 1.
    halves : ndarray (J, 1)
        Half of the degrees of freedom and of the features together.
    """

    dofs: Array
    logs: Array
    halves: Array

    needs_distances = True

    @classmethod
    def of(cls, dofs: Array, n_features: int) -> PredictiveT:
        """Return the density of components of these degrees of freedom (J,)."""
        dofs = dofs[:, None]
        halves = 0.5 * (dofs + n_features)
        logs = gammaln(halves) - gammaln(0.5 * dofs) - 0.5 * n_features * np.log(dofs * np.pi)
        return cls(dofs, logs, halves)

    def log_joint(self, joint: Array, log_scales: Array) -> Array | None:
        joint *= -2.0 / self.dofs
        np.log1p(joint, out=joint)
        joint *= -self.halves
        joint += self.logs + log_scales
        return None

    def update(self, statistics: SufficientStatistics) -> PredictiveT:
        return self

    def take(self, components: slice | AnyArray) -> PredictiveT:
        return PredictiveT(self.dofs[components], self.logs[components], self.halves[components])

    def joined(self, several: Sequence[PredictiveT]) -> PredictiveT:
        return PredictiveT(
            np.concatenate([own.dofs for own in several]),
            np.concatenate([own.logs for own in several]),
            np.concatenate([own.halves for own in several]),
        )
