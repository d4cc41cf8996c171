"""Fits to rows that all have a label: one pass for the statistics, then M-steps alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances.base import LOG_2PI
from ..em.climb import collapsed_components
from ..em.mstep import misfit
from ..em.problem import Problem
from ..em.result import FitResult, History, Status
from ..exceptions import DataError
from ..mixture import Mixture
from ..rows.blas import single_threaded_blas
from ..starts.given import ResponsibilityFold
from .fit import draw, facts_of, moment_of_data, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..em.model import Model
    from ..em.objectives import Objective
    from ..em.options import Options
    from ..rows import Source

__all__ = ["LabelledRows", "settled"]

# M-steps until covariances stay: families that iterate go on from what they found.
_MOST_STEPS = 50
_STILL = 1e-12


class LabelledRows:
    """Rows of known components, looked at once for all families.

    Parameters
    ----------
    source : Source
    codes : ndarray of int (n,)
        The component of each row, from 0 to K - 1.
    n_components : int
    families : sequence of Family
        Those that will be fitted.
    rng : Generator
        Draws the rows that scales are taken from.

    Raises
    ------
    DataError
        If values are not finite, or a component has no row of positive weight.
    """

    def __init__(
        self,
        source: Source,
        codes: AnyArray,
        n_components: int,
        families: Sequence[Family],
        rng: np.random.Generator,
    ) -> None:
        moment = moment_of_data(families)
        summary = summarise(source, moment)
        self.data = draw(source, summary, facts_of(source), 1, rng)
        fold = ResponsibilityFold(codes, n_components, source.n_features, moment)
        self.statistics = source.reduce(fold)
        empty = np.flatnonzero(self.statistics.counts <= 0)
        if len(empty):
            raise DataError(f"y: class number {empty[0]} has no row of positive weight")

    def fit(self, model: Model, options: Options) -> FitResult:
        """Return the estimates of a model; its log-likelihood is of rows with their labels.

        Raises
        ------
        DataError, ParameterError
            If the rows cannot support the model.
        """
        problem = Problem(self.data, model, options).checked()
        objective, family = problem.objective, model.family
        statistics = self.statistics.held_as(family.held.moment)
        with single_threaded_blas():
            found, mask = settled(objective, statistics)
        log_likelihood = _log_likelihood(found, statistics, family)
        collapsed = collapsed_components(mask, family)
        source = self.data.source
        return FitResult(
            Mixture.of_parameters(found, source.feature_names),
            model,
            log_likelihood,
            statistics.total,
            source.n_rows,
            Status.CONVERGED,
            History([log_likelihood], [0.0], [collapsed]),
            given_start=True,
            statistics=statistics,
            floor=objective.floor,
        )


def settled(objective: Objective, statistics: SufficientStatistics) -> tuple[Parameters, AnyArray]:
    """Return the parameters that M-steps on the same statistics lead to; see `Objective.update`."""
    found, mask = objective.update(statistics)
    for _ in range(_MOST_STEPS):
        before = found
        found, mask = objective.update(statistics, before)
        if _same(before, found):
            break
    return found, mask


def _same(a: Parameters, b: Parameters) -> bool:
    values, others = a.covariances.values, b.covariances.values
    return bool(np.abs(values - others).max() <= _STILL * np.abs(others).max())


def _log_likelihood(
    parameters: Parameters, statistics: SufficientStatistics, family: Family
) -> float:
    """Return the sum of log w_k N(x | k) over rows with their components."""
    pooled = statistics.pool() if family.shared else statistics
    n, d = statistics.total, statistics.n_features
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = statistics.counts @ np.log(parameters.weights)
    return float(weights - 0.5 * (misfit(parameters.covariances, pooled).sum() + n * d * LOG_2PI))
