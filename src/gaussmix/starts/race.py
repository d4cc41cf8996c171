"""The race: many starts at once on some of the rows, the worse half dropped again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import PRODUCTS
from ..em.loop import fit, fit_all
from ..em.optima import Candidate, merged
from ..exceptions import DataError, FitInterrupted
from ..numerics.distinct import are_distinct
from .base import Beginning, Start, from_divisions
from .contest import Finalist, Finalists, contest
from .entrants import Entrants, entrants_of
from .kmeans import KMeans
from .sampled import on_sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..em.problem import Problem
    from ..em.result import FitResult
    from ..mixture import Mixture

__all__ = ["Race"]

_MOST_STARTS = 48
# Iterations after which the worse half drops out.  What a longer race of some of the rows tells
# apart is those rows' own: on all of them the order is another (measured).
_HALVINGS, _HALVINGS_OF_SOME = (4, 8, 16, 32), (2, 4, 8, 16)
# Runs made by all starts together.
_STEPS_A_START = 15
# A race is run on at least this many rows, and so many for each mean.
_ROWS = 2000
_ROWS_PER_MEAN = 20
# What it may cost: passes over all the data, plus so many products.
_PASSES = 10
_PRODUCTS = 2e9
# An M-step factors matrices, which costs as much as so many rows for each feature (measured).
_ROWS_A_FEATURE = 10
# What a fit that cannot go on raises.
_FAILURES = (DataError, np.linalg.LinAlgError)
# Fits with a held covariance that are weighed where rows are many.
_MOST_HELD = 3
# Steps of all that are weighed: one that is chosen goes on.  Where values are missing, a held
# covariance may shrink for very long in what few rows have seen.
_MOST_STEPS = 300


class Race(Start):
    """The best of up to 48 starts, converged on the subsample.

    Hierarchical clustering (where rows are few), k-means, k-means++ and random points, in
    the units of the data and sphered, start as one batch on a few thousand rows; after 4,
    8, 16 and 32 iterations of EM the worse half drops out, in half that time if there are more
    rows than those.  The winner converges on the subsample (at most 20 000 rows, or 100 a
    component), so that on all the data few iterations are left: those are what ``n_iter_`` counts.

    Where all rows take part, starts from k-means do not drop out, and all that are left
    converge: which of the optima it is says ``problem.options.select``.
    """

    name = "race"
    divides = contends = True

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        return self.beginning(problem, rng).mixture

    def beginning(self, problem: Problem, rng: np.random.Generator) -> Beginning:
        if problem.n_components == 1:
            return KMeans().beginning(problem, rng)
        track = _some_rows(problem, _track_length(problem.seen), rng)
        count = _count_starts(problem.seen, len(track.data.sample))
        entrants = entrants_of(track.seen, count, rng)
        ending = _Ending(problem, entrants, rng)
        whole = track is problem and problem.data.is_whole
        halvings = _HALVINGS if whole else _HALVINGS_OF_SOME
        try:
            if not problem.options.select.weighs:
                return ending.highest(contest(track, entrants.labels, halvings))
            if whole:
                return ending.weighed(
                    contest(track, entrants.labels, halvings, entrants.is_trusted)
                )
            return ending.highest_or_held(
                contest(track, entrants.labels, halvings, entrants.is_trusted_if_doomed)
            )
        except np.linalg.LinAlgError:
            return KMeans().beginning(problem, rng)
        except FitInterrupted as interrupted:  # a fit to the sample: what is said of all rows
            raise FitInterrupted(interrupted.result.before(problem.summary)) from None


def _track_length(problem: Problem) -> int:
    n_rows, n_features = problem.data.sample.shape
    return min(n_rows, max(_ROWS, _ROWS_PER_MEAN * problem.n_components * n_features))


def _count_starts(problem: Problem, n_rows: int) -> int:
    """Return how many starts the cost of the iterations that follow them allows."""
    total = problem.summary.total
    n_terms = PRODUCTS.n_terms(total.n_features)
    affordable = _PASSES * total.n_rows + _PRODUCTS / (problem.n_components * n_terms)
    cost = n_rows + _ROWS_A_FEATURE * total.n_features
    return min(_MOST_STARTS, max(1, int(affordable / (_STEPS_A_START * cost))))


def _some_rows(problem: Problem, n_rows: int, rng: np.random.Generator) -> Problem:
    """Return the race's view of the problem: some rows of the sample, and those far from all."""
    data = problem.data
    if n_rows < len(data.sample):
        chosen = np.sort(rng.choice(len(data.sample), n_rows, replace=False))
        chosen = np.union1d(chosen, data.far)
        if are_distinct(data.sample[chosen], problem.n_components):
            own = {
                name: getattr(data, name)[chosen]
                for name in ("sample", "weights", "drawn", "whole")
            }
            far = np.flatnonzero(np.isin(chosen, data.far))
            return replace(problem, data=replace(data, **own, far=far))
    return problem


