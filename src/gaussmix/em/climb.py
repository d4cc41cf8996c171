"""One fit as it begins, and fits as they end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..components.parameters import one_of, picked
from ..mixture import Mixture
from ..numerics.groups import Groups
from .mstep import RELATIVE_FLOOR
from .result import FitResult, Status
from .trace import Held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from .model import Model
    from .objectives import Objective
    from .options import Options
    from .problem import Problem
    from .trace import Trace

__all__ = ["Best", "Climb", "Ended", "begun", "collapsed_components", "stays"]

# Parameters that differ by less than this share of a deviation, or a variance, are the same: ten
# times what holds a covariance that has no width.
_STILL = 10.0 * RELATIVE_FLOOR


@dataclass(frozen=True, eq=False)
class Climb:
    """One fit, but for where it begins.

    Attributes
    ----------
    model : Model
    objective : Objective
        The model's, on the data.
    options : Options
    feature_names : tuple of str or None
    is_held : bool
        Whether all covariances are held at the floor, wherever the fit goes.
    """

    model: Model
    objective: Objective
    options: Options
    feature_names: tuple[str, ...] | None = None
    is_held: bool = False

    @classmethod
    def of(cls, problem: Problem, start: Mixture) -> Climb:
        """Return the fit of a problem that begins at a mixture."""
        given = (problem.model, problem.objective, problem.options)
        return cls(*given, start.feature_names, is_held=problem.is_held)


def begun(start: Mixture, objective: Objective) -> Parameters:
    """Return the parameters of a start, whose covariances may be of any structure."""
    held = objective.family.taken(start.scales, start.weights)
    if held is not start.scales:
        with np.errstate(over="ignore", invalid="ignore"), suppress(np.linalg.LinAlgError):
            held, _ = held.floored(objective.floor)
    given = start.parameters
    density = objective.density.begun(given.density, len(given.weights))
    return replace(given, covariances=held, pooled=held.shared, density=density)


class Best(NamedTuple):
    """The best that fits have reached: the last that was not a leap that did not climb."""

    evaluated: Parameters
    statistics: SufficientStatistics | None = None
    held: Held | None = None

    def take(self, places: AnyArray) -> Best:
        """Return that of some fits."""
        evaluated, statistics, held = self
        return Best(
            picked([evaluated], places),
            None if statistics is None else picked([statistics], places),
            None if held is None else held.take(places),
        )


def stays(objective: Objective, best: Best, g: int) -> bool:
    """Whether the next step of one fit leads to where it began.

    Where all covariances are held a row is as good as known to belong to one component: if
    none has changed its own, there is nothing to wait for.
    """
    family, own = objective.family, one_of((best.evaluated, g))
    if not family.free:
        return False
    assert best.statistics is not None
    statistics, scales = one_of((best.statistics, g)), objective.scales
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = (statistics.means - own.means) / np.sqrt(scales)
        found = family.estimate(family.gathered(statistics)).values
        turned = (found - own.covariances.values) / own.covariances.moment.outer(
            np.sqrt(scales)[None]
        )
        weights = statistics.counts / statistics.total
    if objective.equal_weights:
        weights = own.weights
    changes = (moved, turned, weights - own.weights)
    return all(bool((np.abs(change) <= _STILL).all()) for change in changes)


class Ended(NamedTuple):
    """Fits that stop together.

    Attributes
    ----------
    climbs : sequence of Climb
        All of a team.
    numbers : ndarray of int (m,)
        Which of them; or what they are called by who has put them together.
    places : ndarray of int (m,)
        Which of them, in the trace.
    statuses : list of Status
    best : Best
        Where they end.
    log_likelihood, weights, n_rejected : ndarray (m,)
    trace : Trace
        The team's.
    """

    climbs: Sequence[Climb]
    numbers: AnyArray
    places: AnyArray
    statuses: list[Status]
    best: Best
    log_likelihood: Array
    weights: Array
    n_rejected: AnyArray
    trace: Trace

    @classmethod
    def joined(cls, several: Sequence[Ended]) -> Ended:
        """Return fits of one team that have stopped at different times."""
        first = several[0]
        stacks = [own.best.evaluated for own in several]
        every = np.arange(sum(len(stack.groups) for stack in stacks))
        told = [own.best.held for own in several]
        held = None
        if any(one is not None for one in told):
            # Covariances are as many in each stack as it has values.
            masks = [
                np.zeros(len(stack.covariances.values), dtype=bool) if one is None else one.mask
                for one, stack in zip(told, stacks, strict=True)
            ]
            groups = Groups.joined([stack.groups for stack in stacks])
            shared = first.climbs[0].objective.family.shared
            held = Held.of(np.concatenate(masks), groups, shared)
        found = [own.best.statistics for own in several if own.best.statistics is not None]
        return first._replace(
            numbers=np.concatenate([own.numbers for own in several]),
            statuses=[status for own in several for status in own.statuses],
            best=Best(picked(stacks, every), picked(found, every), held),
            places=np.concatenate([own.places for own in several]),
            log_likelihood=np.concatenate([own.log_likelihood for own in several]),
            weights=np.concatenate([own.weights for own in several]),
            n_rejected=np.concatenate([own.n_rejected for own in several]),
        )

    def take(self, places: AnyArray) -> Ended:
        """Return some of them."""
        return self._replace(
            numbers=self.numbers[places],
            statuses=[self.statuses[i] for i in places.tolist()],
            best=self.best.take(places),
            places=self.places[places],
            log_likelihood=self.log_likelihood[places],
            weights=self.weights[places],
            n_rejected=self.n_rejected[places],
        )

    def results(self, *, later: bool = False) -> Iterator[tuple[int, FitResult]]:
        """Yield the number and the result of each."""
        for i, number in enumerate(self.numbers.tolist()):
            yield number, self.result(i, later=later)

    def result(self, i: int, *, later: bool = False) -> FitResult:
        """Return the result of one, by its place; its history is read `later`, or now."""
        number = int(self.places[i])
        climb, (evaluated, statistics, held) = self.climbs[number], self.best
        collapsed = () if held is None else held.components(i)
        total = climb.objective.total
        told = self.trace.later if later else self.trace.history
        return FitResult(
            mixture=Mixture.of_parameters(one_of((evaluated, i)), climb.feature_names),
            model=climb.model,
            log_likelihood=float(self.log_likelihood[i]),
            n=float(self.weights[i]),
            n_rows=total.n_rows,
            status=self.statuses[i],
            history=told(number, int(self.n_rejected[i]), collapsed),
            statistics=None if statistics is None else one_of((statistics, i)),
            floor=climb.objective.floor,
            total=total,
        )


def collapsed_components(mask: AnyArray, family: Family) -> tuple[int, ...]:
    """Turn the M-step's mask into component numbers; (-1,) is the shared covariance."""
    if not mask.any():
        return ()
    return (-1,) if family.shared else tuple(np.flatnonzero(mask).tolist())
