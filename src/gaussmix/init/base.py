"""The contract of a start, and the step from hard labels to a mixture that all share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..mstep import Constraints, maximization
from ..options import EMOptions
from ..statistics import SufficientStatistics

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..families import Family
    from ..mixture import Mixture
    from ..noise import Noise
    from ..sources import Source
    from ..summary import DataSummary

__all__ = [
    "Division",
    "Start",
    "StartData",
    "from_labels",
    "from_labels_exactly",
    "from_soft_labels",
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

    def begin(self, data: StartData, division: AnyArray) -> Mixture:
        """Return the mixture of the subsample under what `divide` returned."""
        return (from_labels if division.ndim == 1 else from_soft_labels)(data, division)

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        return self.begin(data, self.divide(data, rng))


def from_labels(data: StartData, labels: AnyArray) -> Mixture:
    """Return the mixture of the subsample's rows with hard labels (m,)."""
    return from_soft_labels(data, np.eye(data.n_components)[labels])


def from_soft_labels(data: StartData, responsibilities: Array) -> Mixture:
    """Return the mixture of the subsample's rows with responsibilities (m, K)."""
    return _mixture(data, softened(_statistics(data, responsibilities)))[0]


def from_labels_exactly(data: StartData, labels: AnyArray) -> Mixture:
    """Return the M-step on hard labels (m,), softened only where it collapses.

    For starts whose clusters are worth more than their centers.
    """
    statistics = _statistics(data, np.eye(data.n_components)[labels])
    mixture, collapsed = _mixture(data, statistics)
    if not collapsed.any():
        return mixture
    soft = softened(statistics)
    assert statistics.scatters is not None and soft.scatters is not None
    chosen = np.broadcast_to(collapsed, data.n_components)
    counts = np.where(chosen, soft.counts, statistics.counts)
    where = statistics.moment.expand(chosen)
    scatters = np.where(where, soft.scatters, statistics.scatters)
    return _mixture(data, replace(statistics, counts=counts, scatters=scatters))[0]


def _statistics(data: StartData, responsibilities: Array) -> SufficientStatistics:
    moment = data.family.held.moment
    return SufficientStatistics.from_responsibilities(
        data.rows, responsibilities, moment, data.weights
    )


def _mixture(data: StartData, statistics: SufficientStatistics) -> tuple[Mixture, AnyArray]:
    """Return the M-step on statistics of the centred rows, and which covariances collapsed."""
    statistics = replace(statistics, means=statistics.means + data.summary.center)
    if data.family.shared:
        statistics = statistics.pool()
    names = data.source.feature_names
    return maximization(statistics, data.family, data.constraints, feature_names=names)


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
