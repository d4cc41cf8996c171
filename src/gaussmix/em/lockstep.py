"""Many fits to the same rows at once: one E-step for all, one M-step for each family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances import FullCovariances
from ..components.moments import PRODUCTS
from ..components.parameters import Parameters, join_parameters, join_statistics, one_of
from ..estep.choice import MOST_TERMS
from ..estep.stacked import StackedForm
from ..estep.whitened import WhitenedForm
from ..exceptions import DataError
from ..numerics.groups import Groups
from ..numerics.matrices import without_factor
from .coordinates import to_vectors
from .leaps import leap
from .loop import Climb, collapsed_components
from .mstep import maximization_of_several, mixture_at, noise_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.parameters import Place
    from ..components.statistics import SufficientStatistics
    from ..mixture.mixture import Mixture
    from ..rows import Source
    from ..rows.summary import DataSummary
    from .options import EMOptions
    from .result import FitResult, Status

__all__ = ["Job", "fit_together", "pays"]

# On more rows the arithmetic outweighs the calls, and kernels made for each structure win.
_MOST_ROWS = 3_000


@dataclass(frozen=True, eq=False)
class Job:
    """One fit to be made: see `fit_em`."""

    start: Mixture
    family: Family
    summary: DataSummary
    known: AnyArray | None = None


def pays(source: Source) -> bool:
    """Whether fits to these rows are faster together than one after the other."""
    few_terms = PRODUCTS.n_terms(source.n_features) <= MOST_TERMS
    return source.n_rows <= _MOST_ROWS and few_terms


def fit_together(
    source: Source, jobs: Sequence[Job], options: EMOptions
) -> Iterator[tuple[int, FitResult]]:
    """Fit all jobs, and yield the number and the result of each as it stops.

    Each result is the one `fit_em` gives, to rounding.
    """
    lanes = sorted((_Lane(i, job, options) for i, job in enumerate(jobs)), key=_Lane.team_key)
    teams = [_Team(list(own)) for _, own in groupby(lanes, key=_Lane.team_key)]
    while teams:
        _expect(source, teams)
        _leap_together([lane for team in teams for lane in team.lanes])
        done = [pair for team in teams for pair in team.stopped()]
        for lane, status in sorted(done, key=lambda pair: pair[0].number):
            yield lane.number, lane.result(status)
        teams = [team for team in teams if team.lanes]
        for team in teams:
            team.maximise()


class _Lane(Climb):
    """One fit among others: its mixture and its statistics are places in stacks."""

    def __init__(self, number: int, job: Job, options: EMOptions) -> None:
        start = job.start
        super().__init__(start.n_components, job.family, job.summary, options)
        self.number, self.job, self.noise = number, job, start.noise
        share = None if start.noise is None else np.array([start.noise.weight])
        groups = Groups.of((start.n_components,))
        own = Parameters(start.weights, start.means, start.covariances, share, groups)
        self.mixture: Place[Parameters] = (own, 0)
        self.evaluated = self.mixture
        self.statistics: Place[SufficientStatistics] | None = None
        self.target: Place[SufficientStatistics] | None = None

    def team_key(self) -> tuple[str, int, int]:
        """Fits of one family are a team; but a start may be of another structure."""
        given = self.job.start.covariances
        own = type(given) is self.family.held and given.shared == self.family.shared
        return self.family.name, id(self.family), -1 if own else self.number

    def note(self, place: Place[SufficientStatistics]) -> None:
        """Take what the E-step found."""
        self.target, prior = None, self.constraints.prior
        log_prior = 0.0
        if prior is not None:
            now = self._alone(self.mixture)
            log_prior = prior.log_density(now.means, now.covariances, self.family)
        stack, g = place
        if self.accept(float(stack.log_likelihood[g]), log_prior):
            self.statistics, self.evaluated = place, self.mixture

    def place(self) -> Place[SufficientStatistics]:
        """Return the statistics that the last E-step found."""
        assert self.statistics is not None
        return self.statistics

    def source(self) -> Place[SufficientStatistics]:
        """Return the statistics of the next M-step."""
        self._leaping = self.target is not None
        return self.place() if self.target is None else self.target

    def maximise(self) -> Place[Parameters]:
        """M-step alone, its covariances held above the floor; a leap it fails at is not made."""
        try:
            found, mask = maximization_of_several(
                join_statistics([self.source()]),
                self.family,
                [self.constraints],
                join_parameters([self.evaluated], self.family),
            )
        except (np.linalg.LinAlgError, DataError):
            if self.target is None:
                raise
            self._turn_back()
            return self.maximise()
        self.collapsed = collapsed_components(mask, self.family)
        return found, 0

    def _turn_back(self) -> None:
        """Give up a leap that no M-step can follow."""
        assert self.leaps is not None
        self.target = None
        self.leaps.land(success=False)

    @property
    def background(self) -> float | None:
        """Log of weight times density of the noise."""
        noise = noise_at(self.mixture, self.noise)
        return None if noise is None else noise.log_joint

    def _alone(self, place: Place[Parameters]) -> Mixture:
        return mixture_at(place, self.family, self.job.start.feature_names, self.noise)

    def result(self, status: Status) -> FitResult:
        assert self.statistics is not None
        return self.result_of(self._alone(self.evaluated), one_of(*self.statistics), status)


class _Team:
    """The fits of one family that still go on; `current` are their newest parameters."""

    def __init__(self, lanes: list[_Lane]) -> None:
        self.lanes, self.family = lanes, lanes[0].family
        self.current = self._joined()

    def _joined(self) -> Parameters:
        return join_parameters([lane.mixture for lane in self.lanes], self.family)

    def note(self, whole: SufficientStatistics, first: int, component: int) -> None:
        """Take the team's part of all statistics; it begins at these places of groups and rows."""
        assert whole.scatters is not None
        groups = self.current.groups
        own = slice(component, component + groups.n_components)
        statistics = replace(
            whole,
            counts=whole.counts[own],
            means=whole.means[own],
            scatters=whole.scatters[own],
            log_likelihood=whole.log_likelihood[first : first + len(groups)],
            noise=whole.noise[first : first + len(groups)],
            mixtures=groups,
        ).held_as(self.family.held.moment)
        if self.family.shared:
            statistics = statistics.pool()
        for g, lane in enumerate(self.lanes):
            lane.note((statistics, g))

    def stopped(self) -> list[tuple[_Lane, Status]]:
        """Let those fits go that are done, and return them."""
        verdicts = [(lane, lane.verdict()) for lane in self.lanes]
        self.lanes = [lane for lane, status in verdicts if status is None]
        return [(lane, status) for lane, status in verdicts if status is not None]

    def maximise(self) -> None:
        """M-step; covariances are held above the floor later, if that is needed."""
        try:
            self.current, _ = maximization_of_several(
                join_statistics([lane.source() for lane in self.lanes]),
                self.family,
                [lane.constraints for lane in self.lanes],
                join_parameters([lane.evaluated for lane in self.lanes], self.family),
                hold=False,
            )
        except (np.linalg.LinAlgError, DataError):
            for lane in self.lanes:
                lane.mixture = lane.maximise()
            self.current = self._joined()
            return
        for g, lane in enumerate(self.lanes):
            lane.mixture, lane.collapsed = (self.current, g), ()

    def hold(self, below: AnyArray) -> None:
        """Hold covariances of some fits (G,) above the floor; starts are what they are."""
        if not below.any():
            return
        for lane, low in zip(self.lanes, below, strict=True):
            if low and len(lane.history):
                lane.mixture = lane.maximise()
        self.current = self._joined()


