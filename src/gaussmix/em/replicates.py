"""Many fits of one model, each to a data set of its own: one batch, in as many calls as one fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_parameters
from ..rows.blas import single_threaded_blas
from .climb import Climb, begun
from .climbers import Climbers
from .loop import Batch, Convergence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray
    from ..components.parameters import Parameters
    from ..estep.many import ManyRows
    from ..mixture import Mixture
    from .climb import Ended
    from .model import Model
    from .objectives import Objective
    from .options import Options
    from .result import FitResult

__all__ = ["fit_each", "fit_replicates"]


def fit_replicates(
    model: Model,
    objective: Objective,
    options: Options,
    starts: Sequence[Mixture],
    data: ManyRows,
    places: Sequence[int] | None = None,
) -> list[FitResult | None]:
    """Fit a model to each of many data sets, and return the results; None where a fit fails.

    Parameters
    ----------
    model : Model
    objective : Objective
        Of data on the same scales: it says where covariances are held.
    options : Options
    starts : sequence of Mixture
        Where each fit begins.
    data : ManyRows
    places : sequence of int, optional
        Which data set each fit is to; the first to the first unless said otherwise.
    """
    numbers = np.arange(len(starts)) if places is None else np.asarray(places, dtype=int)
    if not len(numbers):
        return []
    begun_at = {id(start): start for start in starts}
    stacks = {key: (begun(start, objective), 0) for key, start in begun_at.items()}
    stack = join_parameters([stacks[id(start)] for start in starts])
    results: list[FitResult | None] = [None] * len(numbers)
    for ended in fit_each(Climb(model, objective, options), stack, data, numbers):
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
