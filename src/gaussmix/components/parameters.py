"""The parameters of one or several mixtures, and stacks of mixtures put together and cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from ..numerics.encoding import checked_keys, stored
from ..numerics.groups import Groups
from .covariances import covariances_from_fields
from .densities import NORMAL, Density
from .noise import Noise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._typing import AnyArray, Array
    from .covariances import Covariances
    from .moments import Moment
    from .statistics import SufficientStatistics

__all__ = [
    "Parameters",
    "Place",
    "cut_statistics",
    "join_parameters",
    "join_statistics",
    "natural_of_several",
    "one_of",
    "picked",
]

# How far from 1 the weights in a file may sum.
_WHOLE = 1e-6
# In place of the logarithm of a weight of 0: below any other, and still a number.
_NO_WEIGHT = -1e300
Stack = TypeVar("Stack", "SufficientStatistics", "Parameters")
#: Where some of an array are.
Places: TypeAlias = "slice | AnyArray"
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
        Of all components, or of all mixtures if they are pooled.
    groups : Groups
        Whose the components are.
    noise : ndarray (G,)
        Weights of a uniform background; 0 where there is none.
    box : Noise or None
        The background itself, one for all mixtures.
    density : Density
    pooled : bool
        Whether the covariances are those of mixtures, not of components.
    log_weights : ndarray (J,) or None
        What stands for the logs of the weights in densities; None for these themselves.  They
        need not sum to 1: see `Objective.working`.
    """

    weights: Array
    means: Array
    covariances: Covariances
    groups: Groups
    noise: Array
    box: Noise | None = None
    density: Density = NORMAL
    pooled: bool = False
    log_weights: Array | None = None

    @classmethod
    def of_one(
        cls,
        weights: Array,
        means: Array,
        covariances: Covariances,
        noise: Noise | None = None,
        density: Density = NORMAL,
        log_weights: Array | None = None,
    ) -> Parameters:
        """Return those of one mixture."""
        share = np.array([0.0 if noise is None else noise.weight])
        groups, shared = Groups.of((len(weights),)), covariances.shared
        return cls(weights, means, covariances, groups, share, noise, density, shared, log_weights)

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
        return self.logs_of_weights + self.each.log_norm()

    @property
    def logs_of_weights(self) -> Array:
        """Logs of the weights (J,), finite where a component has none."""
        if self.log_weights is not None:
            return self.log_weights
        with np.errstate(divide="ignore"):
            return np.asarray(np.maximum(np.log(self.weights), _NO_WEIGHT))

    def log_scales(self) -> Array:
        """Return the log of each component's weight over the root of its determinant, (J, 1)."""
        return (self.logs_of_weights - 0.5 * self.each.log_det())[:, None]

    def natural(self, center: Array, moment: Moment) -> Array:
        """Return the coefficients (J, n_terms) of the log-joint densities in the features of x.

        Those are [1, x, second(x)], ``second`` as `moment` says, of rows about `center`: (d,),
        or (J, d), one of each component.
        """
        constant, linear, quadratic = self.each.natural(self.means - center, moment)
        constant += self.log_constants()
        return np.concatenate([constant[:, None], linear, quadratic], axis=1)

    def with_noise(self, noise: Noise) -> Parameters:
        """Return them with a uniform background, which takes its weight from all components."""
        return replace(
            self,
            weights=self.weights * (1.0 - noise.weight),
            noise=np.full(len(self.groups), noise.weight),
            box=noise,
        )

    def cut(self, components: Places, mixtures: Places, groups: Groups) -> Parameters:
        """Return some of the mixtures.

        `components` and `mixtures` are their places, `groups` whose the components then are.
        """
        values = self.covariances.values[mixtures if self.pooled else components]
        return self._with(
            self.weights[components],
            self.means[components],
            values,
            groups,
            self.noise[mixtures],
            self.density.take(components),
            None if self.log_weights is None else self.log_weights[components],
        )

    def joined(self, several: Sequence[Parameters], groups: Groups) -> Parameters:
        """Return the mixtures of several, one after the other; `groups` says whose they are."""
        return self._with(
            np.concatenate([own.weights for own in several]),
            np.concatenate([own.means for own in several]),
            np.concatenate([own.covariances.values for own in several]),
            groups,
            np.concatenate([own.noise for own in several]),
            self.density.joined([own.density for own in several]),
            _joined_logs(several),
        )

    def _with(
        self, weights: Array, means: Array, values: Array, groups: Groups, *rest: Any
    ) -> Parameters:
        noise, density, logs = rest
        single = self.pooled and len(values) == 1
        n = len(weights) if single or not self.pooled else len(values)
        held = type(self.covariances)(values, n, means.shape[1], single)
        return Parameters(weights, means, held, groups, noise, self.box, density, self.pooled, logs)

    # -- files ------------------------------------------------------------------

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of them, by name; files are of one mixture."""
        own = {} if self.density.plain else {"density": self.density}
        return {
            "weights": self.weights,
            "means": self.means,
            "covariances": self.covariances.to_fields(),
            "noise": self.noise,
            "box": None if self.box is None else self.box.to_fields(),
            **own,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Parameters:
        """Return the parameters of such fields; an error says why they cannot be such."""
        names = ("weights", "means", "covariances", "noise", "box")
        density = fields.get("density", NORMAL)
        if not isinstance(density, Density):
            raise TypeError("density must be one")
        fields = checked_keys(fields, (*names, *(() if density is NORMAL else ("density",))))
        weights, means, noise = (
            np.array(fields[name], dtype=np.float64) for name in ("weights", "means", "noise")
        )
        if means.ndim != 2 or 0 in means.shape or weights.shape != means.shape[:1]:
            raise ValueError(f"weights of shape {weights.shape} and means of shape {means.shape}")
        if noise.shape != (1,) or not all(np.isfinite(a).all() for a in (weights, means, noise)):
            raise ValueError("a mixture with NaN or infinity")
        box = None if fields["box"] is None else Noise.from_fields(fields["box"])
        if box is not None:
            box.require_valid(means.shape[1])
        # A component that lost its rows has weight 0.
        if min(weights.min(), noise[0]) < 0 or abs(weights.sum() + noise[0] - 1.0) > _WHOLE:
            raise ValueError("weights that do not sum to 1")
        if box is None and noise[0]:
            raise ValueError("a background without a box")
        covariances = covariances_from_fields(fields["covariances"], *means.shape)
        groups = Groups.of((len(weights),))
        shared = covariances.shared
        density.begun(density, len(weights))  # refuses another number of components
        return cls(weights, means, covariances, groups, noise, box, density, pooled=shared)


def natural_of_several(several: Sequence[Parameters], center: Array, moment: Moment) -> Array:
    """Return the natural parameters of several stacks, one after the other (J, n_terms).

    Those of one structure are found together.
    """
    if len(several) == 1:
        return several[0].natural(center, moment)
    ends = np.cumsum([len(own.weights) for own in several]).tolist()
    kinds: dict[type[Covariances], list[int]] = {}
    for place, own in enumerate(several):
        kinds.setdefault(type(own.covariances), []).append(place)
    d = len(center)
    theta = np.empty((ends[-1], 1 + d + moment.n_terms(d)))
    for kind, places in kinds.items():
        chosen = [several[place] for place in places]
        whole = Parameters.of_one(
            np.concatenate([own.weights for own in chosen]),
            np.concatenate([own.means for own in chosen]),
            kind.joined([own.each for own in chosen]),
            density=chosen[0].density.joined([own.density for own in chosen]),
            log_weights=_joined_logs(chosen),
        )
        found = whole.natural(center, moment)
        for place, own in zip(places, chosen, strict=True):
            part, found = found[: len(own.weights)], found[len(own.weights) :]
            theta[ends[place] - len(part) : ends[place]] = part
    return theta


def _joined_logs(several: Sequence[Parameters]) -> Array | None:
    """Return what stands for the logs of the weights of several, if it is not these in all."""
    if all(own.log_weights is None for own in several):
        return None
    return np.concatenate([own.logs_of_weights for own in several])


def one_of(place: Place[Stack]) -> Stack:
    """Return one of several mixtures, as a stack of one."""
    stack, g = place
    if len(stack.groups) == 1:
        return stack
    groups = Groups.of((stack.groups.sizes[g],))
    return stack.cut(stack.groups.own(g), slice(g, g + 1), groups)


def picked(stacks: Sequence[Stack], numbers: AnyArray) -> Stack:
    """Return some of the mixtures of stacks, by their numbers in all of them together."""
    first = stacks[0]
    if len(stacks) > 1:
        first = first.joined(stacks, Groups.joined([stack.groups for stack in stacks]))
    groups = first.groups
    return first.cut(groups.components(numbers), numbers, groups.chosen(numbers))


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
        found.append(whole.cut(own, gs, groups))
    return found


def join_statistics(places: Sequence[Place[SufficientStatistics]]) -> SufficientStatistics:
    """Return the statistics of mixtures from several stacks, all of one family's kind."""
    return _joined(places)


