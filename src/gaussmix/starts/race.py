"""The race: many starts at once on some of the rows, the worse half dropped again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import PRODUCTS
from ..em.loop import fit, fit_all
from ..em.optima import Candidate, merged
from ..em.options import Options
from ..em.problem import Problem
from ..exceptions import DataError, FitInterrupted
from ..numerics.distinct import count_distinct
from ..rows import MemorySource
from ..rows.data import Facts
from ..rows.summary import SummaryFold
from .base import Beginning, Start, from_divisions
from .contest import Finalist, Finalists, contest
from .entrants import Entrants, entrants_of
from .kmeans import KMeans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..em.result import FitResult
    from ..mixture import Mixture

__all__ = ["Race"]

_MOST_STARTS = 48
# Iterations after which the worse half drops out; runs made by all starts together.
_HALVINGS = (4, 8, 16, 32)
_STEPS_A_START = 15
# A race is run on at least this many rows, and so many for each mean.
_ROWS = 2000
_ROWS_PER_MEAN = 20
# What it may cost: passes over all the data, plus so many products.
_PASSES = 10
_PRODUCTS = 2e9
# The winner's iterations on the subsample cost at most so many passes over all the data.
_SUBSAMPLE_PASSES = 20
# What a fit that cannot go on raises.
_FAILURES = (DataError, np.linalg.LinAlgError)
# Of a sum of weights.
_ROUNDING = 1e-9
# Fits with a held covariance that are weighed where rows are many.
_MOST_HELD = 3


class Race(Start):
    """The best of up to 48 starts, converged on the subsample.

    Hierarchical clustering (where rows are few), k-means, k-means++ and random points, in
    the units of the data and sphered, start as one batch on a few thousand rows; after 4,
    8, 16 and 32 iterations of EM the worse half drops out.  The winner converges on the
    subsample (at most 20 000 rows, or 100 a component), so that on all the data few
    iterations are left: those are what ``n_iter_`` counts.

    Where all rows take part, starts from k-means do not drop out, and all that are left
    converge: which of the optima it is says ``problem.options.select``.
    """

    name = "race"

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        return self.beginning(problem, rng).mixture

    def beginning(self, problem: Problem, rng: np.random.Generator) -> Beginning:
        if problem.n_components == 1:
            return KMeans().beginning(problem, rng)
        track = _some_rows(problem, _track_length(problem), rng)
        entrants = entrants_of(track, _count_starts(problem, len(track.data.sample)), rng)
        try:
            if not problem.options.select.weighs:
                finalists = contest(track, entrants.labels, _HALVINGS)
                return _held_or_not(problem, finalists, [], rng)
            if track is problem and _is_whole(problem):
                finalists = contest(track, entrants.labels, _HALVINGS, entrants.is_trusted)
                return _weighed(problem, finalists, entrants, rng)
            finalists = contest(track, entrants.labels, _HALVINGS, entrants.is_trusted_if_doomed)
        except np.linalg.LinAlgError:
            return KMeans().beginning(problem, rng)
        return _highest_or_held(problem, finalists, entrants, rng)


def _track_length(problem: Problem) -> int:
    n_rows, n_features = problem.data.sample.shape
    return min(n_rows, max(_ROWS, _ROWS_PER_MEAN * problem.n_components * n_features))


def _is_whole(problem: Problem) -> bool:
    """Whether the sample is all rows."""
    total = problem.summary.total.total
    return bool(problem.data.weights.sum() > (1.0 - _ROUNDING) * total)


def _count_starts(problem: Problem, n_rows: int) -> int:
    """Return how many starts the cost of the iterations that follow them allows."""
    total = problem.summary.total
    n_terms = PRODUCTS.n_terms(total.n_features)
    affordable = _PASSES * total.n_rows + _PRODUCTS / (problem.n_components * n_terms)
    return min(_MOST_STARTS, max(1, int(affordable / (_STEPS_A_START * n_rows))))


def _some_rows(problem: Problem, n_rows: int, rng: np.random.Generator) -> Problem:
    """Return the race's view of the problem: some rows of the sample, and those far from all."""
    data = problem.data
    if n_rows < len(data.sample):
        chosen = np.sort(rng.choice(len(data.sample), n_rows, replace=False))
        chosen = np.union1d(chosen, data.far)
        if count_distinct(data.sample[chosen]) >= problem.n_components:
            own = {name: getattr(data, name)[chosen] for name in ("sample", "weights", "drawn")}
            far = np.flatnonzero(np.isin(chosen, data.far))
            return replace(problem, data=replace(data, **own, far=far))
    return problem


# -- the end of a race ---------------------------------------------------------------------


def _highest(
    problem: Problem, finalists: Iterable[Finalist], rng: np.random.Generator
) -> FitResult | None:
    """Return the first that keeps all its widths, converged on the sample, if one does."""
    on_sample = _on_sample(problem, give_up_collapsed=True)
    found = _converged(problem, on_sample, (_exactly(problem, one) for one in finalists))
    if found is None:
        # k-means leads to the widest components: it is for data on which all others collapse.
        found = _converged(problem, on_sample, [KMeans()(problem, rng)])
    return found


