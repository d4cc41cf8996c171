"""Fits of both hypotheses of a likelihood ratio: to the data, and to data sets that are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..em.choices import get_choice
from ..em.options import Options
from ..em.problem import Problem
from ..em.replicates import fit_replicates
from ..estep.many_seen import many_rows
from ..exceptions import GaussmixError
from ..fitting.fit import draw, facts_of, fit_problem, moment_of_data, put_to_start, summarise
from ..rows import MemorySource
from ..starts import get_start
from .beginnings import of_ward, split
from .given import drawn_labels, drawn_like, unseen_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..em.model import Model
    from ..em.result import FitResult
    from ..estep.many import ManyRows
    from ..mixture import Mixture
    from ..rows.missing import Missing

    #: Mixtures to begin at, and the number of the data set that each is of.
    Starts = list[tuple[int, Mixture]]

__all__ = ["Hypotheses", "Observed"]

# Fits of a batch go on for so long, from some starts each, that they are as so many data sets.
_AS_MANY = 20_000
# Log-likelihood in all that a fit may be short of: twice that is far from what differences
# between replicates are.
_SHORT = 5e-3


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
            found: list[FitResult | None] = [fit_problem(problem, get_start("mbahc"), rng=self.rng)]
        except GaussmixError:
            if smaller is None:
                raise
            return None
        # Of all rows, as of those that are drawn: nobody says which of these are noise.
        ward = of_ward(self.rows, k, self.weights, self.known)
        starts = [] if smaller is None else split([(0, smaller.mixture)])
        if ward is not None:
            starts.append((0, put_to_start(problem, ward, keep_order=True)))
        return _highest([*found, *_fits(problem, starts, self.many)])


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
        fewer = self._best(0, [(g, mixture) for g in range(len(rows))], data)
        more = [(g, self.larger.mixture) for g in range(len(rows))]
        more += split([(g, own.mixture) for g, own in enumerate(fewer) if own is not None])
        found = self._best(1, more, data)
        return [
            np.nan if a is None or b is None else _gain(a, b)
            for a, b in zip(fewer, found, strict=True)
        ]

    def _best(self, which: int, starts: Starts, data: ManyRows) -> list[FitResult | None]:
        """Return the best fit to each data set, from some starts and Ward's clusters."""
        problem, noise = self.problems[which], self.smaller.mixture.noise
        for g, rows in enumerate(data.rows):
            found = of_ward(rows, problem.n_components, None, self.known)
            if found is not None:
                starts.append((g, found if noise is None else found.with_noise(noise)))
        each: list[list[FitResult | None]] = [[] for _ in data.rows]
        for (g, _), result in zip(starts, _fits(problem, starts, data), strict=True):
            each[g].append(result)
        return [_highest(own) for own in each]


def _gain(smaller: FitResult, larger: FitResult) -> float:
    return max(0.0, 2.0 * (larger.log_likelihood - smaller.log_likelihood))


def _fits(problem: Problem, starts: Starts, data: ManyRows) -> list[FitResult | None]:
    options = replace(problem.options, give_up_collapsed=True)
    if len(data.totals) > 1:
        options = replace(options, tol=_SHORT / float(data.totals.mean()))
    places, mixtures = [g for g, _ in starts], [mixture for _, mixture in starts]
    return fit_replicates(problem.model, problem.objective, options, mixtures, data, places)


def _highest(found: Sequence[FitResult | None]) -> FitResult | None:
    usable = [one for one in found if one is not None and not one.collapsed]
    return max(usable, key=lambda one: one.log_likelihood, default=None)