def join_parameters(places: Sequence[Place[Parameters]]) -> Parameters:
    """Return the parameters of mixtures of one family from several stacks."""
    return _joined(places)


def _joined(places: Sequence[Place[Stack]]) -> Stack:
    """Join stacks.

    Neighbours in a stack are one cut, and so are all mixtures of one stack in any order.
    """
    if len(places) == 1:
        return one_of(places[0])
    first = places[0][0]
    if list(places) == [(first, g) for g in range(len(first.groups))]:
        return first
    groups = Groups.of(tuple([stack.groups.sizes[g] for stack, g in places]))
    runs: list[tuple[Stack, int, int]] = []
    for stack, g in places:
        if runs and runs[-1][0] is stack and runs[-1][2] == g:
            runs[-1] = (stack, runs[-1][1], g + 1)
        else:
            runs.append((stack, g, g + 1))
    if len(runs) == 1:
        ((_, g, h),) = runs
        return first.cut(slice(first.groups.bounds[g], first.groups.bounds[h]), slice(g, h), groups)
    if all(stack is first for stack, _, _ in runs):
        numbers = np.array([g for _, g in places])
        return first.cut(
            first.groups.places[numbers][first.groups.present[numbers]], numbers, groups
        )
    return first.joined(
        [
            s.cut(slice(s.groups.bounds[g], s.groups.bounds[h]), slice(g, h), groups)
            for s, g, h in runs
        ],
        groups,
    )
