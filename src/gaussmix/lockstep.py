"""Many fits to the same rows at once: one E-step for all, each its own M-step and verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .em import Run
from .estep import expectation
from .kernels.choice import MOST_TERMS
from .kernels.stacked import Part, StackedForm
from .moments import PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._typing import AnyArray
    from .em import EMOptions, FitResult
    from .families import Family
    from .mixture import Mixture
    from .sources import Source
    from .statistics import SufficientStatistics
    from .summary import DataSummary

__all__ = ["Job", "fit_together", "pays"]

# On more rows the arithmetic outweighs the calls, and kernels made for each structure win.
_MOST_ROWS = 3_000


@dataclass(frozen=True, eq=False)
class Job:
    """One fit to be made: see `fit_em`."""

    start: Mixture
    family: Family
    summary: DataSummary
    known: AnyArray | None = None


def pays(source: Source) -> bool:
    """Whether fits to these rows are faster together than one after the other."""
    return source.n_rows <= _MOST_ROWS and _has_few_terms(source)


def _has_few_terms(source: Source) -> bool:
    return PRODUCTS.n_terms(source.n_features) <= MOST_TERMS


def fit_together(
    source: Source, jobs: Sequence[Job], options: EMOptions
) -> Iterator[tuple[int, FitResult]]:
    """Fit all jobs, and yield the number and the result of each as it stops.

    Each result is the one `fit_em` gives, to rounding.
    """
    runs = {i: Run(job.start, job.family, job.summary, options) for i, job in enumerate(jobs)}
    while runs:
        found = _expectations(source, [(jobs[i], run) for i, run in runs.items()])
        for i, statistics in zip(list(runs), found, strict=True):
            run = runs[i]
            run.note(statistics)
            status = run.verdict()
            if status is None:
                _advance(run)
            else:
                del runs[i]
                yield i, run.result(status)


def _advance(run: Run) -> None:
    """M-step; covariances are held above the floor later, all at once, if that is needed."""
    try:
        run.advance(hold=False)
    except np.linalg.LinAlgError:
        run.advance()


def _expectations(source: Source, active: list[tuple[Job, Run]]) -> Iterator[SufficientStatistics]:
    """Yield the statistics of each fit's family; alone where together is not accurate."""
    form = _form(active) if _has_few_terms(source) else None
    together = [None] * len(active) if form is None else form.split(source.reduce(form))
    accurate = [False] * len(active) if form is None else form.accurate
    for (job, run), statistics, good in zip(active, together, accurate, strict=True):
        if statistics is not None and good:
            yield _for_family(statistics, job.family)
        else:
            yield expectation(source, job.summary, run.mixture, job.family, job.known)


def _form(active: list[tuple[Job, Run]]) -> StackedForm | None:
    """Return the E-step of all fits, their covariances held above the floor, or None."""
    summary = active[0][0].summary

    def stacked() -> StackedForm:
        parts = [_part(job, run) for job, run in active]
        return StackedForm(parts, summary.center, summary.extent)

    try:
        form = stacked()
        below = form.may_be_below([run.constraints.floor for _, run in active])
    except np.linalg.LinAlgError:  # one of them is singular
        form, below = None, [True] * len(active)
    if form is not None and not any(below):
        return form
    for (_, run), low in zip(active, below, strict=True):
        if low and len(run.history):
            run.advance()
    try:
        return stacked()
    except np.linalg.LinAlgError:
        return None


def _part(job: Job, run: Run) -> Part:
    mixture = run.mixture
    return Part(
        np.log(mixture.weights),
        mixture.means,
        mixture.covariances.to_dense(),
        None if mixture.noise is None else mixture.noise.log_joint,
        job.known,
    )


def _for_family(statistics: SufficientStatistics, family: Family) -> SufficientStatistics:
    statistics = statistics.held_as(family.held.moment)
    return statistics.pool() if family.shared else statistics
