"""Many fits of one model, each to a data set of its own: one batch, in as many calls as one fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import DataError
from ..rows.blas import single_threaded_blas
from .climb import Climb
from .loop import Batch, Climbers, Convergence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..estep.many import ManyRows
    from ..mixture import Mixture
    from .model import Model
    from .objectives import Objective
    from .options import Options
    from .result import FitResult

__all__ = ["fit_replicates"]

_FAILURES = (DataError, np.linalg.LinAlgError)


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
    numbers = list(range(len(starts))) if places is None else list(places)
    with single_threaded_blas():
        return _fitted(model, objective, options, starts, data, numbers)


def _fitted(
    model: Model,
    objective: Objective,
    options: Options,
    starts: Sequence[Mixture],
    data: ManyRows,
    places: list[int],
) -> list[FitResult | None]:
    climbs = [
        Climb(start, model, objective, options, data.total(place))
        for start, place in zip(starts, places, strict=True)
    ]
    place_of = {id(climb): place for climb, place in zip(climbs, places, strict=True)}
    found: dict[int, FitResult] = {}
    if not climbs:
        return []
    team = Climbers(climbs)
    batch = Batch([team], Convergence())
    try:
        while batch.teams:
            own = np.array([place_of[id(climb)] for climb in team.climbs])
            ((parameters, family),) = batch.questions
            for climb, status in batch.step([data.statistics(own, parameters, family)]):
                found[id(climb)] = climb.result(status)
    except _FAILURES:
        if len(climbs) == 1:
            return [None]
        # One of them stops the others: halves tell which.
        half = len(climbs) // 2
        given = (model, objective, options)
        return [
            *_fitted(*given, starts[:half], data, places[:half]),
            *_fitted(*given, starts[half:], data, places[half:]),
        ]
    return [found[id(climb)] for climb in climbs]
