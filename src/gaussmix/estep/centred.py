"""The natural form about each component's own mean: accurate wherever the data are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .compiled import CompiledForm
from .natural import features_of
from .softmax import NEGLIGIBLE_LOG

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..rows.folds import Workspace
    from .natural import NaturalSums

__all__ = ["CentredForm", "magnitude_about_means"]


def magnitude_about_means(covariances: Covariances) -> float:
    """Return the largest sum of absolute terms in x' P x where densities are not negligible.

    Times the machine epsilon it bounds the rounding error of the form; further out there is
    as much of it relative to what x' P x is.
    """
    return covariances.magnitude(np.sqrt(-2.0 * NEGLIGIBLE_LOG * covariances.variances()))


class CentredForm(CompiledForm):
    """The natural form in compiled loops with features about each component's own mean.

    It writes the features of a tile for each component, twice: that is for data a row of
    which is so far out that the features about one center lose the digits of narrow
    components.  It is for one mixture.
    """

    def _centers(self, theta: Array) -> Array:
        means = self.center
        # A background is the same about any center.
        return means if theta.shape[1] == len(means) else np.concatenate([means, means[:1]])

    def _of_component(self, k: int, rows: AnyArray, workspace: Workspace) -> Array:
        return features_of(rows, self.center[k], self.moment, workspace)

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: NaturalSums | None = None,
    ) -> None:
        for k in range(self.n_components):
            np.matmul(self.theta[k], self._of_component(k, rows, workspace), out=out[k])

    def add(self, sums: NaturalSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        for k, own in enumerate(masses):
            sums.moments[k] += self._of_component(k, rows, workspace) @ own