# -- the end of a race ---------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Ending:
    """How a race ends: finalists converge on the sample, and one of them is chosen.

    Attributes
    ----------
    problem : Problem
    entrants : Entrants
    rng : Generator
    """

    problem: Problem
    entrants: Entrants
    rng: np.random.Generator

    @cached_property
    def on_sample(self) -> Problem:
        return on_sample(self.problem)

    def highest(self, finalists: Finalists, held: Sequence[Candidate] = ()) -> Beginning:
        """Return the highest without a held covariance, or the choice if some with one stand by."""
        found = self._highest([*finalists.best, *finalists.reserve])
        others = [] if found is None else [Candidate(found, {}, 0)]
        if held:
            return self._choice([*others, *held])
        return Beginning(self._exactly(finalists.best[0]) if found is None else found.mixture)

    def weighed(self, finalists: Finalists) -> Beginning:
        """Return the choice among all that are left."""
        candidates = self._candidates([*finalists.best, *finalists.kept])
        if all(one.result.collapsed for one in candidates) and not self.problem.is_held:
            return self.highest(finalists, candidates)
        return self._choice(candidates)

    def highest_or_held(self, finalists: Finalists) -> Beginning:
        """Return the highest without a held covariance, if those with one do not weigh more.

        Where rows are many the highest likelihood is what foretells rows best.
        """
        held = [one for one in [*finalists.best, *finalists.kept] if one.doomed]
        return self.highest(finalists, self._candidates(held[:_MOST_HELD]))

    def _highest(self, finalists: Iterable[Finalist]) -> FitResult | None:
        """Return the first that keeps all its widths, converged, if one does."""
        options = replace(self.on_sample.options, give_up_collapsed=True)
        on_sample = replace(self.on_sample, options=options)
        first, *others = (self._exactly(one) for one in finalists)
        # The first seldom fails; where it does, others often do: those climb together.
        found = fit(on_sample, first)
        if found.collapsed:
            free = [one for one in fit_all(on_sample, others) if not one.collapsed]
            # k-means leads to the widest components: it is for data on which all others collapse.
            found = free[0] if free else fit(on_sample, KMeans()(self.problem, self.rng))
        return None if found.collapsed else found

    def _candidates(self, finalists: Sequence[Finalist]) -> list[Candidate]:
        results = self._all_converged([self._exactly(one) for one in finalists])
        return [
            self.entrants.candidate(result, one.starts)
            for one, result in zip(finalists, results, strict=True)
            if result is not None
        ]

    def _all_converged(self, mixtures: Sequence[Mixture]) -> list[FitResult | None]:
        """Return what EM makes of each; None where it fails."""
        options = self.on_sample.options
        options = replace(options, max_iter=min(options.max_iter, _MOST_STEPS))
        problem = replace(self.on_sample, options=options)
        try:
            return list(fit_all(problem, mixtures))
        except _FAILURES:
            pass  # one of them: alone, it fails for itself
        found: list[FitResult | None] = []
        for mixture in mixtures:
            try:
                found.append(fit(problem, mixture))
            except _FAILURES:
                found.append(None)
        return found

    def _choice(self, candidates: Sequence[Candidate]) -> Beginning:
        different, problem = merged(candidates), self.problem
        told = [replace(own, result=problem.told(own.result, briefly=True)) for own in different]
        data = self.on_sample.data if problem.seen is problem else problem.seen.data
        chosen, optima = problem.options.select(told, data)
        return Beginning(different[chosen].result.mixture, optima)

    def _exactly(self, finalist: Finalist) -> Mixture:
        """Return the mixture that one is of the rows as they are: none of them brought in."""
        data, mixture = self.problem.data, finalist.mixture
        # Where far rows count little they are best met from where the others are.
        if not len(data.far) or mixture.density.weighs:
            return mixture
        shares = mixture.responsibilities(data.sample + data.center)
        (found,) = from_divisions([self.problem], [shares[:, : self.problem.n_components]])
        return found if mixture.noise is None else found.with_noise(mixture.noise)
