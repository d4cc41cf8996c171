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

from ..components.parameters import picked
from ..exceptions import FitInterrupted
from ..numerics.groups import Groups
from .climb import Ended
from .climbers import STATUSES, Climbers
from .going_on import GoingOn
from .keeper import Keeper
from .leaps import leap, settle
from .mstep import Estimate, looked_at_together
from .result import Callback, FitResult, Status, height
from .resuming import resume, state_of
from .team import Team

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..mixture import Mixture
    from .problem import Problem
    from .steps import EStep

__all__ = ["Batch", "Climbers", "Convergence", "Jury", "Team", "fit", "fit_all", "fit_together"]

Verdict = TypeVar("Verdict")


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
        self.teams = [team for team in self.teams if len(team)]
        return verdicts

    def run(self, estep: EStep) -> Iterator[Verdict]:
        """Iterate until no fit goes on, and yield what the jury says."""
        while self.teams:
            yield from self.step(estep(self.questions))


# -- fits that end when they have converged ---------------------------------------------------


class Convergence(Jury[Ended]):
    """Lets fits go that have converged, or are to stop for another reason; says where to leap."""

    def __init__(self, callback: Callback | None = None) -> None:
        self.callback = callback

    def judge(self, teams: Sequence[Climbers]) -> list[Ended]:
        _leap_together(teams)
        ended = []
        for team in teams:
            found = team.end(self.verdicts(team))
            ended += [] if found is None else [found]
        return ended

    def verdicts(self, team: Climbers) -> AnyArray:
        """Say why each fit is to stop now; see `Climbers.verdicts`."""
        verdicts = team.verdicts()
        if verdicts[0] < 0 and self._stops(team):
            verdicts[0] = STATUSES.index(Status.STOPPED)
        return verdicts

    def _stops(self, team: Climbers) -> bool:
        """Whether a callback stops the single fit that there then is."""
        if self.callback is None or team.rejected is not None:
            return False
        return bool(self.callback(team.iteration()))


def _leap_together(teams: Sequence[Climbers]) -> None:
    """Say where to leap; the statistics of families of one kind go together."""
    climbing = [
        team
        for team in teams
        if team.paths is not None and (team.rejected is None or not team.rejected.all())
    ]
    if len(climbing) < 2:
        for team in climbing:
            _leap([team])
        return
    for _, own in groupby(sorted(climbing, key=_kind), key=_kind):
        _leap(list(own))


def _kind(team: Climbers) -> tuple[str, bool]:
    return team.kind


def _leap(teams: Sequence[Climbers]) -> None:
    wanted = [team.waits() for team in teams]
    if not any(wanted):
        return
    every = [(team, team.paths) for team in teams if team.paths is not None]
    settle([paths for _, paths in every])
    found = [(team, paths, paths.may_pay(team.recent, team.n_taken)) for team, paths in every]
    due = [(team, paths, places) for team, paths, places in found if len(places)]
    if not due:
        return
    newest = [picked([team.source()], places) for team, _, places in due]
    whole = newest[0]
    if len(newest) > 1:
        whole = whole.joined(newest, Groups.joined([stack.groups for stack in newest]))
    targets, usable = leap([(paths, places) for _, paths, places in due], whole)
    first = 0
    for (team, _, places), which in zip(due, usable, strict=True):
        if len(which):
            team.aim(targets, which, places[which - first])
        first += len(places)


def fit(
    problem: Problem,
    start: Mixture,
    callback: Callback | None = None,
    keeper: Keeper | None = None,
    before: Sequence[float] = (),
) -> FitResult:
    """Iterate EM from `start` until it converges.

    Rows whose component the data say is known keep it throughout.  `before` is the trail of a
    fit that ended at `start`.

    Raises
    ------
    FitInterrupted
        On Ctrl-C; carries the last evaluated mixture.
    """
    keeper = keeper or Keeper()
    team = Climbers.of([(problem, start)], keeper)
    first = state_of(team, 0)
    state = keeper.restored(first)
    if state is not first:
        resume(team, state)
    elif before:
        team.rule = GoingOn(team.rule.tol, team.rule.n, before)
    batch = Batch([team], Convergence(callback))
    try:
        (ended,) = batch.run(problem.estep)
    except KeyboardInterrupt:
        keeper.save()
        raise FitInterrupted(team.so_far()[0]) from None
    return replace(ended.result(0), trail=team.rule.known(team.recent).trail())


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
    order = sorted(range(len(fits)), key=lambda number: _team(*fits[number]))
    teams, numbers = [], {}
    for _, own in groupby(order, key=lambda number: _team(*fits[number])):
        places = list(own)
        teams.append(Climbers.of([fits[number] for number in places]))
        numbers[id(teams[-1].trace)] = places
    estep = replace(estep, n_begun=sum(len(team.parameters.weights) for team in teams))
    batch = Batch(teams, Convergence())
    while batch.teams:
        done = [
            (numbers[id(ended.trace)][own], result)
            for ended in batch.step(estep(batch.questions))
            for own, result in ended.results()
        ]
        yield from sorted(done, key=lambda found: found[0])


def fit_all(
    problem: Problem, starts: Sequence[Mixture], jury: Convergence | None = None
) -> list[FitResult]:
    """Fit one problem from several starts together; see `fit_together`.

    `jury` says which of them go on; those that have not converged, if None.

    Raises
    ------
    FitInterrupted
        On Ctrl-C; carries the best mixture evaluated.
    """
    if not starts:
        return []
    team = Climbers.of([(problem, start) for start in starts])
    batch = Batch([team], jury or Convergence())
    found: dict[int, FitResult] = {}
    try:
        for ended in batch.run(problem.estep):
            found.update(ended.results())
    except KeyboardInterrupt:
        results = [*found.values(), *team.so_far()]
        best = max(results, key=height)
        raise FitInterrupted(replace(best, status=Status.INTERRUPTED)) from None
    return [found[number] for number in range(len(starts))]


def _team(problem: Problem, start: Mixture) -> tuple[str, int]:
    """Fits of one family and background are a team."""
    box = start.parameters.box
    return problem.family.name, 0 if box is None else id(box.lower)
