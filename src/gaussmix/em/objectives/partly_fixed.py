"""Maximum likelihood where some parameters are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .likelihood import Likelihood

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.fixed import Fixed
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics
    from ..mstep import Estimate

__all__ = ["PartlyFixed"]


class PartlyFixed(Likelihood):
    """The log-likelihood, of what is not fixed: that stays as it was before.

    Parameters
    ----------
    fixed : Fixed
    """

    def __init__(self, *rules: Any, fixed: Fixed) -> None:
        super().__init__(*rules)
        self.fixed = fixed

    @property
    def direct(self) -> bool:
        return False

    def estimate(
        self, statistics: SufficientStatistics, previous: Parameters | None = None
    ) -> Estimate:
        if previous is None:
            return super().estimate(statistics, previous)
        groups = statistics.groups
        mask = self.fixed.mask("means", len(groups))
        if mask is not None:
            statistics = _about(statistics, np.where(mask[:, None], previous.means, np.nan))
        found = super().estimate(statistics, previous)
        mask = self.fixed.mask("weights", len(groups))
        if mask is None:
            return found
        kept = groups.sum(np.where(mask, previous.weights, 0.0))
        free = np.where(mask, 0.0, found.weights)
        share = (1.0 - kept) / np.maximum(groups.sum(free) + found.noise, np.finfo(float).tiny)
        weights = np.where(mask, previous.weights, free * groups.spread(share))
        return found._replace(weights=weights, noise=found.noise * share)

    def held(self, estimate: Estimate) -> tuple[Parameters, AnyArray]:
        found, collapsed = super().held(estimate)
        previous = estimate.previous
        mask = self.fixed.mask("covariances", len(found.groups))
        if previous is None or mask is None:
            return found, collapsed
        if mask.all():
            return replace(found, covariances=previous.covariances), np.zeros_like(collapsed)
        moment = found.covariances.moment
        values = np.where(
            moment.expand(mask), previous.covariances.values, found.covariances.values
        )
        held = self.family.hold(values, *found.means.shape)
        return replace(found, covariances=held), collapsed & ~mask


def _about(statistics: SufficientStatistics, means: Array) -> SufficientStatistics:
    """Return statistics about other means (J, d), where these are not NaN."""
    known = ~np.isnan(means)
    moved = np.where(known, statistics.means - means, 0.0)
    counts = statistics.counts if statistics.masses is None else statistics.masses
    extra = statistics.moment.expand(counts) * statistics.moment.outer(moved)
    if statistics.pooled:
        extra = statistics.groups.sum(extra)
    return statistics.changed(
        means=np.where(known, means, statistics.means), scatters=statistics.scatters + extra
    )
