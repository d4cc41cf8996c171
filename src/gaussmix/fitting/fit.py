"""From a source of rows to a fitted mixture: checks, starts, EM, the best of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import SQUARES
from ..em.keeper import Keeper
from ..em.loop import fit
from ..em.narrow import narrowed
from ..em.optima import Candidate, merged
from ..em.problem import Problem
from ..em.progress import watching
from ..em.result import Callback, FitResult, Status, height
from ..estep.measured.choice import OF_NORMAL_ALONE
from ..exceptions import FitInterrupted, ParameterError
from ..rows.blas import single_threaded_blas
from ..rows.checks import require_finite, require_near, require_rows
from ..rows.data import Data, Facts
from ..rows.filled import filled
from ..rows.measured import MeasuredSource
from ..rows.spread import Quantiles, brought_in, looked_at
from ..rows.subsample import draw_rows
from ..rows.summary import summary_of
from ..rows.suspicions import warn_of_columns
from ..starts.base import Beginning
from ..starts.deconvolving import Deconvolving
from .background import background_of
from .known import align
from .projected import with_stand_ins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.moments import Moment
    from ..em.model import Model
    from ..em.options import Options
    from ..mixture import Mixture
    from ..rows import Source
    from ..rows.summary import DataSummary
    from ..starts import Start

__all__ = [
    "best_of",
    "draw",
    "facts_of",
    "fit_mixture",
    "fit_problem",
    "moment_of_data",
    "put_to_start",
    "require_no_errors",
    "summarise",
    "with_errors",
]


def summarise(source: Source, moment: Moment) -> DataSummary:
    """Make the first pass over the data; raise DataError if values are not finite."""
    summary = summary_of(source, moment)
    require_finite(summary, source)
    return summary


def moment_of_data(families: Sequence[Family]) -> Moment:
    """Return the moment of a summary for some families: the widest of theirs.

    It has variances by feature at least: scales and floors are the same whichever families
    share the data.
    """
    held = [SQUARES, *(family.held.moment for family in families)]
    return max(held, key=lambda moment: moment.n_axes)


def facts_of(
    source: Source, known: AnyArray | None = None, noise: float | AnyArray | None = None
) -> Facts:
    """Return what is known of rows: components, and a share or a mask (n,) of noise."""
    if noise is None:
        return Facts(source, known)
    background = background_of(source, noise)
    clean = source if isinstance(noise, float) else source.without(noise)
    return Facts(clean, known, background)


def draw(
    source: Source,
    summary: DataSummary,
    facts: Facts,
    n_components: int,
    rng: np.random.Generator,
) -> Data:
    """Draw the rows that starts look at; raise DataError if too few of them differ."""
    drawn, weights = draw_rows(facts.clean, n_components, rng)
    rows = filled(drawn)
    background, found = facts.background, Quantiles(rows, weights)
    if background is not None:
        # A product of few rows: threads of BLAS, once woken, would be in the way of ours.
        turned = Quantiles(looked_at(rows) @ background.axes, looked_at(weights))
        facts = replace(facts, background=background.within(*turned.near))
    summary = summary.about(found)
    sample, far = rows, np.empty(0, dtype=int)
    if not summary.lies_in(found.near):
        sample, far = brought_in(rows, found.near, n_components)
    return Data(source, summary, facts, sample - summary.center, weights, drawn, far, rows)


def fit_mixture(
    source: Source,
    model: Model,
    start: Start,
    options: Options,
    *,
    rng: np.random.Generator,
    callback: Callback | None = None,
    known: AnyArray | None = None,
    noise: float | AnyArray | None = None,
    keeper: Keeper | None = None,
) -> FitResult:
    """Fit a mixture to the rows of a source, from ``options.n_init`` starts.

    ``options.select`` says which of the fits is returned.

    Parameters
    ----------
    known : ndarray of int (n,), optional
        Components of rows, -1 where unknown.
    noise : float or ndarray of bool (n,), optional
        Of a model with a background: its share of the rows to start with, or which
        rows to start with as noise.
    callback : callable, optional
        Told of each iteration, and of rows within a pass if it has a method ``progress``.
    keeper : Keeper, optional
        Saves the state of the fit, and puts it back.

    Raises
    ------
    DataError
        If the data cannot support the model.
    FitInterrupted
        On Ctrl-C; carries the best state of all starts so far.
    """
    keeper = keeper or Keeper()
    # What makes it the same fit; tol and max_iter only say how far it goes.
    settings = {
        **{name: value for name, value in vars(model).items() if name not in _ELSEWHERE},
        "init_params": start,
        "n_init": options.n_init,
        "select": options.select.name,
        "accelerate": options.accelerate,
        "known": known,
        "noise": noise,
    }
    with watching(source, callback, options) as told:
        source, start = with_errors(source, model, start)
        if keeper.saves and isinstance(source, MeasuredSource):
            settings["Xerr"] = source.described
        keeper.open(model, settings, rng)
        summary = summarise(source, moment_of_data([model.family]))
        require_rows(summary, source)
        keeper.meet(summary.held_as(model.family.held.moment))
        data = draw(source, summary, facts_of(source, known, noise), model.n_components, rng)
        problem = Problem(data, model, options).checked()
        warn_of_columns(data.whole, problem.regularised, source.feature_names, stacklevel=4)
        return fit_problem(problem, start, rng=rng, callback=told, keeper=keeper)


# Parts of a model that a keeper is told of in other words.
_ELSEWHERE = ("family", "background")


def with_errors(source: Source, model: Model, start: Start) -> tuple[Source, Start]:
    """Return the rows that are fitted, and where the fit begins, if there are measurement errors.

    Raises
    ------
    ParameterError
        If the model is of none such rows.
    DataError
        If projections leave out a direction.
    """
    require_no_errors(source, model)
    if source.measurement is None:
        return source, start
    return with_stand_ins(source), Deconvolving.of(start)


def require_no_errors(source: Source, model: Model) -> None:
    """Raise ParameterError if rows have measurement errors, and the model is of none such."""
    if source.measurement is not None and not model.density.plain:
        raise ParameterError(OF_NORMAL_ALONE)


def fit_problem(
    problem: Problem,
    start: Start,
    *,
    rng: np.random.Generator,
    callback: Callback | None = None,
    keeper: Keeper | None = None,
) -> FitResult:
    """Fit a mixture to rows already looked at; see `fit_mixture`."""
    keeper = keeper or Keeper()
    begun = keeper.begun(rng)
    own = narrowed(problem) if start.divides and not keeper.saves else problem
    first, results = (0, []) if begun is None else (begun.number, [*begun.results])

    def fit_once(number: int) -> FitResult:
        if begun is not None and number == first:
            found = Beginning(begun.mixture)
        else:
            found = start.beginning(own, rng)
            mixture = put_to_start(own, found.mixture, keep_order=start.given)
            found = replace(found, mixture=mixture)
            keeper.starting(number, results, rng)
        result = fit(own, found.mixture, callback, keeper, found.trail)
        return replace(own.told(result), optima=found.optima)

    keeps_order = start.given or problem.data.facts.known is not None
    try:
        # Threads of our own work on blocks of rows; matrices as small as covariances only
        # lose by threads of BLAS, most of all where other processes want the cores too.
        with single_threaded_blas():
            for number in range(first, 1 if start.given else problem.options.n_init):
                results.append(fit_once(number))
            best = best_of(problem, results, keeps_order=keeps_order)
        keeper.finish()
    except KeyboardInterrupt as interrupted:
        if isinstance(interrupted, FitInterrupted):
            results.append(own.told(interrupted.result))
        if not results:
            raise
        highest = replace(max(results, key=height), status=Status.INTERRUPTED)
        raise FitInterrupted(_finish(problem, highest, keeps_order)) from None
    return best


def put_to_start(problem: Problem, mixture: Mixture, *, keep_order: bool) -> Mixture:
    """Return a start with the data's background, and components in the order of known ones."""
    facts = problem.data.facts
    require_near(mixture.means, mixture.scales, problem.summary)
    if mixture.noise is None:
        mixture = facts.put_behind(mixture)
    if facts.known is None or keep_order:
        return mixture
    return align(mixture, facts.clean, facts.known)


