"""The race: many starts at once on some of the rows, the worse half dropped again and again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import PRODUCTS
from ..em.loop import fit, fit_all
from ..em.optima import Candidate, merged
from ..em.options import Options
from ..em.problem import Problem
from ..exceptions import DataError, FitInterrupted
from ..rows import MemorySource
from ..rows.data import Facts
from ..rows.summary import SummaryFold
from .base import Beginning, Start
from .centers import distinct_rows, lloyd, nearest, plus_plus
from .contest import Finalist, Finalists, contest
from .kmeans import KMeans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._typing import AnyArray, Array
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
# Lloyd's iterations of starts from k-means: they need not converge.
_LLOYD = 10
# What a fit that cannot go on raises.
_FAILURES = (DataError, np.linalg.LinAlgError)
# Fits with a held covariance that are weighed where rows are many.
_MOST_HELD = 3
# Trees are built of at most this many rows: their time and memory grow with the square.
_TREE_ROWS = 1000


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
        entrants = _entrants(track, _count_starts(problem, len(track.data.sample)), rng)
        try:
            if not problem.options.select.weighs:
                finalists = contest(track, entrants.labels, _HALVINGS)
                return _highest(problem, [*finalists.best, *finalists.reserve], rng)
            if len(track.data.sample) == problem.summary.total.n_rows:
                finalists = contest(track, entrants.labels, _HALVINGS, entrants.is_trusted)
                return _weighed(problem, [*finalists.best, *finalists.kept], entrants)
            finalists = contest(track, entrants.labels, _HALVINGS, entrants.is_trusted_if_doomed)
        except np.linalg.LinAlgError:
            return KMeans().beginning(problem, rng)
        return _highest_or_weighed(problem, finalists, entrants, rng)


def _track_length(problem: Problem) -> int:
    n_rows, n_features = problem.data.sample.shape
    return min(n_rows, max(_ROWS, _ROWS_PER_MEAN * problem.n_components * n_features))


def _count_starts(problem: Problem, n_rows: int) -> int:
    """Return how many starts the cost of the iterations that follow them allows."""
    total = problem.summary.total
    n_terms = PRODUCTS.n_terms(total.n_features)
    affordable = _PASSES * total.n_rows + _PRODUCTS / (problem.n_components * n_terms)
    return min(_MOST_STARTS, max(1, int(affordable / (_STEPS_A_START * n_rows))))


def _some_rows(problem: Problem, n_rows: int, rng: np.random.Generator) -> Problem:
    """Return the race's view of the problem: some rows of the sample."""
    data = problem.data
    if n_rows < len(data.sample):
        chosen = np.sort(rng.choice(len(data.sample), n_rows, replace=False))
        if len(np.unique(data.sample[chosen], axis=0)) >= problem.n_components:
            part = replace(data, sample=data.sample[chosen], weights=data.weights[chosen])
            return replace(problem, data=part)
    return problem


# -- divisions ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Entrants:
    """Divisions of rows that take part.

    Attributes
    ----------
    labels : ndarray of int (R, m)
    kinds : list of str (R,)
        What they are from.
    """

    labels: AnyArray
    kinds: list[str]

    def is_trusted(self, starts: Sequence[int], doomed: bool) -> bool:
        """Whether some starts must not drop out."""
        return any(self.kinds[r] == _TRUSTED for r in starts)

    def is_trusted_if_doomed(self, starts: Sequence[int], doomed: bool) -> bool:
        """The same where only fits with held covariances are at stake."""
        return doomed and self.is_trusted(starts, doomed)

    def candidate(self, result: FitResult, starts: Sequence[int]) -> Candidate:
        """Return the fit that some starts have become."""
        kinds = Counter(self.kinds[r] for r in starts)
        return Candidate(result, dict(kinds), kinds[_TRUSTED])


def _entrants(track: Problem, count: int, rng: np.random.Generator) -> Entrants:
    """Return divisions as different in kind as so many can be.

    No one kind wins everywhere: trees and k-means find compact clusters, k-means++ far ones,
    random points crowded ones; and sphered rows show clusters that are long.
    """
    rows = track.data.sample
    spaces = {"": rows, " of sphered rows": _sphered(rows, track.data.weights)}
    found: list[AnyArray] = []
    kinds: list[str] = []
    if len(rows) <= _TREE_ROWS and count > 1:
        found.append(_tree_labels(rows, track.n_components)[None])
        kinds.append("Ward's tree")
    turns = islice(cycle(_TURNS), max(count - len(found), 1))
    for (kind, space), several in Counter(turns).items():
        centers = _KINDS[kind](spaces[space], track, several, rng)
        found.append(nearest(spaces[space], centers))
        kinds += [kind + space] * several
    return Entrants(np.concatenate(found), kinds)


