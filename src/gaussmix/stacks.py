"""Statistics and parameters of several mixtures in one array, and how they are put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import numpy as np

from .groups import Groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._typing import AnyArray, Array
    from .covariances import Covariances
    from .families import Family
    from .statistics import SufficientStatistics

__all__ = ["Parameters", "Place", "join_parameters", "join_statistics", "one_of", "values_of"]

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
        scatters=_scatters(statistics, g, own),
        log_likelihood=float(np.reshape(statistics.log_likelihood, -1)[g]),
        noise=float(np.reshape(statistics.noise, -1)[g]),
        mixtures=None,
    )


def join_statistics(places: Sequence[Place[SufficientStatistics]]) -> SufficientStatistics:
    """Return the statistics of mixtures from several stacks, all of one family's kind."""
    runs = _runs(places)
    if len(runs) == 1 and runs[0].is_whole and runs[0].stack.mixtures is not None:
        return runs[0].stack
    cut = [(run, run.stack) for run in runs]
    return replace(
        runs[0].stack,
        counts=_joined([run.of_components(stack.counts) for run, stack in cut]),
        means=_joined([run.of_components(stack.means) for run, stack in cut]),
        scatters=_joined([run.of_either(stack.scatters, stack.pooled) for run, stack in cut]),
        log_likelihood=_joined([run.of_mixtures(stack.log_likelihood) for run, stack in cut]),
        noise=_joined([run.of_mixtures(stack.noise) for run, stack in cut]),
        mixtures=_groups(places),
    )


def join_parameters(places: Sequence[Place[Parameters]], family: Family) -> Parameters:
    """Return the parameters of mixtures of one family from several stacks."""
    runs = _runs(places)
    if len(runs) == 1 and runs[0].is_whole:
        return runs[0].stack
    cut = [(run, run.stack) for run in runs]
    means = _joined([run.of_components(stack.means) for run, stack in cut])
    values = [run.of_either(stack.covariances.values, family.shared) for run, stack in cut]
    noise = [run.of_mixtures(stack.noise) for run, stack in cut if stack.noise is not None]
    return Parameters(
        _joined([run.of_components(stack.weights) for run, stack in cut]),
        means,
        family.hold(_joined(values), *means.shape),
        _joined(noise) if noise else None,
        _groups(places),
    )


def values_of(covariances: Covariances, groups: Groups, g: int, family: Family) -> Array:
    """Return the values of one mixture's covariances."""
    values = covariances.values
    return values[g : g + 1] if family.shared else values[groups.own(g)]


@dataclass(frozen=True, eq=False)
class _Run(Generic[Stack]):
    """Some mixtures of one stack, by their numbers; what is cut out of its arrays for them."""

    stack: Stack
    numbers: list[int]

    @property
    def is_whole(self) -> bool:
        return self.numbers == list(range(len(self.stack.groups)))

    @cached_property
    def _components(self) -> slice | AnyArray:
        groups, (first, *others) = self.stack.groups, self.numbers
        if not others:
            return groups.own(first)
        return groups.places[self.numbers][groups.present[self.numbers]]

    def of_components(self, array: Array) -> Array:
        return array[self._components]

    def of_mixtures(self, values: Array | float) -> Array:
        return np.reshape(values, -1)[self.numbers]

    def of_either(self, array: Array | None, pooled: bool) -> Array:
        """Return the part of an array that has a place for each mixture, or for each component."""
        assert array is not None
        return array[self.numbers if pooled else self._components]


def _runs(places: Sequence[Place[Stack]]) -> list[_Run[Stack]]:
    """Return the mixtures that follow each other from one stack together."""
    runs: list[_Run[Stack]] = []
    for stack, g in places:
        if runs and runs[-1].stack is stack:
            runs[-1].numbers.append(g)
        else:
            runs.append(_Run(stack, [g]))
    return runs


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _groups(places: Sequence[Place[Stack]]) -> Groups:
    return Groups.of(tuple([stack.groups.sizes[g] for stack, g in places]))


def _scatters(stack: SufficientStatistics, g: int, own: slice) -> Array:
    assert stack.scatters is not None
    return stack.scatters[g : g + 1] if stack.pooled else stack.scatters[own]
