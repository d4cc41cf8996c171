"""The race: many starts at once on some of the rows, the worse half dropped again and again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import cycle, islice
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import PRODUCTS
from ..em.loop import fit
from ..em.options import Options
from ..em.problem import Problem
from ..exceptions import FitInterrupted
from ..rows import MemorySource
from ..rows.data import Facts
from ..rows.summary import SummaryFold
from .base import Start
from .centers import distinct_rows, lloyd, nearest, plus_plus
from .contest import contest
from .kmeans import KMeans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._typing import AnyArray, Array
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
# Trees are built of at most this many rows: their time and memory grow with the square.
_TREE_ROWS = 1000


class Race(Start):
    """The best of up to 48 starts, converged on the subsample.

    Hierarchical clustering (where rows are few), k-means, k-means++ and random points, in
    the units of the data and sphered, start as one batch on a few thousand rows; after 4,
    8, 16 and 32 iterations of EM the worse half drops out.  The winner converges on the
    subsample (at most 20 000 rows, or 100 a component), so that on all the data few
    iterations are left: those are what ``n_iter_`` counts.
    """

    name = "race"

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        if problem.n_components == 1:
            return KMeans()(problem, rng)
        track = _some_rows(problem, _track_length(problem), rng)
        labels = _divisions(track, _count_starts(problem, len(track.data.sample)), rng)
        try:
            finalists = contest(track, labels, _HALVINGS)
        except np.linalg.LinAlgError:
            return KMeans()(problem, rng)
        found = _converged(problem, finalists)
        if found is not None:
            return found
        # k-means leads to the widest components: it is for data on which all others collapse.
        return _converged(problem, [KMeans()(problem, rng)]) or finalists[0]


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


def _divisions(track: Problem, count: int, rng: np.random.Generator) -> AnyArray:
    """Return divisions (R, m) of the rows, as different in kind as so many can be.

    No one kind wins everywhere: trees and k-means find compact clusters, k-means++ far ones,
    random points crowded ones; and sphered rows show clusters that are long.
    """
    rows = track.data.sample
    spaces = {"given": rows, "sphered": _sphered(rows, track.data.weights)}
    found: list[AnyArray] = []
    if len(rows) <= _TREE_ROWS and count > 1:
        found.append(_tree_labels(rows, track.n_components)[None])
    turns = islice(cycle(_TURNS), max(count - len(found), 1))
    for (kind, space), several in Counter(turns).items():
        centers = kind(spaces[space], track, several, rng)
        found.append(nearest(spaces[space], centers))
    return np.concatenate(found)


def _kmeans(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    centers = _plus_plus(rows, track, count, rng)
    return lloyd(rows, track.data.weights, centers, _LLOYD)


def _plus_plus(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    return plus_plus(rows, track.data.weights, track.n_components, count, rng)


def _random(rows: Array, track: Problem, count: int, rng: np.random.Generator) -> Array:
    return distinct_rows(rows, track.data.weights, track.n_components, count, rng)


# In proportion to how often each wins (measured), the surest first.
_TURNS = (
    (_kmeans, "given"),
    (_plus_plus, "given"),
    (_kmeans, "sphered"),
    (_plus_plus, "given"),
    (_kmeans, "given"),
    (_random, "sphered"),
    (_plus_plus, "sphered"),
    (_random, "given"),
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


def _on_sample(problem: Problem) -> Options:
    """Return how EM on the sample goes: no iteration that costs more than it can save.

    `max_iter` is the fit's own, so that a fit cut short begins where a longer one does.  And
    the start need not be more exact than a fit is by default: the fit itself will be.
    """
    n_rows, n_drawn = problem.summary.total.n_rows, len(problem.data.sample)
    most, usual = _SUBSAMPLE_PASSES * n_rows // n_drawn, Options()
    return replace(
        problem.options,
        tol=max(problem.options.tol, usual.tol),
        max_iter=usual.max_iter if n_drawn >= n_rows else min(usual.max_iter, most),
        give_up_collapsed=True,
    )


def _converged(problem: Problem, mixtures: Iterable[Mixture]) -> Mixture | None:
    """Return what EM on the sample makes of the first that keeps all its widths, if one does."""
    data = problem.data
    unit = None if (data.weights == 1.0).all() else data.weights
    rows = data.sample + data.center
    source = MemorySource(
        rows, unit, n_jobs=data.source.n_threads, drawn_from=data.source.rows_drawn_from
    )
    summary = source.reduce(SummaryFold(problem.family.held.moment, rows.shape[1]))
    on_sample = Problem(
        replace(data, source=source, summary=summary, facts=Facts(source)),
        problem.model,
        _on_sample(problem),
    )
    for mixture in mixtures:
        try:
            result = fit(on_sample, mixture)
        except FitInterrupted as interrupted:
            raise FitInterrupted(interrupted.result.before(problem.summary)) from None
        if not result.collapsed:
            return result.mixture
    return None
