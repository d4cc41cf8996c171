"""Many fits of one model, each to a data set of its own: one batch, in as many calls as one fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import picked
from ..rows.blas import single_threaded_blas
from .climbers import Climbers
from .compiled.fits import CompiledFits
from .loop import Batch, Convergence
from .trace import Written

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
    fits = CompiledFits(climb, starts, data, places, Written())
    left = np.ones(len(places), dtype=bool)
    if fits.suit():
        for ended in fits.ended():
            left[ended.numbers] = False
            yield ended
    yield from _fit_left(fits, np.flatnonzero(left))


def _fit_left(fits: CompiledFits, numbers: AnyArray) -> Iterator[Ended]:
    """Make the fits of some numbers step by step together."""
    if not len(numbers):
        return
    climb, starts, data, places, trace = fits
    own = places[numbers]
    stack = starts if len(own) == len(places) else picked([starts], numbers)
    team = Climbers([climb] * len(own), stack, data.totals[own], forgiving=True)
    trace.go_on(team.trace, numbers)
    batch = Batch([team], Convergence())
    with single_threaded_blas():
        while batch.teams:
            ((parameters, family),) = batch.questions
            found = data.statistics(own[team.numbers], parameters, family)
            for ended in batch.step([found]):
                each = numbers[ended.numbers]
                yield ended._replace(
                    climbs=[climb] * len(places), numbers=each, places=each, trace=trace
                )