def _kmeans(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    centers = _plus_plus(rows, track, count, rng)
    return lloyd(rows, track.data.weights, centers, _LLOYD)


def _plus_plus(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    return plus_plus(rows, track.data.weights, track.n_components, count, rng)


def _random(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    return distinct_rows(rows, track.data.weights, track.n_components, count, rng)


_TRUSTED = "k-means"
_KINDS = {_TRUSTED: _kmeans, "k-means++": _plus_plus, "random points": _random}
# In proportion to how often each wins (measured), the surest first.
_TURNS = (
    ("k-means", ""),
    ("k-means++", ""),
    ("k-means", " of sphered rows"),
    ("k-means++", ""),
    ("k-means", ""),
    ("random points", " of sphered rows"),
    ("k-means++", " of sphered rows"),
    ("random points", ""),
)


def _sphered(rows: Array, weights: Array) -> Array:
    """Return rows with identity covariance; of unit variances if they span no volume."""
    offsets = rows - np.average(rows, axis=0, weights=weights)
    covariance = (offsets * weights[:, None]).T @ offsets / weights.sum()
    deviations = np.sqrt(np.diagonal(covariance))
    deviations = np.where(deviations > 0, deviations, 1.0)
    offsets /= deviations
    try:
        factor = np.linalg.cholesky(covariance / np.outer(deviations, deviations))
    except np.linalg.LinAlgError:
        return offsets
    return np.asarray(np.linalg.solve(factor, offsets.T).T)


def _tree_labels(rows: Array, n_components: int) -> AnyArray:
    """Return the division (m,) of Ward's hierarchical clustering (Ward 1963)."""
    from scipy.cluster.hierarchy import fcluster, ward

    return fcluster(ward(rows), n_components, "maxclust") - 1


# -- the end of a race ---------------------------------------------------------------------


def _highest(
    problem: Problem, finalists: Iterable[Finalist], rng: np.random.Generator
) -> Beginning:
    """Return the first that keeps all its widths, converged on the sample."""
    on_sample = _on_sample(problem, give_up_collapsed=True)
    found = _converged(problem, on_sample, (one.mixture for one in finalists))
    if found is None:
        # k-means leads to the widest components: it is for data on which all others collapse.
        found = _converged(problem, on_sample, [KMeans()(problem, rng)])
    if found is None:
        return Beginning(next(iter(finalists)).mixture)
    return Beginning(found.mixture)


def _weighed(problem: Problem, finalists: Sequence[Finalist], entrants: Entrants) -> Beginning:
    """Return the choice among all of them, converged on the sample."""
    on_sample = _on_sample(problem)
    results = _all_converged(problem, on_sample, [one.mixture for one in finalists])
    candidates = merged(
        [
            entrants.candidate(result, one.starts)
            for one, result in zip(finalists, results, strict=True)
            if result is not None
        ]
    )
    if not candidates:
        return Beginning(finalists[0].mixture)
    chosen, optima = problem.options.select(candidates, on_sample.data)
    return Beginning(candidates[chosen].result.mixture, optima)


def _highest_or_weighed(
    problem: Problem, finalists: Finalists, entrants: Entrants, rng: np.random.Generator
) -> Beginning:
    """Return the highest of fits without a held covariance, if those with one do not weigh more.

    Where rows are many the highest likelihood is what foretells rows best.
    """
    found = _highest(problem, [*finalists.best, *finalists.reserve], rng)
    held = [one for one in [*finalists.best, *finalists.kept] if one.doomed][:_MOST_HELD]
    if not held:
        return found
    best = Finalist((found.mixture.parameters, 0), (), False, found.mixture.feature_names)
    return _weighed(problem, [best, *held], entrants)


def _on_sample(problem: Problem, *, give_up_collapsed: bool = False) -> Problem:
    """Return the fit to the sample that a race ends with: no step costs more than it can save.

    `max_iter` is not the fit's own, so that a fit cut short begins where a longer one does.
    And the start need not be more exact than a fit is by default: the fit itself will be.
    """
    data = problem.data
    unit = None if (data.weights == 1.0).all() else data.weights
    rows = data.sample + data.center
    source = MemorySource(
        rows, unit, n_jobs=data.source.n_threads, drawn_from=data.source.rows_drawn_from
    )
    summary = source.reduce(SummaryFold(problem.family.held.moment, rows.shape[1]))
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
