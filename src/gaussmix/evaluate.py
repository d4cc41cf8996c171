"""Densities, responsibilities and labels of rows under given parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .kernels import Kernel, choose_kernel, normalise
from .moments import NORM
from .summary import DataSummary, SummaryFold
from .validation import require_bounded, require_finite

if TYPE_CHECKING:
    from ._typing import AnyArray, Array
    from .blocks import Workspace
    from .covariances import Covariances
    from .sources import Source

__all__ = ["Evaluator"]


class Evaluator:
    """Parameters ready to be applied to the rows of a source.

    One pass finds the extent of the rows (and refuses NaN), which decides the
    form of the kernel; each method is then one more pass that needs no memory
    but its output.
    """

    def __init__(
        self, weights: Array, means: Array, covariances: Covariances, source: Source
    ) -> None:
        summary: DataSummary = source.reduce(SummaryFold(NORM, source.n_features))
        require_finite(summary, source.feature_names)
        require_bounded(summary, source.feature_names)
        center = weights @ means
        extent = np.maximum(summary.maximum - center, center - summary.minimum)
        self.source = source
        self.kernel: Kernel = choose_kernel(
            np.log(weights),
            means,
            covariances,
            covariances.moment,
            covariances.shared,
            center,
            extent,
        )

    def log_density(self) -> Array:
        """Log-density of each row, shape (n,)."""
        kernel = self.kernel

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            return normalise(kernel.log_joint(rows, workspace)) + kernel.row_terms(rows)

        return self.source.map(block, np.empty(self.source.n_rows), kernel.bytes_per_row)

    def responsibilities(self) -> Array:
        """Posterior probability of each component given each row, shape (n, K)."""
        kernel = self.kernel

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            joint = kernel.log_joint(rows, workspace)
            normalise(joint)
            return joint.T

        out = np.empty((self.source.n_rows, kernel.n_components))
        return self.source.map(block, out, kernel.bytes_per_row)

    def labels(self) -> AnyArray:
        """Most probable component of each row, shape (n,)."""
        kernel = self.kernel

        def block(rows: AnyArray, workspace: Workspace) -> AnyArray:
            return kernel.log_joint(rows, workspace).argmax(axis=0)

        out = np.empty(self.source.n_rows, dtype=np.intp)
        return self.source.map(block, out, kernel.bytes_per_row)
