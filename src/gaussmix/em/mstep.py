"""The parts of an M-step: weights, empty components, covariances kept away from collapse."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..components.parameters import one_of
from ..exceptions import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.families import Family
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..numerics.groups import Groups

__all__ = [
    "RELATIVE_FLOOR",
    "Estimate",
    "estimated_covariances",
    "fill_empty",
    "held_covariances",
    "looked_at_together",
    "mixing_weights",
]

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


class Estimate(NamedTuple):
    """What an M-step estimates, before covariances are held above the floor.

    Attributes
    ----------
    weights, noise : ndarray (J,), (G,)
    statistics : SufficientStatistics
        Whose maximum-likelihood estimates are wanted.
    covariances : Covariances or None
        None if they cannot be estimated of all mixtures at once.
    previous : Parameters or None
        What the statistics were found under.
    wide : bool
        Whether all covariances are known to lie above the floor.
    """

    weights: Array
    noise: Array
    statistics: SufficientStatistics
    covariances: Covariances | None
    previous: Parameters | None = None
    wide: bool = False


def looked_at_together(
    estimates: Sequence[Estimate | None], floor: Array
) -> Sequence[Estimate | None]:
    """Say of which estimates it is known that they lie above a floor.

    Those of one structure are looked at together, which costs hardly more than to look at one.
    """
    kinds: dict[type[Covariances], list[tuple[int, Estimate, Covariances]]] = {}
    for place, estimate in enumerate(estimates):
        if estimate is not None and estimate.covariances is not None:
            own = estimate.covariances
            kinds.setdefault(type(own), []).append((place, estimate, own))
    found = list(estimates)
    for kind, members in kinds.items():
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            wide = kind.are_wide([own for *_, own in members], floor)
        for (place, estimate, _), is_wide in zip(members, wide, strict=True):
            found[place] = estimate._replace(wide=is_wide)
    return found


def estimated_covariances(
    statistics: SufficientStatistics, family: Family, previous: Covariances | None
) -> Covariances | None:
    """Return the family's covariances, or None where those of some are beyond arithmetic."""
    if family.free:
        return _estimate(statistics, family, previous)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            return _estimate(statistics, family, previous)
        except np.linalg.LinAlgError:
            return None


def held_covariances(
    covariances: Covariances | None,
    statistics: SufficientStatistics,
    family: Family,
    floor: Array,
    previous: Covariances | None,
) -> tuple[Covariances, AnyArray]:
    """Return the family's covariances, none of them below the floor, and which were."""
    if family.free:
        assert covariances is not None
        return covariances.floored(floor)
    collapsed = np.ones(statistics.n_components, dtype=bool)
    if covariances is not None:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            try:
                covariances, collapsed = covariances.floored(floor)
            except np.linalg.LinAlgError:
                covariances = None
    if covariances is not None and not collapsed.any():
        return covariances, collapsed
    # Raising one covariance would break what ties it to the others: raise the scatters
    # they are all estimated from.
    if len(statistics.groups) > 1 and not (covariances is not None and collapsed.all()):
        return _held_one_by_one(covariances, collapsed, statistics, family, floor, previous)
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
    covariances: Covariances | None,
    collapsed: AnyArray,
    statistics: SufficientStatistics,
    family: Family,
    floor: Array,
    previous: Covariances | None,
) -> tuple[Covariances, AnyArray]:
    """Return the same; mixtures of which nothing is held are left as they are."""
    groups, found = statistics.groups, []
    for g, (one, own) in enumerate(_apart(statistics, family, previous)):
        place = slice(g, g + 1) if family.shared else groups.own(g)
        if covariances is None or collapsed[place].any():
            estimated = estimated_covariances(one, family, own)
            held, mask = held_covariances(estimated, one, family, floor, own)
            found.append((held.values, mask))
        else:
            found.append((covariances.values[place], collapsed[place]))
    values = np.concatenate([values for values, _ in found])
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
