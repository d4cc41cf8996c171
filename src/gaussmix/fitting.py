"""From a source of rows to a fitted mixture: checks, starts, EM, the best of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .datacheck import check_data, check_distinct_rows
from .em import Callback, EMOptions, FitResult, Status, fit_em
from .exceptions import FitInterrupted
from .init import Start, StartData
from .summary import SummaryFold
from .validation import require_finite

if TYPE_CHECKING:
    from .families import Family
    from .sources import Source

__all__ = ["fit_mixture"]

# Starts are found on at most this many rows (more for many components).
_START_ROWS = 20_000
_START_ROWS_PER_COMPONENT = 100


def fit_mixture(
    source: Source,
    n_components: int,
    family: Family,
    start: Start,
    options: EMOptions,
    *,
    n_init: int = 1,
    rng: np.random.Generator,
    callback: Callback | None = None,
) -> FitResult:
    """Fit a mixture to the rows of a source; the best of `n_init` starts.

    Fits without a collapsed component are preferred to fits with one, whose
    likelihood only says how low the floor is.

    Raises
    ------
    DataError
        If the data cannot support the model.
    FitInterrupted
        On Ctrl-C; carries the best state of all starts so far.
    """
    summary = source.reduce(SummaryFold(family.held.moment, source.n_features))
    require_finite(summary, source.feature_names)
    constraints = options.constraints(summary)
    n_rows = max(_START_ROWS, _START_ROWS_PER_COMPONENT * n_components)
    rows, weights = source.sample(n_rows, rng)
    check_distinct_rows(rows, source.n_rows, n_components)
    rows = rows - summary.center
    check_data(summary, family, constraints, source.feature_names, rows)
    data = StartData(source, summary, rows, weights, family, constraints, n_components)
    best: FitResult | None = None
    try:
        for _ in range(1 if start.given else n_init):
            result = fit_em(source, start(data, rng), family, summary, options, callback)
            best = _better(best, result)
    except KeyboardInterrupt as interrupted:
        if isinstance(interrupted, FitInterrupted):
            best = _better(best, interrupted.result)
        if best is None:
            raise
        best = replace(best, status=Status.INTERRUPTED)
        raise FitInterrupted(_finish(best, start)) from None
    assert best is not None
    return _finish(best, start)


def _better(best: FitResult | None, other: FitResult) -> FitResult:
    if best is None:
        return other

    def rank(result: FitResult) -> tuple[bool, float]:
        return not result.collapsed, np.nan_to_num(result.log_likelihood, nan=-np.inf)

    return other if rank(other) > rank(best) else best


def _finish(result: FitResult, start: Start) -> FitResult:
    """Put components in the documented order: by mean, unless the start was given."""
    if start.given:
        return replace(result, given_start=True)
    order = result.mixture.order_by("mean")
    place = {int(old): new for new, old in enumerate(order)} | {-1: -1}
    history = replace(
        result.history,
        collapsed=[tuple(sorted(place[k] for k in ks)) for ks in result.history.collapsed],
    )
    return replace(result, mixture=result.mixture.reorder(order), history=history)
