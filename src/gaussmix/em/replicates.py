"""Many fits of one model, each to a data set of its own: one batch, in as many calls as one fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rows.blas import single_threaded_blas
from .climbers import Climbers
from .loop import Batch, Convergence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray
    from ..components.parameters import Parameters
    from ..estep.many import ManyRows
    from .climb import Climb, Ended
    from .result import FitResult

__all__ = ["fit_each", "fit_replicates"]


def fit_replicates(
    climb: Climb, starts: Parameters, data: ManyRows, places: AnyArray
) -> list[FitResult | None]:
    """Fit a model to data sets, and return the results; None where a fit fails.  See `fit_each`."""
    results: list[FitResult | None] = [None] * len(places)
    for ended in fit_each(climb, starts, data, places):
        for number, result in ended.results(later=True):
            results[number] = result
    return results


def fit_each(climb: Climb, starts: Parameters, data: ManyRows, places: AnyArray) -> Iterator[Ended]:
    """Fit a model to data sets, and yield fits as they stop; those that fail are in none.

    Parameters
    ----------
    climb : Climb
    starts : Parameters
        Of R mixtures.
    data : ManyRows
    places : ndarray of int (R,)
        Which data set each fit is to.
    """
    weights = data.totals[places]
    team = Climbers([climb] * len(places), starts, weights, forgiving=True)
    batch = Batch([team], Convergence())
    with single_threaded_blas():
        while batch.teams:
            ((parameters, family),) = batch.questions
            yield from batch.step([data.statistics(places[team.numbers], parameters, family)])
