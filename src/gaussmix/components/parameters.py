"""Statistics and parameters of several mixtures in one array, and how they are put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from ..numerics.groups import Groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import Array
    from .covariances import Covariances
    from .families import Family
    from .statistics import SufficientStatistics

__all__ = [
    "Parameters",
    "Place",
    "covariances_of",
    "join_parameters",
    "join_statistics",
    "one_of",
]

Stack = TypeVar("Stack", "SufficientStatistics", "Parameters")
#: One mixture of a stack: the stack, and the number of the mixture in it.
Place: TypeAlias = tuple[Stack, int]


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
        scatters=_scatters(statistics)[slice(g, g + 1) if statistics.pooled else own],
        log_likelihood=float(np.reshape(statistics.log_likelihood, -1)[g]),
        noise=float(np.reshape(statistics.noise, -1)[g]),
        mixtures=None,
    )


def join_statistics(places: Sequence[Place[SufficientStatistics]]) -> SufficientStatistics:
    """Return the statistics of mixtures from several stacks, all of one family's kind."""
    cuts = _cuts(places)
    first = cuts[0][0]
    if first.mixtures is not None and _is_whole(cuts):
        return first
    pooled = first.pooled
    return replace(
        first,
        counts=_joined([stack.counts[own] for stack, own, _ in cuts]),
        means=_joined([stack.means[own] for stack, own, _ in cuts]),
        scatters=_joined([_scatters(s)[gs if pooled else own] for s, own, gs in cuts]),
        log_likelihood=_joined([np.reshape(s.log_likelihood, -1)[gs] for s, _, gs in cuts]),
        noise=_joined([np.reshape(stack.noise, -1)[gs] for stack, _, gs in cuts]),
        mixtures=_groups(places),
    )


def join_parameters(places: Sequence[Place[Parameters]], family: Family) -> Parameters:
    """Return the parameters of mixtures of one family from several stacks."""
    cuts = _cuts(places)
    if _is_whole(cuts):
        return cuts[0][0]
    means = _joined([stack.means[own] for stack, own, _ in cuts])
    values = [s.covariances.values[gs if family.shared else own] for s, own, gs in cuts]
    noise = [stack.noise[gs] for stack, _, gs in cuts if stack.noise is not None]
    return Parameters(
        _joined([stack.weights[own] for stack, own, _ in cuts]),
        means,
        family.hold(_joined(values), *means.shape),
        _joined(noise) if noise else None,
        _groups(places),
    )


def covariances_of(covariances: Covariances, groups: Groups, g: int, family: Family) -> Covariances:
    """Return those of one of several mixtures, in memory of their own."""
    if len(groups) == 1:
        return covariances
    values = covariances.values[slice(g, g + 1) if family.shared else groups.own(g)]
    return family.hold(values.copy(), groups.sizes[g], covariances.n_features)


def _cuts(places: Sequence[Place[Stack]]) -> list[tuple[Stack, Any, Any]]:
    """Return the stacks, and where in their arrays the components and the mixtures are.

    Neighbours in a stack are one cut, and so are all mixtures of one stack in any order.
    """
    runs: list[tuple[Stack, int, int]] = []
    for stack, g in places:
        if runs and runs[-1][0] is stack and runs[-1][2] == g:
            runs[-1] = (stack, runs[-1][1], g + 1)
        else:
            runs.append((stack, g, g + 1))
    first = places[0][0]
    if len(runs) > 1 and all(stack is first for stack, _, _ in runs):
        numbers, groups = [g for _, g in places], first.groups
        return [(first, groups.places[numbers][groups.present[numbers]], numbers)]
    return [(s, slice(s.groups.bounds[g], s.groups.bounds[h]), slice(g, h)) for s, g, h in runs]


def _is_whole(cuts: list[tuple[Stack, Any, Any]]) -> bool:
    """Whether these are all the mixtures of one stack, in their order."""
    stack, _, numbers = cuts[0]
    return len(cuts) == 1 and numbers == slice(0, len(stack.groups))


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _groups(places: Sequence[Place[Stack]]) -> Groups:
    return Groups.of(tuple([stack.groups.sizes[g] for stack, g in places]))


def _scatters(stack: SufficientStatistics) -> Array:
    assert stack.scatters is not None
    return stack.scatters