def _weighed(
    problem: Problem, finalists: Finalists, entrants: Entrants, rng: np.random.Generator
) -> Beginning:
    """Return the choice among all that are left, converged on the sample."""
    candidates = _candidates(problem, [*finalists.best, *finalists.kept], entrants)
    if all(one.result.collapsed for one in candidates):
        return _held_or_not(problem, finalists, candidates, rng)
    return _choice(problem, candidates)


def _highest_or_held(
    problem: Problem, finalists: Finalists, entrants: Entrants, rng: np.random.Generator
) -> Beginning:
    """Return the highest of fits without a held covariance, if those with one do not weigh more.

    Where rows are many the highest likelihood is what foretells rows best.
    """
    held = [one for one in [*finalists.best, *finalists.kept] if one.doomed][:_MOST_HELD]
    candidates = _candidates(problem, held, entrants) if held else []
    return _held_or_not(problem, finalists, candidates, rng)


def _held_or_not(
    problem: Problem, finalists: Finalists, held: list[Candidate], rng: np.random.Generator
) -> Beginning:
    """Return the choice among fits with a held covariance and the highest without."""
    found = _highest(problem, [*finalists.best, *finalists.reserve], rng)
    others = [] if found is None else [Candidate(found, {}, 0)]
    if held:
        return _choice(problem, [*others, *held])
    return Beginning(_exactly(problem, finalists.best[0]) if found is None else found.mixture)


def _exactly(problem: Problem, finalist: Finalist) -> Mixture:
    """Return the mixture that a finalist is of the rows as they are: none of them brought in."""
    data, mixture = problem.data, finalist.mixture
    if not len(data.far):
        return mixture
    shares = mixture.responsibilities(data.sample + data.center)[:, : problem.n_components]
    (found,) = from_divisions([problem], [shares])
    return found if mixture.noise is None else found.with_noise(mixture.noise)


def _candidates(
    problem: Problem, finalists: Sequence[Finalist], entrants: Entrants
) -> list[Candidate]:
    on_sample = _on_sample(problem)
    starts = [_exactly(problem, one) for one in finalists]
    results = _all_converged(problem, on_sample, starts)
    return [
        entrants.candidate(result, one.starts)
        for one, result in zip(finalists, results, strict=True)
        if result is not None
    ]


def _choice(problem: Problem, candidates: Sequence[Candidate]) -> Beginning:
    different = merged(candidates)
    chosen, optima = problem.options.select(different, _on_sample(problem).data)
    return Beginning(different[chosen].result.mixture, optima)


def _on_sample(problem: Problem, *, give_up_collapsed: bool = False) -> Problem:
    """Return the fit to the sample that a race ends with: no step costs more than it can save.

    `max_iter` is not the fit's own, so that a fit cut short begins where a longer one does.
    And the start need not be more exact than a fit is by default: the fit itself will be.
    """
    data = problem.data
    unit = None if (data.weights == 1.0).all() else data.weights
    rows = data.drawn
    source = MemorySource(
        rows, unit, n_jobs=data.source.n_threads, drawn_from=data.source.rows_drawn_from
    )
    summary = source.reduce(SummaryFold(data.summary.total.moment, rows.shape[1]))
    summary = replace(summary, origin=problem.summary.origin)
    n_rows, n_drawn = problem.summary.total.n_rows, len(data.sample)
    most, usual = _SUBSAMPLE_PASSES * n_rows // n_drawn, Options()
    options = replace(
        problem.options,
        tol=max(problem.options.tol, usual.tol),
        max_iter=usual.max_iter if n_drawn >= n_rows else min(usual.max_iter, most),
        give_up_collapsed=give_up_collapsed,
    )
    data = replace(data, source=source, summary=summary, facts=Facts(source))
    return Problem(data, problem.model, options)


def _converged(
    problem: Problem, on_sample: Problem, mixtures: Iterable[Mixture]
) -> FitResult | None:
    """Return what EM makes of the first that keeps all its widths, if one does."""
    for mixture in mixtures:
        try:
            result = fit(on_sample, mixture)
        except FitInterrupted as interrupted:
            raise _before(interrupted, problem) from None
        if not result.collapsed:
            return result
    return None


def _all_converged(
    problem: Problem, on_sample: Problem, mixtures: Sequence[Mixture]
) -> list[FitResult | None]:
    """Return what EM makes of each; None where it fails."""
    try:
        return list(fit_all(on_sample, mixtures))
    except FitInterrupted as interrupted:
        raise _before(interrupted, problem) from None
    except _FAILURES:
        pass  # one of them: alone, it fails for itself
    found: list[FitResult | None] = []
    for mixture in mixtures:
        try:
            found.append(fit(on_sample, mixture))
        except FitInterrupted as interrupted:
            raise _before(interrupted, problem) from None
        except _FAILURES:
            found.append(None)
    return found


def _before(interrupted: FitInterrupted, problem: Problem) -> FitInterrupted:
    """Return what is said of all rows when a fit to some was interrupted."""
    return FitInterrupted(interrupted.result.before(problem.summary))
