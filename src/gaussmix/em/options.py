"""How to iterate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .mstep import Constraints

if TYPE_CHECKING:
    from ..components.families import Family
    from ..components.prior import ConjugatePrior
    from ..rows.summary import DataSummary

__all__ = ["RELATIVE_FLOOR", "EMOptions"]

# Variances below this share of a feature's total variance count as a collapse.
RELATIVE_FLOOR = 1e-10


@dataclass(frozen=True)
class EMOptions:
    """How to iterate.

    Attributes
    ----------
    tol : float
        Stop when the mean log-likelihood a row still to come, as predicted, is below it.
    max_iter : int
    reg_covar : float
        Added to the diagonal of covariances.
    equal_weights : bool
        Whether all components have the same mixing weight.
    prior : ConjugatePrior or None
    give_up_collapsed : bool
        Whether to stop as soon as a covariance is held at the floor: for searches that
        have no use for such a fit.
    accelerate : bool
        Whether to leap ahead where EM is slow (see `Leaps`).  Not with `reg_covar`, which
        does not climb the likelihood, so a bad leap could not be told from a good one.
    dtype : type
        Of the arithmetic within a block of rows: float64 or float32.
    """

    tol: float = 1e-6
    max_iter: int = 1000
    reg_covar: float = 0.0
    equal_weights: bool = False
    prior: ConjugatePrior | None = None
    give_up_collapsed: bool = False
    accelerate: bool = True
    dtype: type = np.float64

    def constraints(self, summary: DataSummary, family: Family, n_components: int) -> Constraints:
        """Return what the M-step must respect on these data."""
        floor = RELATIVE_FLOOR * (summary.variances + self.reg_covar)
        prior = None if self.prior is None else self.prior.on(summary.total, family, n_components)
        return Constraints(self.reg_covar, floor, self.equal_weights, prior)
