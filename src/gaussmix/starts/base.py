"""The contract of a start, and the step from hard labels to a mixture that all share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..components.parameters import Place, join_statistics
from ..components.statistics import SufficientStatistics
from ..em.mstep import Constraints, maximization_of_several, mixture_at
from ..em.options import EMOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.noise import Noise
    from ..mixture.mixture import Mixture
    from ..rows import Source
    from ..rows.summary import DataSummary

__all__ = [
    "Division",
    "Start",
    "StartData",
    "from_divisions",
    "from_labels",
    "softened",
]


# Share of an average component's weight that is added as average scatter.
_SOFTENING = 0.05


@dataclass(frozen=True, eq=False)
class StartData:
    """What a start may look at.

    Attributes
    ----------
    source : Source
        All rows.
    summary : DataSummary
        Of all rows.
    rows, weights : ndarray (m, d), (m,)
        One drawn subsample of positive weight, shared by all starts; rows are
        centred on ``summary.center``, so that no digits are lost far from 0.
    family : Family
    constraints : Constraints
    n_components : int
    options : EMOptions
        How the fit will iterate: for starts that iterate themselves.
    background : Noise or None
        The uniform background that the fit will have, for the same.
    """

    source: Source
    summary: DataSummary
    rows: Array
    weights: Array
    family: Family
    constraints: Constraints
    n_components: int
    options: EMOptions = field(default_factory=EMOptions)
    background: Noise | None = None


class Start(ABC):
    """A way to choose the mixture that EM begins with."""

    #: What users write in ``init_params``; empty for starts given as arrays.
    name: ClassVar[str] = ""
    #: Whether the user gave the start, so that its component order is theirs
    #: and repeating it is pointless.
    given: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        """Return the start.

        Law: a row of weight 0 might as well not be there.
        """


class Division(Start):
    """A start that divides the subsample among components, whatever the family.

    Families with the same number of components can share one division.
    """

    @abstractmethod
    def divide(self, data: StartData, rng: np.random.Generator) -> AnyArray:
        """Return labels (m,) from 0 to K - 1, or responsibilities (m, K), of the subsample."""

    def begin(self, several: Sequence[StartData], divisions: Sequence[AnyArray]) -> list[Mixture]:
        """Return the mixtures of the subsample under what `divide` returned, a family's at once.

        `several` differ by their number of components (and the constraints) at most.
        """
        return from_divisions(several, divisions)

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        return self.begin([data], [self.divide(data, rng)])[0]


def from_divisions(
    several: Sequence[StartData], divisions: Sequence[AnyArray], *, exactly: bool = False
) -> list[Mixture]:
    """Return the M-step on labels (m,) or responsibilities (m, K) of the subsample, softened.

    If `exactly`, only components that collapse are softened: for starts whose clusters are
    worth more than their centers.
    """
    statistics = _statistics(several, divisions)
    if not exactly:
        return _mixtures(several, softened(statistics))[0]
    mixtures, collapsed = _mixtures(several, statistics)
    if not collapsed.any():
        return mixtures
    soft = softened(statistics)
    assert statistics.scatters is not None and soft.scatters is not None
    shared = several[0].family.shared
    chosen = np.repeat(collapsed, statistics.groups.counts) if shared else collapsed
    counts = np.where(chosen, soft.counts, statistics.counts)
    where = statistics.moment.expand(chosen)
    scatters = np.where(where, soft.scatters, statistics.scatters)
    return _mixtures(several, replace(statistics, counts=counts, scatters=scatters))[0]


def from_labels(data: StartData, labels: AnyArray) -> Mixture:
    """Return the mixture of the subsample's rows with hard labels (m,)."""
    return from_divisions([data], [labels])[0]


def _statistics(
    several: Sequence[StartData], divisions: Sequence[AnyArray]
) -> SufficientStatistics:
    places: list[Place[SufficientStatistics]] = []
    for data, division in zip(several, divisions, strict=True):
        hard = division.ndim == 1
        responsibilities = np.eye(data.n_components)[division] if hard else division
        own = SufficientStatistics.from_responsibilities(
            data.rows, responsibilities, data.family.held.moment, data.weights
        )
        places.append((own, 0))
    return join_statistics(places)


def _mixtures(
    several: Sequence[StartData], statistics: SufficientStatistics
) -> tuple[list[Mixture], AnyArray]:
    """Return the M-step on statistics of the centred rows, and which covariances collapsed."""
    family, summary = several[0].family, several[0].summary
    statistics = replace(statistics, means=statistics.means + summary.center)
    if family.shared:
        statistics = statistics.pool()
    constraints = [data.constraints for data in several]
    found, collapsed = maximization_of_several(statistics, family, constraints)
    names = several[0].source.feature_names
    return [mixture_at((found, g), family, names) for g in range(len(several))], collapsed


def softened(statistics: SufficientStatistics) -> SufficientStatistics:
    """Add a little of the average scatter to every component.

    A cluster of few rows would otherwise start collapsed, and stay so.  The amount
    is a share of the total weight: repeated rows and rescaled weights start alike.
    """
    assert statistics.scatters is not None
    groups, moment = statistics.groups, statistics.moment
    totals = groups.sum(statistics.counts)
    average = groups.sum(statistics.scatters) / moment.expand(totals)
    for g in np.flatnonzero(~average.reshape(len(groups), -1).any(axis=1)).tolist():
        # Every row sits on its center: any spread will do.
        own = groups.own(g)
        middle = np.average(statistics.means[own], axis=0, weights=statistics.counts[own])
        average[g] = moment.outer(statistics.means[own] - middle).mean(axis=0)
    extra = groups.spread(_SOFTENING * totals / groups.counts)
    return replace(
        statistics,
        counts=statistics.counts + extra,
        scatters=statistics.scatters + moment.expand(extra) * groups.spread(average),
    )
