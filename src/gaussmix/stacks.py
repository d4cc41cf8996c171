"""Statistics and parameters of several mixtures in one array, and how they are put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from .groups import Groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import AnyArray, Array
    from .covariances import Covariances
    from .families import Family
    from .statistics import SufficientStatistics

    Stack = TypeVar("Stack", SufficientStatistics, "Parameters")
    #: One mixture of a stack: the stack, and the number of the mixture in it.
    Place: TypeAlias = tuple[Stack, int]

__all__ = ["Parameters", "join_parameters", "join_statistics", "one_of", "values_of"]


@dataclass(frozen=True, eq=False)
class Parameters:
    """Parameters of G mixtures of J components in all.

    Attributes
    ----------
    weights : ndarray (J,)
    means : ndarray (J, d)
    covariances : Covariances
        Of all components, or of all mixtures if theirs are shared.
    noise : ndarray (G,) or None
        Weights of a uniform background.
    groups : Groups
    """

    weights: Array
    means: Array
    covariances: Covariances
    noise: Array | None
    groups: Groups

    def to_dense(self) -> Array:
        """Return the covariances of all components (J, d, d)."""
        dense = self.covariances.to_dense()
        return dense if len(dense) == len(self.means) else self.groups.spread(dense)


def one_of(statistics: SufficientStatistics, g: int) -> SufficientStatistics:
    """Return the statistics of one of several mixtures."""
    own = statistics.groups.own(g)
    return replace(
        statistics,
        counts=statistics.counts[own],
        means=statistics.means[own],
        scatters=_scatters(statistics, g, own),
        log_likelihood=float(_at(statistics.log_likelihood, g)),
        noise=float(_at(statistics.noise, g)),
        mixtures=None,
    )


def join_statistics(places: Sequence[Place[SufficientStatistics]]) -> SufficientStatistics:
    """Return the statistics of mixtures from several stacks, all of one family's kind."""
    first = places[0][0]
    if first.mixtures is not None and _is_whole(places, len(first.groups)):
        return first
    cuts = [(stack, g, stack.groups.own(g)) for stack, g in places]
    return replace(
        first,
        counts=np.concatenate([stack.counts[own] for stack, _, own in cuts]),
        means=np.concatenate([stack.means[own] for stack, _, own in cuts]),
        scatters=np.concatenate([_scatters(s, g, own) for s, g, own in cuts]),
        log_likelihood=np.array([_at(stack.log_likelihood, g) for stack, g in places]),
        noise=np.array([_at(stack.noise, g) for stack, g in places]),
        mixtures=_groups(places),
    )


def join_parameters(places: Sequence[Place[Parameters]], family: Family) -> Parameters:
    """Return the parameters of mixtures of one family from several stacks."""
    first = places[0][0]
    if _is_whole(places, len(first.groups)):
        return first
    cuts = [(stack, g, stack.groups.own(g)) for stack, g in places]
    means = np.concatenate([stack.means[own] for stack, _, own in cuts])
    values = np.concatenate(
        [values_of(stack.covariances, stack.groups, g, family) for stack, g in places]
    )
    noise = [stack.noise[g] for stack, g in places if stack.noise is not None]
    return Parameters(
        np.concatenate([stack.weights[own] for stack, _, own in cuts]),
        means,
        family.hold(values, *means.shape),
        np.array(noise) if noise else None,
        _groups(places),
    )


def values_of(covariances: Covariances, groups: Groups, g: int, family: Family) -> Array:
    """Return the values of one mixture's covariances."""
    values = covariances.values
    return values[g : g + 1] if family.shared else values[groups.own(g)]


def _is_whole(places: Sequence[Place[Stack]], n_groups: int) -> bool:
    """Whether these are all the mixtures of one stack, in their order."""
    first = places[0][0]
    return len(places) == n_groups and all(
        stack is first and g == i for i, (stack, g) in enumerate(places)
    )


def _groups(places: Sequence[Place[Stack]]) -> Groups:
    return Groups.of(tuple([stack.groups.sizes[g] for stack, g in places]))


def _scatters(stack: SufficientStatistics, g: int, own: slice) -> Array:
    assert stack.scatters is not None
    return stack.scatters[g : g + 1] if stack.pooled else stack.scatters[own]


def _at(value: float | AnyArray, g: int) -> float:
    return value[g] if isinstance(value, np.ndarray) else value