def best_of(problem: Problem, results: Sequence[FitResult], *, keeps_order: bool) -> FitResult:
    """Return the chosen one of several fits, its components in the documented order."""
    if len(results) == 1:
        return _finish(problem, results[0], keeps_order)
    different = merged([Candidate(result, {"start": 1}) for result in results])
    place, optima = problem.options.select(different, problem.data)
    chosen = replace(different[place].result, optima=optima)
    return _finish(problem, chosen, keeps_order)


def _left_out(problem: Problem) -> int:
    """Return how many rows are left out for missing values: all of those that miss every one."""
    return problem.data.source.n_incomplete or problem.summary.n_unseen


def _finish(problem: Problem, result: FitResult, keeps_order: bool) -> FitResult:
    """Put components in the model's order, unless theirs was given."""
    left_out, missing = _left_out(problem), problem.summary.missing
    result = replace(result, n_dropped=left_out, missing=missing)
    if keeps_order:
        return replace(result, given_start=True)
    order = result.mixture.order_by(result.model.order)
    place = {int(old): new for new, old in enumerate(order)} | {-1: -1}
    history = replace(
        result.history,
        collapsed=[tuple(sorted(place[k] for k in ks)) for ks in result.history.collapsed],
    )
    statistics = None if result.statistics is None else result.statistics.take(order)
    return replace(
        result,
        mixture=result.mixture.reorder(order),
        history=history,
        statistics=statistics,
    )
