"""One maximisation step: statistics to a mixture, kept away from collapse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .exceptions import DataError
from .mixture import Mixture

if TYPE_CHECKING:
    from ._typing import AnyArray, Array
    from .covariances import Covariances
    from .families import Family
    from .noise import Noise
    from .prior import PriorTerms
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
    equal_weights : bool
        Components share equally what weight the noise leaves.
    prior : PriorTerms or None
        The estimate is then the posterior mode.
    """

    reg_covar: float
    floor: Array
    equal_weights: bool = False
    prior: PriorTerms | None = None

    def regularised(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return the statistics that add `reg_covar` to the diagonal of covariances."""
        if self.reg_covar == 0:
            return statistics
        return statistics.widened(np.full(statistics.n_features, self.reg_covar))


def maximization(
    statistics: SufficientStatistics,
    family: Family,
    constraints: Constraints,
    previous: Mixture | None = None,
    feature_names: tuple[str, ...] | None = None,
    *,
    hold: bool = True,
) -> tuple[Mixture, AnyArray]:
    """Return the mixture that maximises the expected log-likelihood.

    With ``hold=False`` covariances are not held above the floor: for callers who look
    for themselves, and come back if that is needed.

    Raises
    ------
    DataError
        If the family cannot be estimated from such statistics.

    Returns
    -------
    mixture : Mixture
    collapsed : ndarray of bool (K,), or (1,) for a shared covariance
        Which covariances are held at the floor.
    """
    weights, noise = _weights(statistics, constraints, previous)
    statistics = constraints.regularised(_fill_empty(statistics, family, previous))
    if constraints.prior is not None:
        statistics = constraints.prior.add_to(statistics, family)
    held = None if previous is None else previous.covariances
    if hold:
        covariances, collapsed = _estimate(statistics, family, constraints.floor, held)
    else:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            covariances, collapsed = family.estimate(statistics, held), np.zeros(1, dtype=bool)
    mixture = Mixture._of_fit(weights, statistics.means, covariances, feature_names, noise)
    return mixture, collapsed


def _weights(
    statistics: SufficientStatistics, constraints: Constraints, previous: Mixture | None
) -> tuple[Array, Noise | None]:
    """Return the mixing weights (K,) and the noise with its own."""
    tiny = np.finfo(float).tiny
    total = statistics.total + statistics.noise
    counts = statistics.counts
    if constraints.equal_weights:
        counts = np.full(len(counts), statistics.total / len(counts))
    weights = np.maximum(counts / total, tiny)
    if previous is None or previous.noise is None:
        return weights, None
    return weights, previous.noise.weighing(max(statistics.noise / total, tiny))


def _estimate(
    statistics: SufficientStatistics, family: Family, floor: Array, previous: Covariances | None
) -> tuple[Covariances, AnyArray]:
    """Return the family's covariances, none of them below the floor, and which were."""
    if family.free:
        return family.estimate(statistics, previous).floored(floor)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            covariances = family.estimate(statistics, previous)
            covariances, collapsed = covariances.floored(floor)
        except np.linalg.LinAlgError:
            collapsed = np.ones(statistics.n_components, dtype=bool)
    if not collapsed.any():
        return covariances, collapsed
    # Raising one covariance would break what ties it to the others: raise the scatters
    # they are all estimated from.
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            covariances = family.estimate(statistics.widened(2.0 * floor), None)
        return covariances.floored(floor)[0], collapsed
    except np.linalg.LinAlgError:
        raise DataError(
            f"X: {family.name} cannot be estimated, its matrices are beyond float64 arithmetic; "
            "bring the features to similar scales"
        ) from None


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