def _leap_together(lanes: list[_Lane]) -> None:
    """Say where to leap; the statistics of families of one kind go together."""

    def kind(lane: _Lane) -> tuple[str, bool]:
        return lane.family.held.moment.name, lane.family.shared

    climbing = [lane for lane in lanes if lane.leaps is not None and not lane.rejected]
    for _, own in groupby(sorted(climbing, key=kind), key=kind):
        _leap(list(own))


def _leap(lanes: list[_Lane]) -> None:
    found = to_vectors(join_statistics([lane.place() for lane in lanes]))
    due = [
        (lane, lane.leaps)
        for lane, vector in zip(lanes, found, strict=True)
        if lane.leaps is not None and lane.leaps.note(vector, lane.climbed)
    ]
    if not due:
        return
    targets, leaps = leap(
        [own for _, own in due], join_statistics([lane.place() for lane, _ in due])
    )
    for g, ((lane, _), far) in enumerate(zip(due, leaps, strict=True)):
        lane.target = (targets, g) if far else None


# -- the E-step ----------------------------------------------------------------------------


def _expect(source: Source, teams: list[_Team]) -> None:
    """E-step of all fits; of those alone for which together is not accurate."""
    form = _form(teams)
    lanes = [lane for team in teams for lane in team.lanes]
    if form is None:
        found = join_statistics([(_expectation_alone(source, lane), 0) for lane in lanes])
    else:
        found = source.reduce(form)
        if not form.accurate.all():
            places = [
                (found, g) if good else (_expectation_alone(source, lane), 0)
                for g, (lane, good) in enumerate(zip(lanes, form.accurate, strict=True))
            ]
            found = join_statistics(places)
    first = component = 0
    for team in teams:
        team.note(found, first, component)
        first += len(team.current.groups)
        component += team.current.groups.n_components


def _form(teams: list[_Team]) -> StackedForm | None:
    """Return the E-step of all fits, their covariances held above the floor, or None."""
    try:
        form = _stacked(teams)
        floors = [
            np.broadcast_to(team.lanes[0].constraints.floor, team.current.means.shape)
            for team in teams
        ]
        below = form.may_be_below(np.concatenate(floors))
        if not below.any():
            return form
    except np.linalg.LinAlgError:
        below = np.concatenate([_are_singular(team.current) for team in teams])
    first = 0
    for team in teams:
        team.hold(below[first : first + len(team.lanes)])
        first += len(team.lanes)
    try:
        return _stacked(teams)
    except np.linalg.LinAlgError:
        return None


def _stacked(teams: list[_Team]) -> StackedForm:
    stacks = [team.current for team in teams]
    lanes = [lane for team in teams for lane in team.lanes]
    summary = lanes[0].summary
    return StackedForm(
        np.log(np.concatenate([stack.weights for stack in stacks])),
        np.concatenate([stack.means for stack in stacks]),
        np.concatenate([stack.to_dense() for stack in stacks]),
        Groups.joined([stack.groups for stack in stacks]),
        [lane.background for lane in lanes],
        [lane.job.known for lane in lanes],
        summary.center,
        summary.extent,
    )


def _are_singular(stack: Parameters) -> AnyArray:
    """Say which mixtures (G,) have a singular covariance."""
    return stack.groups.any(without_factor(stack.to_dense()))


def _expectation_alone(source: Source, lane: _Lane) -> SufficientStatistics:
    """Return the statistics of one fit, with products as moments."""
    stack, g = lane.mixture
    own = stack.groups.own(g)
    means = stack.means[own]
    covariances = FullCovariances(stack.to_dense()[own], *means.shape)
    kernel = WhitenedForm(np.log(stack.weights[own]), means, covariances, PRODUCTS, lane.background)
    kernel.known = lane.job.known
    return source.reduce(kernel)
