"""The parts of an M-step: weights, empty components, covariances kept away from collapse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import one_of
from ..exceptions import DataError

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.families import Family
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..numerics.groups import Groups

__all__ = ["RELATIVE_FLOOR", "fill_empty", "held_covariances", "mixing_weights"]

# Variances below this share of a feature's total variance count as a collapse.
RELATIVE_FLOOR = 1e-10
# A component with less than this share of the rows is empty: its parameters stay as they were.
_EMPTY = 1e-12
# No weight is less: its logarithm is taken.
_TINY = float(np.finfo(float).tiny)


def mixing_weights(
    statistics: SufficientStatistics, previous: Parameters | None, *, equal: bool
) -> tuple[Array, Array]:
    """Return the mixing weights (J,) and those of the backgrounds (G,).

    If `equal` components share equally what weight the noise leaves.
    """
    counts, groups = statistics.counts, statistics.groups
    sums = groups.sum(counts)
    total = sums + statistics.noise
    if equal:
        counts = np.repeat(sums / groups.counts, groups.counts)
    weights = np.maximum(counts / groups.spread(total), _TINY)
    if previous is None or previous.box is None:
        return weights, np.zeros(len(groups))
    noise = np.maximum(statistics.noise / total, _TINY)
    return weights, np.where(previous.noise > 0, noise, 0.0)


def held_covariances(
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
    found = [
        held_covariances(one, family, floor, own)
        for one, own in _apart(statistics, family, previous)
    ]
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
        own = None if previous is None else _covariances_of(previous, groups, g, family)
        parts.append((one_of((statistics, g)), own))
    return parts


def _covariances_of(
    covariances: Covariances, groups: Groups, g: int, family: Family
) -> Covariances:
    """Return those of one of several mixtures."""
    if len(groups) == 1:
        return covariances
    values = covariances.values[slice(g, g + 1) if family.shared else groups.own(g)]
    return family.hold(values, groups.sizes[g], covariances.n_features)


def fill_empty(
    statistics: SufficientStatistics, family: Family, previous: Parameters | None
) -> SufficientStatistics:
    """Give empty components the statistics that their previous parameters would have."""
    least = _EMPTY * statistics.groups.spread(statistics.groups.sum(statistics.counts))
    empty = statistics.counts <= least
    if previous is None or not empty.any():
        return statistics
    counts = np.where(empty, least, statistics.counts)
    means = np.where(empty[:, None], previous.means, statistics.means)
    scatters = statistics.scatters
    if not family.shared and previous.covariances.moment is statistics.moment:
        moment = statistics.moment
        kept = moment.expand(counts) * previous.covariances.as_scatters()
        scatters = np.where(moment.expand(empty), kept, scatters)
    return statistics.changed(counts=counts, means=means, scatters=scatters)
