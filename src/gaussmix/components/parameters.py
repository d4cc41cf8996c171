"""The parameters of one or several mixtures, and stacks of mixtures put together and cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from ..numerics.encoding import stored
from ..numerics.groups import Groups
from .covariances import covariances_from_fields
from .densities import NORMAL, Density
from .noise import Noise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._typing import AnyArray, Array
    from .covariances import Covariances
    from .families import Family
    from .moments import Moment
    from .statistics import SufficientStatistics

__all__ = [
    "Parameters",
    "Place",
    "cut_statistics",
    "join_parameters",
    "join_statistics",
    "one_of",
]

Stack = TypeVar("Stack", "SufficientStatistics", "Parameters")
#: One mixture of a stack: the stack, and the number of the mixture in it.
Place: TypeAlias = tuple[Stack, int]


@stored("parameters")
@dataclass(frozen=True, eq=False)
class Parameters:
    """Parameters of G mixtures of J components in all.

    Attributes
    ----------
    weights : ndarray (J,)
    means : ndarray (J, d)
    covariances : Covariances
        Of all components, or of all mixtures if theirs are shared.
    groups : Groups
        Whose the components are.
    noise : ndarray (G,)
        Weights of a uniform background; 0 where there is none.
    box : Noise or None
        The background itself, one for all mixtures.
    density : Density
    """

    weights: Array
    means: Array
    covariances: Covariances
    groups: Groups
    noise: Array
    box: Noise | None = None
    density: Density = NORMAL

    @classmethod
    def of_one(
        cls,
        weights: Array,
        means: Array,
        covariances: Covariances,
        noise: Noise | None = None,
        density: Density = NORMAL,
    ) -> Parameters:
        """Return those of one mixture."""
        share = np.array([0.0 if noise is None else noise.weight])
        groups = Groups.of((len(weights),))
        return cls(weights, means, covariances, groups, share, noise, density)

    @property
    def n_features(self) -> int:
        return self.means.shape[1]

    @property
    def each(self) -> Covariances:
        """The covariances, one for each component (or one that is all components')."""
        held = self.covariances
        return held if held.n_components == len(self.weights) else self._spread

    @cached_property
    def _spread(self) -> Covariances:
        held = self.covariances
        return type(held)(self.groups.spread(held.values), *self.means.shape)

    @property
    def backgrounds(self) -> Array | None:
        """Logs of weight times density of the background (G,); None if there is none at all."""
        if self.box is None:
            return None
        with np.errstate(divide="ignore"):
            return np.log(self.noise) - self.box.log_volume

    def background(self, g: int) -> Noise | None:
        """Return the background of one mixture, with the weight that it has there."""
        if self.box is None or self.noise[g] == 0:
            return None
        return self.box.weighing(float(self.noise[g]))

    def log_constants(self) -> Array:
        """Return the log of each component's weight and density at its mean, shape (J,).

        0 where the density needs distances alone.
        """
        if self.density.needs_distances:
            return np.zeros(len(self.weights))
        return np.log(self.weights) + self.each.log_norm()

    def natural(self, center: Array, moment: Moment) -> Array:
        """Return the coefficients (J, n_terms) of the log-joint densities in the features of x.

        Those are [1, x, second(x)], ``second`` as `moment` says, of rows about `center`: (d,),
        or (J, d), one of each component.
        """
        constant, linear, quadratic = self.each.natural(self.means - center, moment)
        constant += self.log_constants()
        return np.concatenate([constant[:, None], linear, quadratic], axis=1)

    def with_background(self, background: Noise) -> Parameters:
        """Return them with a uniform background, which takes its weight from all components."""
        return replace(
            self,
            weights=self.weights * (1.0 - background.weight),
            noise=np.full(len(self.groups), background.weight),
            box=background,
        )

    # -- files ------------------------------------------------------------------

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of them, by name; files are of one mixture, of normal density."""
        return {
            "weights": self.weights,
            "means": self.means,
            "covariances": self.covariances.to_fields(),
            "noise": self.noise,
            "box": None if self.box is None else self.box.to_fields(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Parameters:
        """Return the parameters of such fields; raise ValueError if they cannot be such."""
        weights, means = fields["weights"], fields["means"]
        if weights.shape != means.shape[:1] or not np.isfinite(weights).all():
            raise ValueError("shapes of a mixture do not agree, or it has NaN")
        if not np.isfinite(means).all():
            raise ValueError("a mixture with NaN or infinity")
        covariances = covariances_from_fields(fields["covariances"], *means.shape)
        box = None if fields["box"] is None else Noise.from_fields(fields["box"])
        groups = Groups.of((len(weights),))
        return cls(weights, means, covariances, groups, fields["noise"], box)


def one_of(place: Place[Stack]) -> Stack:
    """Return one of several mixtures, as a stack of one, in memory of its own."""
    stack, g = place
    if len(stack.groups) == 1:
        return stack
    own, gs = stack.groups.own(g), slice(g, g + 1)
    groups = Groups.of((stack.groups.sizes[g],))
    if isinstance(stack, Parameters):
        held = stack.covariances
        shared = len(held.values) < len(stack.weights) or held.shared
        values = held.values[gs if shared else own].copy()
        return replace(
            stack,
            weights=stack.weights[own].copy(),
            means=stack.means[own].copy(),
            covariances=type(held)(values, groups.n_components, held.n_features, shared),
            groups=groups,
            noise=stack.noise[gs].copy(),
            density=stack.density.take(own),
        )
    return replace(
        stack,
        counts=stack.counts[own],
        means=stack.means[own],
        scatters=stack.scatters[gs if stack.pooled else own],
        log_likelihood=stack.log_likelihood[gs],
        noise=stack.noise[gs],
        groups=groups,
        masses=None if stack.masses is None else stack.masses[own],
        tally=None if stack.tally is None else stack.tally[own],
    )


def cut_statistics(
    whole: SufficientStatistics, several: Sequence[Parameters]
) -> list[SufficientStatistics]:
    """Cut statistics of mixtures that are several stacks, one after the other, into those."""
    if len(several) == 1:
        return [whole]
    found, component, first = [], 0, 0
    for groups in [stack.groups for stack in several]:
        own = slice(component, component + groups.n_components)
        gs = slice(first, first + len(groups))
        component, first = own.stop, gs.stop
        found.append(
            replace(
                whole,
                counts=whole.counts[own],
                means=whole.means[own],
                scatters=whole.scatters[own],
                log_likelihood=whole.log_likelihood[gs],
                noise=whole.noise[gs],
                groups=groups,
                masses=None if whole.masses is None else whole.masses[own],
                tally=None if whole.tally is None else whole.tally[own],
            )
        )
    return found


def join_statistics(places: Sequence[Place[SufficientStatistics]]) -> SufficientStatistics:
    """Return the statistics of mixtures from several stacks, all of one family's kind."""
    if len(places) == 1:
        return one_of(places[0])
    cuts = _cuts(places)
    first = cuts[0][0]
    if _is_whole(cuts):
        return first
    pooled = first.pooled
    return replace(
        first,
        counts=_joined([stack.counts[own] for stack, own, _ in cuts]),
        means=_joined([stack.means[own] for stack, own, _ in cuts]),
        scatters=_joined([stack.scatters[gs if pooled else own] for stack, own, gs in cuts]),
        log_likelihood=_joined([stack.log_likelihood[gs] for stack, _, gs in cuts]),
        noise=_joined([stack.noise[gs] for stack, _, gs in cuts]),
        groups=_groups(places),
        masses=_joined_if_any([(stack.masses, own) for stack, own, _ in cuts]),
        tally=_joined_if_any([(stack.tally, own) for stack, own, _ in cuts]),
    )


def join_parameters(places: Sequence[Place[Parameters]], family: Family) -> Parameters:
    """Return the parameters of mixtures of one family from several stacks."""
    if len(places) == 1:
        return one_of(places[0])
    cuts = _cuts(places)
    first = cuts[0][0]
    if _is_whole(cuts):
        return first
    means = _joined([stack.means[own] for stack, own, _ in cuts])
    values = [s.covariances.values[gs if family.shared else own] for s, own, gs in cuts]
    return replace(
        first,
        weights=_joined([stack.weights[own] for stack, own, _ in cuts]),
        means=means,
        covariances=family.hold(_joined(values), *means.shape),
        groups=_groups(places),
        noise=_joined([stack.noise[gs] for stack, _, gs in cuts]),
        density=first.density.joined([stack.density.take(own) for stack, own, _ in cuts]),
    )


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


def _joined_if_any(parts: list[tuple[Array | None, AnyArray | slice]]) -> Array | None:
    kept = [array[own] for array, own in parts if array is not None]
    return _joined(kept) if kept else None


def _groups(places: Sequence[Place[Stack]]) -> Groups:
    return Groups.of(tuple([stack.groups.sizes[g] for stack, g in places]))
