"""The race: many starts at once on some of the rows, the worse half dropped again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..em import fit_em
from ..exceptions import FitInterrupted
from ..lockstep import Job, race
from ..moments import PRODUCTS
from ..sources import MemorySource
from ..summary import SummaryFold
from .base import Start, StartData
from .kmeans import KMeans, PlusPlus
from .random import RandomPoints

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..mixture import Mixture

__all__ = ["Race"]

# No one kind of start wins everywhere: k-means finds compact clusters, k-means++ far ones,
# random points crowded ones.  These take turns.
_FIRST = KMeans
_TURNS = (PlusPlus, RandomPoints)
_MOST_STARTS = 16
_FEWEST_STARTS = 2
# Iterations after which the worse half drops out; runs made by all starts together.
_HALVINGS = (8, 16, 32, 64)
_STEPS_A_START = 20
# A race is run on at least this many rows, and so many for each mean.
_ROWS = 2000
_ROWS_PER_MEAN = 20
# What it may cost: passes over all the data, plus so many products.
_PASSES = 10
_PRODUCTS = 1e9


class Race(Start):
    """The best of up to 16 starts, converged on the subsample.

    k-means, k-means++ and random points start as one batch on a few thousand rows;
    after 8, 16, 32 and 64 iterations of EM the worse half drops out.  The winner
    converges on the subsample (at most 20 000 rows, or 100 a component), so that on
    all the data few iterations are left.
    """

    name = "race"

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        if data.n_components == 1:
            return KMeans()(data, rng)
        track = _some_rows(data, _track_length(data), rng)
        jobs = [_job(track, start(track, rng)) for start in _starts(data, len(track.rows))]
        options = replace(data.options, max_iter=_HALVINGS[-1] + 1)
        winner = race(track.source, jobs, options, _HALVINGS).mixture
        if len(track.rows) < data.summary.total.n_rows:
            winner = _converged(data, winner)
        return _in_place(data, winner)


def _track_length(data: StartData) -> int:
    n_rows, n_features = data.rows.shape
    return min(n_rows, max(_ROWS, _ROWS_PER_MEAN * data.n_components * n_features))


def _starts(data: StartData, n_rows: int) -> list[Start]:
    """Return as many starts as the cost of the iteration that follows them allows."""
    n_terms = PRODUCTS.n_terms(data.rows.shape[1])
    affordable = _PASSES * data.summary.total.n_rows + _PRODUCTS / (data.n_components * n_terms)
    count = int(affordable / (_STEPS_A_START * n_rows))
    count = min(_MOST_STARTS, max(_FEWEST_STARTS, count))
    kinds = [_FIRST, *(_TURNS[i % len(_TURNS)] for i in range(count - 1))]
    return [kind() for kind in kinds]


def _some_rows(data: StartData, n_rows: int, rng: np.random.Generator) -> StartData:
    """Return the race's view of the data: some rows of the subsample, and nothing else."""
    rows, weights = data.rows, data.weights
    if n_rows < len(rows):
        chosen = np.sort(rng.choice(len(rows), n_rows, replace=False))
        if len(np.unique(rows[chosen], axis=0)) >= data.n_components:
            rows, weights = rows[chosen], weights[chosen]
    return _alone(data, rows, weights)


def _alone(data: StartData, rows: AnyArray, weights: AnyArray) -> StartData:
    """Return rows, which are centred on the data's center, as data of their own."""
    unit = None if (weights == 1.0).all() else weights
    source = MemorySource(rows, unit, n_jobs=data.source.n_threads)
    summary = source.reduce(SummaryFold(data.family.held.moment, rows.shape[1]))
    constraints = data.options.constraints(summary, data.family, data.n_components)
    # The floor is a share of the variances of all the data.
    constraints = replace(constraints, floor=data.constraints.floor)
    return replace(
        data,
        source=source,
        summary=summary,
        rows=rows - summary.center,
        weights=weights,
        constraints=constraints,
    )


def _job(track: StartData, mixture: Mixture) -> Job:
    if track.background is not None:
        mixture = mixture.with_noise(track.background)
    return Job(mixture, track.family, track.summary)


def _converged(data: StartData, mixture: Mixture) -> Mixture:
    """Return the mixture that EM reaches on the whole subsample."""
    every = _alone(data, data.rows, data.weights)
    try:
        result = fit_em(every.source, mixture, data.family, every.summary, data.options)
    except FitInterrupted as interrupted:
        # What is lost is a pass over all the data: the numbers are those of the subsample.
        found = interrupted.result
        raise FitInterrupted(replace(found, mixture=_in_place(data, found.mixture))) from None
    return mixture if result.collapsed else result.mixture


def _in_place(data: StartData, mixture: Mixture) -> Mixture:
    """Return a mixture of centred rows where the data are."""
    names = data.source.feature_names
    return replace(mixture, means=mixture.means + data.summary.center, feature_names=names)
