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
    from ..components.densities import Density
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
    "misfit",
    "mixing_weights",
]

# Variances below this share of a feature's total variance count as a collapse.
RELATIVE_FLOOR = 1e-10
# A component with less than this share of the rows is empty: its parameters stay as they were.
EMPTY = 1e-12
# No weight is less: its logarithm is taken.
_TINY = float(np.finfo(float).tiny)
# What covariances are worse by than others is rounding if it is less than this share.
_ROUNDING = 1e-13
# A step of tied covariances has failed if it loses so much a row.
_LOST = 1e-9
# Of how large covariances are in all, what is rounding and inner iterations.
_SIZE = 1e-6
# Covariances within so many floors are held there.
_CLOSE = 3.0


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
    with np.errstate(invalid="ignore"):  # a mixture beyond arithmetic has no counts
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
    density : Density
    previous : Parameters or None
        What the statistics were found under.
    wide : bool
        Whether all covariances are known to lie above the floor.
    """

    weights: Array
    noise: Array
    statistics: SufficientStatistics
    covariances: Covariances | None
    density: Density
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
    *,
    wide: bool = False,
) -> tuple[Covariances, AnyArray]:
    """Return the family's covariances, none of them below the floor, and which were.

    They fit the statistics no worse than the previous ones.
    """
    if covariances is None or wide:
        collapsed: AnyArray = np.full(len(statistics.scatters), not wide)
    else:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            try:
                covariances, collapsed = covariances.floored(floor)
            except np.linalg.LinAlgError:
                if family.free:
                    raise
                covariances, collapsed = None, np.ones(len(statistics.scatters), dtype=bool)
    if covariances is not None and family.free:
        if np.count_nonzero(collapsed) and not covariances.are_best(floor):
            covariances = _not_worse(covariances, statistics, family, floor, previous)
        return covariances, collapsed
    failed = collapsed
    if covariances is not None and not np.count_nonzero(collapsed):
        failed = _worse(covariances, statistics, family, floor, previous)
        if not np.count_nonzero(failed):
            return covariances, collapsed
    # Raising one covariance would break what ties it to the others: raise the scatters
    # they are all estimated from.
    if len(statistics.groups) > 1:
        return _held_one_by_one(covariances, failed, statistics, family, floor, previous)
    found = _raised(failed, statistics, family, floor, previous)
    if not collapsed.any():
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            collapsed = found.floored(_CLOSE * floor)[1]
    return found, collapsed


def _worse(
    found: Covariances,
    statistics: SufficientStatistics,
    family: Family,
    floor: Array,
    previous: Covariances | None,
) -> AnyArray:
    """Say of which mixtures all covariances (J,) are worse than before, by failed arithmetic.

    So it may be where they are tied, and one nearly without width.
    """
    groups, none = statistics.groups, np.zeros(len(found.values), dtype=bool)
    # Each covariance times a number is of the family, or all of them are: the best such number
    # is 1.  What is of the right size is right.
    sizes, expected = _spread(found, statistics), statistics.n_features * statistics.counts
    if not family.volumes_vary:
        sizes, expected = groups.sum(sizes), groups.sum(expected)
    if (np.abs(sizes - expected) <= _SIZE * expected).all():
        return none
    before = _held_before(found.values, family, floor, previous)
    if before is None:
        return none
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            value, old = (misfit(own, statistics) for own in (found, before))
        except np.linalg.LinAlgError:
            return ~none
    limit = groups.sum(old + _ROUNDING * np.abs(old) + _LOST * statistics.counts)
    return groups.spread(~(groups.sum(value) <= limit))


def _not_worse(
    found: Covariances,
    statistics: SufficientStatistics,
    family: Family,
    floor: Array,
    previous: Covariances | None,
) -> Covariances:
    """Return covariances held one by one, or where those are worse the previous ones.

    One that is too flat for float64 is held above more than the floor.
    """
    before = _held_before(found.values, family, floor, previous)
    if before is None:
        return found
    value, old = misfit(found, statistics), misfit(before, statistics)
    with np.errstate(invalid="ignore"):  # what is beyond arithmetic is not compared
        worse = old < value - _ROUNDING * np.abs(value)
    if not worse.any():
        return found
    values = np.where(statistics.moment.expand(worse), before.values, found.values)
    return family.hold(values, statistics.n_components, statistics.n_features)


def _raised(
    collapsed: AnyArray,
    statistics: SufficientStatistics,
    family: Family,
    floor: Array,
    previous: Covariances | None,
) -> Covariances:
    """Return the best of covariances of one mixture that lie above the floor.

    They are estimated from scatters raised where it is needed, or all of them.  This is not
    the best there is under the constraint; so the previous ones stay if they are better, and
    what is climbed does not fall (generalised EM, Dempster et al. 1977).
    """
    found = []
    for which in (None,) if collapsed.all() else (collapsed, None):
        for begun in (previous, None):
            try:
                with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                    own = _estimate(statistics.widened(2.0 * floor, which), family, begun)
                    held = own.floored(floor)[0]
                    value = float(misfit(held, statistics).sum())
            except np.linalg.LinAlgError:
                continue
            if np.isfinite(value):
                found.append((value, held))
                break
    before = _held_before(statistics.scatters, family, floor, previous)
    if before is not None:
        value = float(misfit(before, statistics).sum())
        found.append((value - _ROUNDING * abs(value), before))
    if not found:
        raise DataError(
            f"X: {family.name} cannot be estimated, its matrices are beyond float64 arithmetic: a "
            "component has no volume, or features are of very different scales. Use fewer "
            "components or another family, leave far rows out, or bring features to similar scales"
        )
    return min(found, key=lambda own: own[0])[1]


def _held_before(
    like: Array, family: Family, floor: Array, previous: Covariances | None
) -> Covariances | None:
    """Return the previous covariances, above the floor; None if there are none of the family."""
    if previous is None or type(previous) is not family.held or previous.values.shape != like.shape:
        return None
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return previous.floored(floor)[0]
    except np.linalg.LinAlgError:
        return None


def misfit(covariances: Covariances, statistics: SufficientStatistics) -> Array:
    """Return n log|Sigma| + trace(Sigma^-1 W) for each covariance: what an M-step minimises."""
    own = covariances.apart()
    counts = statistics.counts
    if statistics.pooled or len(own.values) < len(counts):
        counts = statistics.groups.sum(counts)
    return counts * own.log_det() + _spread(own, statistics)


def _spread(covariances: Covariances, statistics: SufficientStatistics) -> Array:
    """Return trace(Sigma^-1 W) for each covariance."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        products = covariances.precisions * statistics.scatters
    return products.reshape(len(products), -1).sum(axis=1)


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
    if previous is None:
        return statistics
    least = EMPTY * statistics.groups.spread(statistics.groups.sum(statistics.counts))
    empty = statistics.counts <= least
    if not np.count_nonzero(empty):
        return statistics
    counts = np.where(empty, least, statistics.counts)
    means = np.where(empty[:, None], previous.means, statistics.means)
    scatters = statistics.scatters
    if not family.shared and previous.covariances.moment is statistics.moment:
        moment = statistics.moment
        with np.errstate(invalid="ignore"):  # of a mixture beyond arithmetic
            kept = moment.expand(counts) * previous.covariances.as_scatters()
        scatters = np.where(moment.expand(empty), kept, scatters)
    masses = None if statistics.masses is None else np.where(empty, least, statistics.masses)
    return statistics.changed(counts=counts, means=means, scatters=scatters, masses=masses)
