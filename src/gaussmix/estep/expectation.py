"""One expectation step over a whole source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import choose_kernel

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.statistics import SufficientStatistics
    from ..rows import Source
    from ..rows.summary import DataSummary

__all__ = ["expectation"]


def expectation(
    source: Source,
    summary: DataSummary,
    mixture: Any,
    family: Family,
    known: AnyArray | None = None,
    dtype: type = np.float64,
) -> SufficientStatistics:
    """Return the statistics that `family` needs, under the responsibilities of one mixture.

    ``log_likelihood`` of the result is that of the mixture itself.  Rows whose component
    is `known` (n,), not -1, belong to it, and count with its joint density.  `dtype` is
    that of the arithmetic within a block.
    """
    kernel = choose_kernel(
        np.log(mixture.weights),
        mixture.means,
        mixture.covariances,
        family.held.moment,
        family.shared,
        summary.center,
        summary.extent,
        None if mixture.noise is None else mixture.noise.log_joint,
        dtype,
        source.rows_drawn_from,
    )
    kernel.known = known
    statistics = source.reduce(kernel)
    if statistics.scatters is None:
        return _complete(statistics, summary, mixture)
    return statistics.pool() if family.shared else statistics


def _complete(
    statistics: SufficientStatistics, summary: DataSummary, mixture: Any
) -> SufficientStatistics:
    """Add what a shared covariance leaves out of the pass: a constant of the data.

    The rows' common quadratic terms sum to -trace(P T) / 2, T the total scatter.
    """
    assert summary.total.scatters is not None
    quadratic = -0.5 * float((mixture.covariances.precisions * summary.total.scatters).sum())
    statistics = replace(statistics, log_likelihood=statistics.log_likelihood + quadratic)
    return statistics.pooled_within(summary.total)
