"""A start of a Bayesian mixture, less the components that the bound rises without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_statistics, one_of
from ..em.climbers import STATUSES
from ..em.loop import Convergence, fit, fit_all
from ..em.objectives import Variational
from ..em.result import Status
from ..exceptions import DataError, FitInterrupted
from ..mixture import Mixture
from .base import Beginning, Start
from .sampled import on_sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray
    from ..components.statistics import SufficientStatistics
    from ..em.climbers import Climbers
    from ..em.problem import Problem
    from ..em.result import FitResult

__all__ = ["Fewer", "left_out", "merged"]

# Partners of each component that a merge with is thought of: those whose means are nearest;
# and how many numbers may be looked at to find the likeliest merges.
_PARTNERS, _MOST_NUMBERS = 4, 2e7
# Of these, merges that are tried, and components that are left out: the smallest.
_MERGES, _DELETES = 3, 2
# Iterations after which the most promising is looked at.
_STEPS = 12
# How many times what its last step gained a fit may gain by each step that is left.
_SLACK = 1.0
# A component of less weight, in rows, has nothing to give away.
_NO_ROWS = 1e-3


class Fewer(Start):
    """Another start, climbed from on the sample; then components are merged or left out.

    A component that is merged with another or left out stays without rows.  It is done where
    the bound, climbed from there, ends higher (after Hughes & Sudderth 2013), again and again.

    Parameters
    ----------
    start : Start
    """

    def __init__(self, start: Start) -> None:
        self.start = start

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        return self.beginning(problem, rng).mixture

    def beginning(self, problem: Problem, rng: np.random.Generator) -> Beginning:
        found = self.start.beginning(problem, rng)
        if problem.n_components == 1 or not isinstance(problem.objective, Variational):
            return found
        sampled = on_sample(problem, as_measured=True)
        try:
            best = fit(sampled, found.mixture)
            for _ in range(problem.n_components - 1):
                better = _better(sampled, best)
                if better is None:
                    break
                best = better
        except FitInterrupted as interrupted:  # a fit to the sample: what is said of all rows
            raise FitInterrupted(interrupted.result.before(problem.summary)) from None
        except (DataError, np.linalg.LinAlgError):
            return found
        return replace(found, mixture=best.mixture)


def _better(problem: Problem, best: FitResult) -> FitResult | None:
    """Return a fit with fewer components that is better than this one, if one is found."""
    assert best.statistics is not None
    found = (_best_of(problem, best, own) for own in _proposals(problem, best.statistics))
    return next((better for better in found if better is not None), None)


def _best_of(
    problem: Problem, best: FitResult, proposals: Sequence[SufficientStatistics]
) -> FitResult | None:
    """Return the best fit that proposals lead to, if it is better than the `best` so far."""
    found, _ = problem.objective.update(join_statistics([(own, 0) for own in proposals]))
    names = best.mixture.feature_names
    starts = [Mixture.of_parameters(one_of((found, g)), names) for g in range(len(proposals))]
    short = replace(problem.options, max_iter=_STEPS)
    least = best.log_likelihood + problem.options.tol * best.n
    highest = max(fit_all(replace(problem, options=short), starts, InSight()), key=_bound)
    if highest.log_likelihood <= least and highest.status is Status.MAX_ITERATIONS:
        highest = fit(problem, highest.mixture)
    return highest if highest.log_likelihood > least else None


class InSight(Convergence):
    """Lets go of fits too that would not come up with the best in the steps that are left."""

    def verdicts(self, team: Climbers) -> AnyArray:
        found, recent = super().verdicts(team), team.recent
        _, gains = recent.gains()
        left = _SLACK * (_STEPS + 1 - recent.counts)
        with np.errstate(invalid="ignore"):
            behind = recent.last + left * gains < np.fmax.reduce(recent.last)
        found[behind & (found < 0)] = STATUSES.index(Status.STOPPED)
        return found


def _bound(result: FitResult) -> float:
    return -np.inf if np.isnan(result.log_likelihood) else result.log_likelihood


def _proposals(
    problem: Problem, statistics: SufficientStatistics
) -> Iterator[list[SufficientStatistics]]:
    """Yield statistics with fewer components, to be compared with each other.

    First all merges at once that do not meet, if several seem to pay: they lead furthest.  Then
    the likeliest merges, and the smallest components left out.
    """
    objective, counts = problem.objective, statistics.counts
    assert isinstance(objective, Variational)
    active = np.flatnonzero(counts > _NO_ROWS)
    if len(active) < 2:
        return
    pairs = _near_pairs(problem, statistics, active)
    several = [statistics, *(merged(statistics, a, b) for a, b in pairs)]
    values = objective.value_of_divisions(join_statistics([(s, 0) for s in several]))
    gains = values[1:] - values[0]
    likely = np.argsort(-gains, kind="stable")
    whole: SufficientStatistics = statistics
    taken: set[int] = set()
    for place in likely[gains[likely] > 0].tolist():
        a, b = pairs[place]
        if not {a, b} & taken:
            whole, taken = merged(whole, a, b), taken | {a, b}
    if len(taken) > 2:
        yield [whole]
    small = active[np.argsort(counts[active], kind="stable")[:_DELETES]].tolist()
    merges = [several[1 + place] for place in likely[:_MERGES].tolist()]
    yield [*merges, *(left_out(statistics, k) for k in small)]


def _near_pairs(
    problem: Problem, statistics: SufficientStatistics, active: AnyArray
) -> list[tuple[int, int]]:
    """Return pairs of components whose means are near, in units of the data."""
    scales = np.sqrt(problem.data.scales)
    places = statistics.means[active] / np.where(scales > 0, scales, 1.0)
    found: dict[tuple[int, int], float] = {}
    for own, place in enumerate(places):
        distances = np.square(places - place).sum(axis=1)
        distances[own] = np.inf
        for other in np.argsort(distances, kind="stable")[:_PARTNERS].tolist():
            if other != own:
                pair = int(active[min(own, other)]), int(active[max(own, other)])
                found[pair] = float(distances[other])
    size = len(statistics.counts) * statistics.moment.n_terms(statistics.n_features)
    most = max(_MERGES, int(_MOST_NUMBERS / size))
    return sorted(sorted(found, key=lambda pair: (found[pair], pair))[:most])


def merged(statistics: SufficientStatistics, a: int, b: int) -> SufficientStatistics:
    """Return the statistics of one mixture with the rows of component `b` in `a`."""
    moment, pooled = statistics.moment, statistics.pooled
    counts, means = statistics.counts.copy(), statistics.means.copy()
    scatters = statistics.scatters.copy()
    both = counts[a] + counts[b]
    offset = (means[b] - means[a]) * np.sqrt(counts[a] * counts[b] / both)
    means[a] += (means[b] - means[a]) * (counts[b] / both)
    scatters[0 if pooled else a] += moment.outer(offset[None])[0]
    if not pooled:
        scatters[a] += scatters[b]
        scatters[b] = 0.0
    counts[a], counts[b], means[b] = both, 0.0, 0.0
    return statistics.changed(counts=counts, means=means, scatters=scatters)


def left_out(statistics: SufficientStatistics, k: int) -> SufficientStatistics:
    """Return the statistics of one mixture without the rows of component `k`."""
    counts, means = statistics.counts.copy(), statistics.means.copy()
    scatters = statistics.scatters.copy()
    if statistics.pooled:
        scatters *= 1.0 - counts[k] / counts.sum()
    else:
        scatters[k] = 0.0
    counts[k], means[k] = 0.0, 0.0
    return statistics.changed(counts=counts, means=means, scatters=scatters)
