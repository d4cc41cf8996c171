"""Many starts fitted as one batch: R mixtures of K components are one stack of R * K.

The worse half drops out again and again, and so does a start that has reached the same
optimum as another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..components.parameters import one_of, picked
from ..em.loop import Batch, Jury, Team
from ..em.steps import EStep
from ..estep.compiled import CompiledForm, goes_in_tiles
from ..estep.natural import NaturalForm, NaturalSums, ReadyForm, features_of
from ..mixture import Mixture
from ..numerics.groups import Groups
from ..rows import MemorySource
from ..rows.folds import Fold, Index, Workspace
from .base import from_labels, softened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .._typing import AnyArray
    from ..components.parameters import Parameters, Place
    from ..components.statistics import SufficientStatistics
    from ..em.mstep import Estimate
    from ..em.problem import Problem

__all__ = ["Finalist", "Finalists", "contest"]

#: Which starts must not drop out.
Keep: TypeAlias = "Callable[[tuple[int, ...], bool], bool] | None"

# Log-likelihoods a row that are closer than this are the same optimum; a start that gains less
# than this in an iteration has settled.
_SAME = 1e-5
_SETTLED = 1e-6
# Starts that stay although worse halves have dropped out; and those that have dropped out
# which take the winner's place if it collapses.
_FEWEST = 3
_RESERVE = 5
# A start is dropped that would not reach the best one's value by so many steps like its last.
_PATIENCE = 20
# Of starts that are kept, those so many nats below the best of them have no say.
_NEAR = 30.0
# Rows of a block: joint densities of some hundred components stay in cache (measured).
_BLOCK_ROWS = 1024
# Bytes of features that are kept; more are written anew at each E-step.
_FEATURE_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Finalist:
    """A mixture that has come far in the race, though it need not have converged.

    Attributes
    ----------
    place : Place of Parameters
    starts : tuple of int
        Numbers of the starts that became it.
    doomed : bool
        Whether a covariance of it has collapsed, or will for want of rows.
    feature_names : tuple of str or None
    """

    place: Place[Parameters]
    starts: tuple[int, ...]
    doomed: bool
    feature_names: tuple[str, ...] | None

    @property
    def mixture(self) -> Mixture:
        return Mixture.of_parameters(one_of(self.place), self.feature_names)


@dataclass(frozen=True, eq=False)
class Finalists:
    """What is left of a race.

    Attributes
    ----------
    best : list of Finalist
        Those not overtaken, best first; doomed ones come last.
    reserve : list of Finalist
        Some that dropped out last, at most five.
    kept : list of Finalist
        Those among the starts to be kept that are in none of the others.
    """

    best: list[Finalist]
    reserve: list[Finalist]
    kept: list[Finalist]


def contest(
    problem: Problem, labels: AnyArray, halvings: Sequence[int], keep: Keep = None
) -> Finalists:
    """Return the best of the mixtures that EM makes of several divisions of the same rows.

    Parameters
    ----------
    problem : Problem
        The sample of its data is all that is looked at.
    labels : ndarray of int (R, m)
    halvings : sequence of int
        Iterations, ascending, after which half of the starts drop out.
    keep : callable, optional
        Says of a start, by the numbers of those that became it and whether it is doomed,
        that it must not drop out.

    Returns
    -------
    Finalists

    Raises
    ------
    LinAlgError
        If covariances cannot be had from these rows by float64 arithmetic.
    """
    count, (labels, members) = len(labels), _different(labels)
    if len(labels) == 1 and problem.is_held:  # there is nothing to find out
        alone = from_labels(problem, labels[0])
        place = (alone.parameters, 0)
        return Finalists([Finalist(place, members[0], True, alone.feature_names)], [], [])
    data, form = problem.data, _form(problem, len(labels))
    rows = data.sample + data.center
    if form is ReadyForm:
        features = features_of(rows, data.center, problem.family.held.moment, Workspace())
        rows = features.T
    source = MemorySource(
        rows,
        None if (data.weights == 1.0).all() else data.weights,
        n_jobs=data.source.n_threads,
        block_rows=_BLOCK_ROWS,
        drawn_from=data.source.rows_drawn_from,
    )
    starts = softened(_divided(problem, source, labels, form), data)
    racers = Racers(problem, starts, members)
    if len(racers) == 1:  # nobody to be compared with
        return Finalists(racers.finalists(racers.distinct().tolist()), [], [])
    batch = Batch([racers], Halving(halvings, count, keep))
    # One form for all: a start whose figures are a little off is a start all the same.
    (finalists,) = batch.run(EStep(source, problem.summary, form=form))
    return finalists


def _different(labels: AnyArray) -> tuple[AnyArray, list[tuple[int, ...]]]:
    """Return the divisions (R, m) that differ by more than the order of components.

    And the numbers of those that are each.
    """
    # Components are numbered anew, in the order in which rows first name them.
    (count, m), found = labels.shape, dict[bytes, list[int]]()
    first = np.full((count, int(labels.max()) + 1), m)
    first[np.arange(count)[:, None], labels[:, ::-1]] = np.arange(m)[::-1]  # the last one stays
    ranks = first.argsort(axis=1, kind="stable").argsort(axis=1)
    for r, own in enumerate(np.take_along_axis(ranks, labels, axis=1)):
        found.setdefault(own.tobytes(), []).append(r)
    members = [tuple(own) for own in found.values()]
    return labels[[own[0] for own in members]], members


def _form(problem: Problem, n_starts: int) -> type[NaturalForm]:
    """Return the form for all passes: on compiled loops, or else on features that are kept.

    A single start takes one pass only.
    """
    (n_rows, d), k = problem.data.sample.shape, problem.n_components
    n_terms = 1 + d + problem.family.held.moment.n_terms(d)
    if goes_in_tiles(k, n_terms, problem.data.source.rows_drawn_from):
        return CompiledForm
    keeps = n_starts > 1 and 8 * n_rows * n_terms <= _FEATURE_BYTES
    return ReadyForm if keeps else NaturalForm


def _divided(
    problem: Problem, source: MemorySource, labels: AnyArray, form: type[NaturalForm]
) -> SufficientStatistics:
    """Return the statistics of divisions (R, m), of so many mixtures."""
    groups = Groups.of((problem.n_components,) * len(labels))
    moment, center = problem.family.held.moment, problem.summary.center
    d = len(center)
    nothing = np.zeros((groups.n_components, 1 + d + moment.n_terms(d)))
    fold = DivisionFold(form(nothing, groups, moment, center), labels)
    none = np.zeros(len(groups))
    sums = source.reduce(fold)
    return fold.form.close(sums, groups=groups, log_likelihood=none, noise=none)


class DivisionFold(Fold[NaturalSums]):
    """Sums of features over the rows of each component of several divisions (R, n)."""

    def __init__(self, form: NaturalForm, labels: AnyArray) -> None:
        self.form, self.labels = form, labels
        self._numbers = np.arange(form.n_components // len(labels))[:, None]
        self.bytes_per_row = form.bytes_of_joint

    def open(self) -> NaturalSums:
        return self.form.open()

    def add(
        self,
        state: NaturalSums,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        chosen = self.labels[:, None, index] == self._numbers
        masses = chosen.astype(float) if weights is None else np.where(chosen, weights, 0.0)
        self.form.add_divided(state, rows, masses.reshape(self.form.n_components, -1), workspace)

    def close(self, state: NaturalSums) -> NaturalSums:
        return state


class Racers(Team):
    """The starts still in the race."""

    def __init__(
        self, problem: Problem, starts: SufficientStatistics, members: Sequence[tuple[int, ...]]
    ) -> None:
        self.objective, self.k = problem.objective, problem.n_components
        self.n, self.n_rows = float(problem.data.weights.sum()), len(problem.data.sample)
        self.statistics, self.names = starts, problem.data.source.feature_names
        #: Numbers of the starts that have become each.
        self.members = list(members)
        self.values = self.before = np.full(len(starts.groups), -np.inf)
        self.move(self.objective.estimate(starts))
        density = self.parameters.density.diverse(starts.groups)
        self.parameters = replace(problem.data.facts.put_behind(self.parameters), density=density)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, statistics: SufficientStatistics) -> None:
        self.statistics = statistics
        values = self.objective.value(statistics, self.parameters)
        self.before, self.values = self.values, values

    def estimate(self) -> Estimate:
        return self.objective.estimate(self.statistics, self.parameters)

    def move(self, estimate: Estimate | None) -> None:
        assert estimate is not None
        self.parameters, collapsed = self.objective.held(estimate)
        self.collapsed: AnyArray = np.asarray(collapsed.reshape(len(self), -1).any(axis=1))

    def keep(self, places: AnyArray) -> None:
        """Leave only the starts at these places."""
        if len(places) == len(self):
            return
        self.values = self.values[places]
        self.members = [self.members[r] for r in places.tolist()]
        if len(places) == 0:
            return
        self.parameters = picked([self.parameters], places)
        self.statistics = picked([self.statistics], places)

    def finalists(self, places: Iterable[int]) -> list[Finalist]:
        """Return the starts at some places."""
        return [
            Finalist((self.parameters, r), self.members[r], bool(self.doomed[r]), self.names)
            for r in places
        ]

    # -- how they stand -----------------------------------------------------------

    def distinct(self) -> AnyArray:
        """Return the places of the starts, best first, without those that equal a better one.

        That one's members are then theirs too.
        """
        values = np.where(np.isnan(self.values), -np.inf, self.values)
        self.doomed: AnyArray = self.collapsed | self._is_thin()
        order = np.lexsort((-values, self.doomed))
        values, doomed = values[order], self.doomed[order]
        apart = np.ones(len(order), dtype=bool)
        apart[1:] = ~(values[:-1] - values[1:] < _SAME * self.n)
        apart[1:] |= doomed[1:] != doomed[:-1]
        places = order[apart]
        equal, of = order[~apart].tolist(), places[np.cumsum(apart)[~apart] - 1].tolist()
        for place, better in zip(equal, of, strict=True):
            self.members[better] += self.members[place]
            self.members[place] = ()
        return places

    def count_hopeful(self, places: AnyArray) -> int:
        """Return how many of some starts, best first, may still catch up with the best."""
        values = self.values[places]
        with np.errstate(invalid="ignore"):
            gains = values - self.before[places]
            hopeful = np.flatnonzero(values + _PATIENCE * gains > values[0])
        return int(hopeful[-1]) + 1 if len(hopeful) else 1

    def within_reach(self, places: list[int]) -> list[int]:
        """Return those of some starts that may still come near the best of them in likelihood.

        Doomed ones are only compared with each other.
        """
        found = []
        for own in ([r for r in places if self.doomed[r] == fate] for fate in (False, True)):
            values = self.values[own]
            with np.errstate(invalid="ignore"):
                reach = values + _PATIENCE * (values - self.before[own])
            found += [r for r, far in zip(own, reach, strict=True) if far > values.max() - _NEAR]
        return found

    def _is_thin(self) -> AnyArray:
        """Whether a component of each mixture has too few rows to keep its width, (R,)."""
        if self.objective.family.shared or not self.objective.needs_rows:
            return np.zeros(len(self), dtype=bool)
        rows = self.statistics.counts * (self.n_rows / self.n)
        fewest = self.statistics.moment.rows_to_span(self.statistics.n_features)
        return np.asarray((rows.reshape(-1, self.k) < fewest).any(axis=1))

    def has_settled(self) -> bool:
        """Whether no start gains anything worth waiting for."""
        return bool((self.values - self.before < _SETTLED * self.n).all())


class Halving(Jury[Finalists]):
    """Lets the worse half go after some iterations, and with it what will not catch up.

    Its one verdict, in the end, are the finalists and a few of those that dropped out last.
    """

    def __init__(self, halvings: Sequence[int], n_starts: int, keep: Keep = None) -> None:
        self.halvings, self.most, self.iteration = halvings, n_starts, 0
        self.reserve: list[Finalist] = []
        self._keep = keep

    def judge(self, teams: Sequence[Racers]) -> list[Finalists]:
        (racers,) = teams
        iteration, self.iteration = self.iteration, self.iteration + 1
        if iteration in self.halvings:
            self.most = max(_FEWEST, -(-self.most // 2))
        settled = decided = racers.has_settled()
        places = racers.distinct()
        hopeful = self.most
        if iteration >= self.halvings[0]:
            hopeful = min(self.most, racers.count_hopeful(places[: self.most]))
            decided |= hopeful == 1
        rest = places[hopeful:].tolist()
        kept = [r for r in rest if self._is_kept(racers, r)]
        if iteration >= self.halvings[0]:
            kept = racers.within_reach(kept)
            staying = set(kept)
            dropped = [r for r in rest if r not in staying]
            self.reserve = [*racers.finalists(dropped[:_RESERVE]), *self.reserve][:_RESERVE]
        # Starts that are kept often become one another: together that costs little.
        over = decided if len(kept) < _FEWEST else settled
        if min(hopeful + len(kept), len(places)) > 1 and not over and iteration < self.halvings[-1]:
            racers.keep(np.array([*places[:hopeful], *kept]))
            return []
        found = Finalists(racers.finalists(places[:hopeful]), self.reserve, racers.finalists(kept))
        racers.keep(places[:0])
        return [found]

    def _is_kept(self, racers: Racers, place: int) -> bool:
        if self._keep is None:
            return False
        return self._keep(racers.members[place], bool(racers.doomed[place]))
