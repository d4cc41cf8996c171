"""A fit to the sample of a problem's rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..em.options import Options
from ..rows import MemorySource
from ..rows.data import Facts
from ..rows.measured import MeasuredSource
from ..rows.summary import summary_of

if TYPE_CHECKING:
    from ..em.problem import Problem
    from ..rows import Source

__all__ = ["on_sample"]

# Iterations on the sample cost at most so many passes over all the data.
_PASSES = 20


def on_sample(problem: Problem, *, as_measured: bool = False) -> Problem:
    """Return the fit to the sample: no step of it costs more than it can save.

    `max_iter` is not the fit's own, so that a fit cut short begins where a longer one does.
    And the start need not be more exact than a fit is by default: the fit itself will be.
    Rows are taken as they are, or `as_measured`: with their errors, if they have any.
    """
    data = problem.data
    unit = None if (data.weights == 1.0).all() else data.weights
    rows = data.drawn
    source: Source = MemorySource(
        rows, unit, n_jobs=data.source.n_threads, drawn_from=data.source.rows_drawn_from
    ).like(data.source)
    if data.source.measurement is not None:
        source.partly_seen = bool(np.isnan(rows).any())
        if as_measured and isinstance(data.source, MeasuredSource):
            source = data.source.some(len(rows), np.random.default_rng(0))
    n_rows, n_drawn = problem.summary.total.n_rows, len(data.sample)
    summary = data.summary
    if n_drawn != n_rows or not data.is_whole:
        summary = summary_of(source, summary.total.moment)
        summary = replace(summary, origin=problem.summary.origin)
    most, usual = _PASSES * n_rows // n_drawn, Options()
    options = replace(
        problem.options,
        tol=max(problem.options.tol, usual.tol),
        max_iter=usual.max_iter if n_drawn >= n_rows else min(usual.max_iter, most),
    )
    data = replace(data, source=source, summary=summary, facts=Facts(source))
    return replace(problem, data=data, options=options)
