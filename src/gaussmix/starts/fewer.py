"""A start of a Bayesian mixture, less the components that the bound rises without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_statistics, one_of
from ..em.loop import fit, fit_all
from ..em.objectives import Variational
from ..exceptions import DataError, FitInterrupted
from ..mixture import Mixture
from .base import Beginning, Start
from .sampled import on_sample

if TYPE_CHECKING:
    from ..components.statistics import SufficientStatistics
    from ..em.problem import Problem
    from ..em.result import FitResult

__all__ = ["Fewer", "left_out", "merged"]

# Partners of each component that a merge with is thought of: those whose means are nearest.
_PARTNERS = 4
# Of these, merges that are tried, and components that are left out: the smallest.
_MERGES, _DELETES = 3, 2
# What is tried need not converge further than this, a row, to be told from what there is.
_TOL = 1e-5
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
        sampled = on_sample(problem)
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
    """Return the best of the fits with a component less, if it is better than this one."""
    assert best.statistics is not None
    proposals = _proposals(problem, best.statistics)
    if not proposals:
        return None
    found, _ = problem.objective.update(join_statistics([(own, 0) for own in proposals]))
    starts = [Mixture.of_parameters(one_of((found, g))) for g in range(len(proposals))]
    options = replace(problem.options, tol=max(problem.options.tol, _TOL))
    results = fit_all(replace(problem, options=options), starts)
    highest = max(results, key=lambda result: result.log_likelihood)
    gain = highest.log_likelihood - best.log_likelihood
    return highest if gain > problem.options.tol * best.n else None


def _proposals(problem: Problem, statistics: SufficientStatistics) -> list[SufficientStatistics]:
    """Return statistics with a component less: the likeliest merges, and some left out."""
    assert isinstance(problem.objective, Variational)
    counts = statistics.counts
    active = np.flatnonzero(counts > _NO_ROWS)
    if len(active) < 2:
        return []
    scales = np.sqrt(problem.data.scales)
    places = statistics.means[active] / np.where(scales > 0, scales, 1.0)
    pairs = set()
    for own, place in enumerate(places):
        distances = np.square(places - place).sum(axis=1)
        for other in np.argsort(distances, kind="stable")[1 : 1 + _PARTNERS].tolist():
            pairs.add((min(own, other), max(own, other)))
    several = [merged(statistics, active[a], active[b]) for a, b in sorted(pairs)]
    values = problem.objective.value_of_divisions(join_statistics([(s, 0) for s in several]))
    likely = np.argsort(-values, kind="stable")[:_MERGES].tolist()
    small = active[np.argsort(counts[active], kind="stable")[:_DELETES]].tolist()
    return [*(several[place] for place in likely), *(left_out(statistics, k) for k in small)]


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
