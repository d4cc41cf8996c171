"""One maximisation step: statistics to a mixture, kept away from collapse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .mixture import Mixture

if TYPE_CHECKING:
    from ._typing import AnyArray, Array
    from .families import Family
    from .statistics import SufficientStatistics

__all__ = ["Constraints", "maximization"]

# A component with less than this share of the rows is empty: its parameters stay as they were.
_EMPTY = 1e-12


@dataclass(frozen=True, eq=False)
class Constraints:
    """What the M-step must respect besides the family.

    Attributes
    ----------
    reg_covar : float
        Added to the diagonal of every covariance.
    floor : ndarray (d,)
        Covariances are held above diag(floor): constrained maximum likelihood
        (Ingrassia 2004), which keeps the likelihood bounded and monotone.
    """

    reg_covar: float
    floor: Array


def maximization(
    statistics: SufficientStatistics,
    family: Family,
    constraints: Constraints,
    previous: Mixture | None = None,
    feature_names: tuple[str, ...] | None = None,
) -> tuple[Mixture, AnyArray]:
    """Return the mixture that maximises the expected log-likelihood.

    Returns
    -------
    mixture : Mixture
    collapsed : ndarray of bool (K,), or (1,) for a shared covariance
        Which covariances are held at the floor.
    """
    weights = statistics.counts / statistics.total
    statistics = _fill_empty(statistics, family, previous)
    covariances = family.estimate(
        statistics, None if previous is None else previous.covariances
    ).add_to_diagonal(constraints.reg_covar)
    covariances, collapsed = covariances.floored(constraints.floor)
    weights = np.maximum(weights, np.finfo(float).tiny)
    mixture = Mixture._of_fit(weights, statistics.means, covariances, feature_names)
    return mixture, collapsed


def _fill_empty(
    statistics: SufficientStatistics, family: Family, previous: Mixture | None
) -> SufficientStatistics:
    """Give empty components the statistics that their previous parameters would have."""
    empty = statistics.counts <= _EMPTY * statistics.total
    if not empty.any() or previous is None:
        return statistics
    assert statistics.scatters is not None
    counts = np.where(empty, _EMPTY * statistics.total, statistics.counts)
    means = np.where(empty[:, None], previous.means, statistics.means)
    scatters = statistics.scatters
    if not family.shared and previous.covariances.moment is statistics.moment:
        moment = statistics.moment
        kept = moment.expand(counts) * previous.covariances.as_scatters()
        scatters = np.where(moment.expand(empty), kept, scatters)
    return replace(statistics, counts=counts, means=means, scatters=scatters)
