"""Fits of both hypotheses of a likelihood ratio: to the data, and to data sets that are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..components.parameters import picked
from ..em.choices import get_choice
from ..em.climb import Climb, begun
from ..em.options import Options
from ..em.problem import Problem
from ..em.replicates import fit_each, fit_replicates
from ..estep.many_seen import many_rows
from ..exceptions import GaussmixError
from ..fitting.fit import draw, facts_of, fit_problem, moment_of_data, summarise
from ..rows import MemorySource
from ..starts import get_start
from .beginnings import Clusters, Starts, split
from .given import drawn_labels, drawn_like, unseen_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..em.climb import Ended
    from ..em.model import Model
    from ..em.result import FitResult
    from ..estep.many import ManyRows
    from ..rows.missing import Missing

__all__ = ["Hypotheses", "Observed"]

# Fits of a batch go on for so long, from some starts each, that they are as so many data sets.
_AS_MANY = 20_000
# Log-likelihood in all that a fit may be short of: twice that is far from what differences
# between replicates are.
_SHORT = 1e-3


@dataclass(eq=False)
class Observed:
    """The data themselves, fitted with any number of components.

    Parameters
    ----------
    model : Model
        Of one component.
    rows : ndarray (n, d)
    weights : ndarray (n,) or None
    known : ndarray of int (n,) or None
    noise : float, ndarray of bool (n,) or None
    rng : Generator
    missing : Missing
        What becomes of rows with missing values; those to be left out are no longer there.
    """

    model: Model
    rows: Array
    weights: Array | None
    known: AnyArray | None
    noise: float | AnyArray | None
    rng: np.random.Generator
    missing: Missing

    def __post_init__(self) -> None:
        self.source = MemorySource(self.rows, self.weights, n_jobs=1)
        self.missing.admit(self.source)
        self.summary = summarise(self.source, moment_of_data([self.model.family]))
        self.facts = facts_of(self.source, self.known, self.noise)

    @property
    def counts(self) -> Array:
        """How many rows each row counts as (n,)."""
        return np.ones(len(self.rows)) if self.weights is None else self.weights

    @cached_property
    def many(self) -> ManyRows:
        """The data as one data set of several."""
        weights = None if self.weights is None else self.weights[None]
        return many_rows(self.rows[None], weights, self.known)

    def problem(self, k: int) -> Problem:
        """Return the problem of K components."""
        data = draw(self.source, self.summary, self.facts, k, np.random.default_rng(0))
        tol = min(Options.tol, _SHORT / self.summary.total.total)
        options = Options(tol=tol, select=get_choice("likelihood"))
        return Problem(data, replace(self.model, n_components=k), options).checked()

    def fit(self, k: int, smaller: FitResult | None = None) -> FitResult | None:
        """Return the best fit of K components; None if there is none, or all are collapsed."""
        try:
            problem = self.problem(k)
        except GaussmixError:
            if smaller is None:
                raise
            return None
        # Of all rows, as of those that are drawn: nobody says which of these are noise.  And the
        # same starts as those have, no more: the best of more is higher, whatever is true.
        clusters = Clusters(self.rows[None], [k], self.counts, self.known)
        starts = clusters.starts(problem, problem.data.facts.background)
        if smaller is not None:
            starts.append(split(Starts.at(begun(smaller.mixture, problem.objective), 1)))
        found: list[FitResult | None] = []
        for own in starts:
            climb = _climb(problem, problem.options.tol)
            found += fit_replicates(climb, own.stack, self.many, own.places)
        if smaller is None:
            found.append(fit_problem(problem, get_start("mbahc"), rng=self.rng))
        usable = [one for one in found if one is not None and not one.collapsed]
        return max(usable, key=lambda one: one.log_likelihood) if usable else self.raced(k)

    def raced(self, k: int) -> FitResult | None:
        """Return a fit of K components from a race of many starts; None if all are collapsed."""
        try:
            found = fit_problem(self.problem(k), get_start("race"), rng=self.rng)
        except GaussmixError:
            return None
        return None if found.collapsed else found


@dataclass(eq=False)
class Hypotheses:
    """Fits of fewer and of more components, to the data and to those drawn from the fewer.

    Parameters
    ----------
    observed : Observed
    smaller, larger : FitResult
    """

    observed: Observed
    smaller: FitResult
    larger: FitResult

    def __post_init__(self) -> None:
        fits = self.smaller, self.larger
        self.problems = [self.observed.problem(own.mixture.n_components) for own in fits]
        self.known = drawn_labels(self.observed.known, self.observed.counts)
        self.n_drawn = round(float(self.observed.counts.sum()))

    @property
    def statistic(self) -> float:
        """Twice what the larger gains."""
        return _gain(self.smaller, self.larger)

    def drawn(
        self, seeds: Sequence[np.random.SeedSequence], n_threads: int | None = 1
    ) -> list[float]:
        """Return the statistics of data sets drawn from the smaller; NaN where there are none."""
        rngs = [np.random.default_rng(seed) for seed in seeds]
        mixture = self.smaller.mixture
        rows = [
            unseen_like(drawn_like(mixture, self.known, self.n_drawn, rng), self.observed, rng)
            for rng in rngs
        ]
        data = replace(many_rows(np.array(rows), None, self.known, _AS_MANY), n_jobs=n_threads)
        sizes = [own.mixture.n_components for own in (self.smaller, self.larger)]
        clusters = Clusters(data.rows, sizes, None, self.known, n_threads)
        fewer = self._best(0, [], clusters, data)
        halves = [split(fewer.at)] if len(fewer.at.places) else []
        more = self._best(1, halves, clusters, data)
        for values, k in zip((fewer.values, more.values), sizes, strict=True):
            for g in np.flatnonzero(np.isnan(values)).tolist():
                values[g] = self._raced(rows[g], k, rngs[g])
        gains = np.maximum(0.0, 2.0 * (more.values - fewer.values))
        return np.where(np.isfinite(gains), gains, np.nan).tolist()

    def _raced(self, rows: Array, k: int, rng: np.random.Generator) -> float:
        """Return the log-likelihood of rows all of whose other fits collapse; NaN without one."""
        background = self.smaller.mixture.noise
        noise = None if background is None else background.weight
        try:
            own = replace(
                self.observed, rows=rows, weights=None, known=self.known, noise=noise, rng=rng
            )
        except GaussmixError:
            return np.nan
        found = own.raced(k)
        return np.nan if found is None else found.log_likelihood

    def _best(self, which: int, starts: list[Starts], clusters: Clusters, data: ManyRows) -> Best:
        """Return the best fit to each data set: from some starts, clusters, and the truth."""
        problem, own = self.problems[which], (self.smaller, self.larger)[which]
        every = [*starts, *clusters.starts(problem, self.smaller.mixture.noise)]
        if which == 0 or not every:
            # Of the smaller only, which they are drawn from: the larger fit to the data is no
            # start that these had themselves, and a start more makes gains larger.
            every.insert(0, Starts.at(begun(own.mixture, problem.objective), len(data.rows)))
        stack, places = Starts.joined(every)
        climb = _climb(problem, _SHORT / float(data.totals.mean()))
        return Best.of(list(fit_each(climb, stack, data, places)), places, len(data.rows))


class Best(NamedTuple):
    """The best fits to data sets.

    Attributes
    ----------
    values : ndarray (G,)
        Log-likelihoods; NaN where all fits have collapsed or failed.
    at : Starts
        The others' mixtures.
    """

    values: Array
    at: Starts

    @classmethod
    def of(cls, ends: Sequence[Ended], places: AnyArray, count: int) -> Best:
        """Return the best of some fits, each of a data set at one of the places."""
        values = np.full(count, np.nan)
        stacks = [own.best.evaluated for own in ends]
        whose = np.concatenate([np.zeros(0, dtype=int), *(places[own.numbers] for own in ends)])
        heights = np.concatenate([np.zeros(0), *(own.log_likelihood for own in ends)])
        kept = np.concatenate([np.zeros(0, dtype=bool), *(_are_free(own) for own in ends)])
        order = np.lexsort((-heights, whose))
        order = order[kept[order]]
        sets, first = np.unique(whose[order], return_index=True)
        chosen = order[first]
        values[sets] = heights[chosen]
        return cls(values, Starts(picked(stacks, chosen), sets))


def _are_free(ended: Ended) -> AnyArray:
    """Say of which fits no covariance is held at the floor."""
    held = ended.best.held
    none: AnyArray = np.zeros(len(ended.numbers), dtype=bool)
    return ~(none if held is None else held.any())


def _gain(smaller: FitResult, larger: FitResult) -> float:
    return max(0.0, 2.0 * (larger.log_likelihood - smaller.log_likelihood))


def _climb(problem: Problem, tol: float) -> Climb:
    options = replace(problem.options, give_up_collapsed=True, tol=tol)
    return Climb(problem.model, problem.objective, options)
