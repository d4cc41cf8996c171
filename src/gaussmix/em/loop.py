"""The EM loop: the only place that iterates.

A batch of fits to the same rows takes E-steps together, and each family's fits an M-step
together; a jury says who goes on.  A single fit is a batch of one, a search one of many, and
a race of starts a batch with a jury of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ..components.parameters import join_parameters, join_statistics
from ..exceptions import DataError, FitInterrupted
from .climb import Climb, collapsed_components
from .coordinates import to_vectors
from .keeper import Keeper
from .leaps import leap
from .mstep import Estimate, looked_at_together
from .result import Callback, FitResult, Status, height

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..mixture import Mixture
    from .objectives import Objective
    from .problem import Problem
    from .steps import EStep

__all__ = ["Batch", "Climbers", "Convergence", "Jury", "Team", "fit", "fit_all", "fit_together"]

Verdict = TypeVar("Verdict")


class Team(ABC):
    """Fits of one family: their parameters are one stack."""

    objective: Objective
    #: The newest parameters of all.
    parameters: Parameters

    @abstractmethod
    def __len__(self) -> int:
        """Fits that go on."""

    @abstractmethod
    def take(self, statistics: SufficientStatistics) -> None:
        """Take what an E-step found of the parameters."""

    @abstractmethod
    def estimate(self) -> Estimate | None:
        """First half of an M-step: estimates; None if there are none of all fits at once."""

    @abstractmethod
    def move(self, estimate: Estimate | None) -> None:
        """Second half of it: hold the estimates above the floor, and go there."""


class Jury(ABC, Generic[Verdict]):
    """Says which fits of a batch go on."""

    @abstractmethod
    def judge(self, teams: Sequence[Any]) -> list[Verdict]:
        """Take fits that are done out of their teams, and return what is said of them."""


class Batch(Generic[Verdict]):
    """Fits to the same rows: EM (Dempster, Laird & Rubin 1977), step by step.

    No M-step follows the last E-step: a fit ends with the mixture that its log-likelihood
    belongs to.
    """

    def __init__(self, teams: Sequence[Team], jury: Jury[Verdict]) -> None:
        self.teams, self.jury = list(teams), jury

    @property
    def questions(self) -> list[tuple[Parameters, Family]]:
        """What the next E-step is of: parameters, and the families that want statistics."""
        return [
            (team.objective.working(team.parameters), team.objective.family) for team in self.teams
        ]

    def step(self, found: Sequence[SufficientStatistics]) -> list[Verdict]:
        """Take what an E-step found, hear the jury, and take the M-step of those that go on."""
        for team, statistics in zip(self.teams, found, strict=True):
            team.take(statistics)
        verdicts = self.jury.judge(self.teams)
        self.teams = [team for team in self.teams if len(team)]
        estimates: Sequence[Estimate | None] = [team.estimate() for team in self.teams]
        if len(self.teams) > 1:
            floor = np.max([team.objective.floor for team in self.teams], axis=0)
            estimates = looked_at_together(estimates, floor)
        for team, estimate in zip(self.teams, estimates, strict=True):
            team.move(estimate)
        return verdicts

    def run(self, estep: EStep) -> Iterator[Verdict]:
        """Iterate until no fit goes on, and yield what the jury says."""
        while self.teams:
            yield from self.step(estep(self.questions))


# -- fits that end when they have converged ---------------------------------------------------


class Climbers(Team):
    """Fits of one family, each with a trace of its own."""

    def __init__(self, climbs: Sequence[Climb], keeper: Keeper | None = None) -> None:
        self.climbs, self.keeper = list(climbs), keeper
        self.objective = climbs[0].objective
        self.parameters = self._joined("now")

    def __len__(self) -> int:
        return len(self.climbs)

    def _joined(self, which: str) -> Parameters:
        return join_parameters([getattr(climb.state, which) for climb in self.climbs])

    def take(self, statistics: SufficientStatistics) -> None:
        values = self.objective.value(statistics, self.parameters).tolist()
        for g, climb in enumerate(self.climbs):
            climb.take((statistics, g), values[g])

    def estimate(self) -> Estimate | None:
        sources = join_statistics([climb.source() for climb in self.climbs])
        try:
            return self.objective.estimate(sources, self._joined("evaluated"))
        except (np.linalg.LinAlgError, DataError):
            if self._is_alone():
                raise
            return None

    def move(self, estimate: Estimate | None) -> None:
        found = None
        try:
            found = None if estimate is None else self.objective.held(estimate)
        except (np.linalg.LinAlgError, DataError):
            if self._is_alone():
                raise
        if found is None:
            for climb in self.climbs:
                self._move_alone(climb)
            self.parameters = self._joined("now")
        else:
            self.parameters, mask = found
            self._place(mask)
        if self.keeper is not None:
            self.keeper.keep(self.climbs[0].state)

    def _is_alone(self) -> bool:
        """Whether an M-step that failed has no other way: no leap to take back, no other fit."""
        return len(self) == 1 and self.climbs[0].state.target is None

    def _place(self, mask: AnyArray) -> None:
        """Let all go to the parameters; `mask` says which covariances are held."""
        found, family = self.parameters, self.objective.family
        some = mask.any()
        for g, climb in enumerate(self.climbs):
            collapsed: tuple[int, ...] = ()
            if some:
                own = mask[g : g + 1] if family.shared else found.groups.part(mask, g)
                collapsed = collapsed_components(own, family)
            climb.move((found, g), collapsed)

    def _move_alone(self, climb: Climb) -> None:
        """M-step of one fit; a leap that it fails at is not made."""
        family = self.objective.family
        try:
            found, mask = self.objective.update(
                join_statistics([climb.source()]), join_parameters([climb.state.evaluated])
            )
        except (np.linalg.LinAlgError, DataError):
            if climb.state.target is None:
                raise
            climb.turn_back()
            self._move_alone(climb)
        else:
            climb.move((found, 0), collapsed_components(mask, family))


class Convergence(Jury[tuple[Climb, Status]]):
    """Lets fits go that have converged, or are to stop for another reason; says where to leap."""

    def __init__(self, callback: Callback | None = None) -> None:
        self.callback = callback

    def judge(self, teams: Sequence[Climbers]) -> list[tuple[Climb, Status]]:
        _leap_together([climb for team in teams for climb in team.climbs])
        done = []
        for team in teams:
            verdicts = [(climb, self._verdict(climb)) for climb in team.climbs]
            team.climbs = [climb for climb, status in verdicts if status is None]
            done += [(climb, status) for climb, status in verdicts if status is not None]
        return done

    def _verdict(self, climb: Climb) -> Status | None:
        status = climb.verdict()
        if status is None and self.callback is not None and not climb.state.rejected:
            return Status.STOPPED if self.callback(climb.iteration()) else None
        return status


def _leap_together(climbs: Sequence[Climb]) -> None:
    """Say where to leap; the statistics of families of one kind go together."""

    def kind(climb: Climb) -> tuple[str, bool]:
        family = climb.objective.family
        return family.held.moment.name, family.shared

    climbing = [c for c in climbs if c.state.leaps is not None and not c.state.rejected]
    for _, own in groupby(sorted(climbing, key=kind), key=kind):
        _leap(list(own))


def _leap(climbs: Sequence[Climb]) -> None:
    found = to_vectors(join_statistics([climb.source() for climb in climbs]))
    due = [climb for climb, own in zip(climbs, found, strict=True) if climb.remember(own)]
    if not due:
        return
    leaps = [climb.state.leaps for climb in due if climb.state.leaps is not None]
    targets, gone = leap(leaps, join_statistics([climb.source() for climb in due]))
    for g, (climb, own) in enumerate(zip(due, gone, strict=True)):
        if own is not None:
            climb.aim((targets, g), own)


def fit(
    problem: Problem,
    start: Mixture,
    callback: Callback | None = None,
    keeper: Keeper | None = None,
) -> FitResult:
    """Iterate EM from `start` until it converges.

    Rows whose component the data say is known keep it throughout.

    Raises
    ------
    FitInterrupted
        On Ctrl-C; carries the last evaluated mixture.
    """
    climb, keeper = Climb.of(problem, start), keeper or Keeper()
    state = keeper.restored(climb.state)
    if state is not climb.state:
        climb.resume(state)
    batch = Batch([Climbers([climb], keeper)], Convergence(callback))
    try:
        ((_, status),) = batch.run(problem.estep)
    except KeyboardInterrupt:
        keeper.save()
        raise FitInterrupted(climb.result(Status.INTERRUPTED)) from None
    return climb.result(status)


def fit_together(
    estep: EStep, fits: Sequence[tuple[Problem, Mixture]]
) -> Iterator[tuple[int, FitResult]]:
    """Fit all problems from their starts, and yield the number and the result of each as it stops.

    Each result is the one that `fit` gives, to rounding.

    Parameters
    ----------
    estep : EStep
        Of the data of all.
    fits : sequence of (Problem, Mixture)
    """
    climbs = [Climb.of(problem, start) for problem, start in fits]
    numbers = {id(climb): number for number, climb in enumerate(climbs)}
    teams = [Climbers(list(own)) for _, own in groupby(sorted(climbs, key=_team), key=_team)]
    batch = Batch(teams, Convergence())
    while batch.teams:
        done = [(numbers[id(c)], c, status) for c, status in batch.step(estep(batch.questions))]
        for number, climb, status in sorted(done, key=lambda found: found[0]):
            yield number, climb.result(status)


def fit_all(problem: Problem, starts: Sequence[Mixture]) -> list[FitResult]:
    """Fit one problem from several starts together; see `fit_together`.

    Raises
    ------
    FitInterrupted
        On Ctrl-C; carries the best mixture evaluated.
    """
    climbs = [Climb.of(problem, start) for start in starts]
    batch = Batch([Climbers(climbs)] if climbs else [], Convergence())
    found: dict[int, FitResult] = {}
    try:
        for climb, status in batch.run(problem.estep):
            found[id(climb)] = climb.result(status)
    except KeyboardInterrupt:
        results = [found.get(id(c)) or c.result(Status.INTERRUPTED) for c in climbs]
        best = max(results, key=height)
        raise FitInterrupted(replace(best, status=Status.INTERRUPTED)) from None
    return [found[id(climb)] for climb in climbs]


def _team(climb: Climb) -> tuple[str, int]:
    """Fits of one family and background are a team."""
    start, _ = climb.state.now
    return climb.objective.family.name, 0 if start.box is None else id(start.box.lower)
