"""One maximisation step: statistics to mixtures, kept away from collapse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import Parameters, covariances_of, join_statistics, one_of
from ..exceptions import DataError
from ..mixture.mixture import Mixture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.families import Family
    from ..components.noise import Noise
    from ..components.parameters import Place
    from ..components.prior import PriorTerms
    from ..components.statistics import SufficientStatistics

__all__ = ["Constraints", "maximization", "maximization_of_several", "mixture_at", "noise_at"]

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
) -> tuple[Mixture, AnyArray]:
    """Return the mixture that maximises the expected log-likelihood.

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
    before = noise = None
    if previous is not None:
        noise = previous.noise
        share = None if noise is None else np.array([noise.weight])
        before = Parameters(
            previous.weights, previous.means, previous.covariances, share, statistics.groups
        )
    found, collapsed = maximization_of_several(statistics, family, [constraints], before)
    return mixture_at((found, 0), family, feature_names, noise), collapsed


def maximization_of_several(
    statistics: SufficientStatistics,
    family: Family,
    constraints: Sequence[Constraints],
    previous: Parameters | None = None,
    *,
    hold: bool = True,
) -> tuple[Parameters, AnyArray]:
    """Return the same for several mixtures, whose constraints differ by the prior at most.

    With ``hold=False`` covariances are not held above the floor: for callers who look
    for themselves, and come back if that is needed.
    """
    every = constraints[0]
    weights, noise = _weights(statistics, every, previous)
    statistics = every.regularised(_fill_empty(statistics, family, previous))
    if every.prior is not None:
        statistics = _with_priors(statistics, family, constraints)
    held = None if previous is None else previous.covariances
    if hold:
        covariances, collapsed = _held(statistics, family, every.floor, held)
    else:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            covariances = _estimate(statistics, family, held)
        collapsed = np.zeros(len(covariances.values), dtype=bool)
    found = Parameters(weights, statistics.means, covariances, noise, statistics.groups)
    return found, collapsed


def mixture_at(
    place: Place[Parameters],
    family: Family,
    feature_names: tuple[str, ...] | None = None,
    noise: Noise | None = None,
) -> Mixture:
    """Return one of several mixtures; `noise` gets the weight that it has there."""
    stack, g = place
    own = stack.groups.own(g)
    weights, means = stack.weights[own].copy(), stack.means[own].copy()
    covariances = covariances_of(stack.covariances, stack.groups, g, family)
    return Mixture._of_fit(weights, means, covariances, feature_names, noise_at(place, noise))


def noise_at(place: Place[Parameters], noise: Noise | None) -> Noise | None:
    """Return the noise with the weight that it has in one of several mixtures."""
    stack, g = place
    if noise is None or stack.noise is None:
        return noise
    return noise.weighing(float(stack.noise[g]))


def _weights(
    statistics: SufficientStatistics, constraints: Constraints, previous: Parameters | None
) -> tuple[Array, Array | None]:
    """Return the mixing weights (J,) and those of the noise (G,)."""
    tiny = np.finfo(float).tiny
    counts, groups = statistics.counts, statistics.groups
    sums = groups.sum(counts)
    total = sums + statistics.noise
    if constraints.equal_weights:
        counts = np.repeat(sums / groups.counts, groups.counts)
    weights = np.maximum(counts / groups.spread(total), tiny)
    if previous is None or previous.noise is None:
        return weights, None
    return weights, np.maximum(statistics.noise / total, tiny)


def _with_priors(
    statistics: SufficientStatistics, family: Family, constraints: Sequence[Constraints]
) -> SufficientStatistics:
    """Add what each mixture's own prior says, all at once if it is the same."""
    prior = constraints[0].prior
    assert prior is not None
    if all(own.prior is prior for own in constraints):
        return prior.add_to(statistics, family)
    each = [_with_priors(one_of(statistics, g), family, [own]) for g, own in enumerate(constraints)]
    return join_statistics([(one, 0) for one in each])


def _held(
    statistics: SufficientStatistics, family: Family, floor: Array, previous: Covariances | None
) -> tuple[Covariances, AnyArray]:
    """Return the family's covariances, none of them below the floor, and which were."""
    if family.free:
        return _estimate(statistics, family, previous).floored(floor)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            covariances = _estimate(statistics, family, previous)
            covariances, collapsed = covariances.floored(floor)
        except np.linalg.LinAlgError:
            if len(statistics.groups) > 1:
                return _held_one_by_one(statistics, family, floor, previous)
            collapsed = np.ones(statistics.n_components, dtype=bool)
    if not collapsed.any():
        return covariances, collapsed
    # Raising one covariance would break what ties it to the others: raise the scatters
    # they are all estimated from.
    if len(statistics.groups) > 1 and not collapsed.all():
        return _held_one_by_one(statistics, family, floor, previous)
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            covariances = _estimate(statistics.widened(2.0 * floor), family, None)
        return covariances.floored(floor)[0], collapsed
    except np.linalg.LinAlgError:
        raise DataError(
            f"X: {family.name} cannot be estimated, its matrices are beyond float64 arithmetic; "
            "bring the features to similar scales"
        ) from None


def _estimate(
    statistics: SufficientStatistics, family: Family, previous: Covariances | None
) -> Covariances:
    """Return the family's covariances of one or several mixtures."""
    groups = statistics.groups
    if family.grouped or len(groups) == 1:
        return family.estimate(statistics, previous)
    parts = _apart(statistics, family, previous)
    values = np.concatenate([family.estimate(one, before).values for one, before in parts])
    return family.hold(values, groups.n_components, statistics.n_features)


def _held_one_by_one(
    statistics: SufficientStatistics, family: Family, floor: Array, previous: Covariances | None
) -> tuple[Covariances, AnyArray]:
    found = [_held(one, family, floor, own) for one, own in _apart(statistics, family, previous)]
    values = np.concatenate([covariances.values for covariances, _ in found])
    covariances = family.hold(values, statistics.n_components, statistics.n_features)
    return covariances, np.concatenate([mask for _, mask in found])


def _apart(
    statistics: SufficientStatistics, family: Family, previous: Covariances | None
) -> list[tuple[SufficientStatistics, Covariances | None]]:
    """Return the statistics and the covariances of each mixture."""
    parts: list[tuple[SufficientStatistics, Covariances | None]] = []
    groups = statistics.groups
    for g in range(len(groups)):
        own = None if previous is None else covariances_of(previous, groups, g, family)
        parts.append((one_of(statistics, g), own))
    return parts


def _fill_empty(
    statistics: SufficientStatistics, family: Family, previous: Parameters | None
) -> SufficientStatistics:
    """Give empty components the statistics that their previous parameters would have."""
    least = _EMPTY * statistics.groups.spread(statistics.groups.sum(statistics.counts))
    empty = statistics.counts <= least
    if previous is None or not empty.any():
        return statistics
    assert statistics.scatters is not None
    counts = np.where(empty, least, statistics.counts)
    means = np.where(empty[:, None], previous.means, statistics.means)
    scatters = statistics.scatters
    if not family.shared and previous.covariances.moment is statistics.moment:
        moment = statistics.moment
        kept = moment.expand(counts) * previous.covariances.as_scatters()
        scatters = np.where(moment.expand(empty), kept, scatters)
    return replace(statistics, counts=counts, means=means, scatters=scatters)
