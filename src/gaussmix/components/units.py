"""Stacks of mixtures whose features are told in other units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._typing import Array
    from .parameters import Parameters
    from .statistics import SufficientStatistics

__all__ = ["parameters_in_units", "statistics_in_units"]


def parameters_in_units(stack: Parameters, units: Array) -> Parameters:
    """Return G mixtures with features times `units` (G, d)."""
    each, held = stack.groups.spread(units), stack.covariances
    values = held.values * held.moment.outer(units if stack.pooled else each)
    scaled = type(held)(values, held.n_components, stack.n_features, held.shared)
    return replace(stack, means=stack.means * each, covariances=scaled)


def statistics_in_units(stack: SufficientStatistics, units: Array) -> SufficientStatistics:
    """Return the statistics of G mixtures with features times `units` (G, d)."""
    each = stack.groups.spread(units)
    factors = stack.moment.outer(units if stack.pooled else each)
    return stack.changed(means=stack.means * each, scatters=stack.scatters * factors)
