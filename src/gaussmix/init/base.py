"""The contract of a start, and the step from hard labels to a mixture that all share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..mstep import Constraints, maximization
from ..statistics import SufficientStatistics

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..families import Family
    from ..mixture import Mixture
    from ..sources import Source
    from ..summary import DataSummary

__all__ = ["Start", "StartData", "from_centers", "from_soft_labels"]


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
    """

    source: Source
    summary: DataSummary
    rows: Array
    weights: Array
    family: Family
    constraints: Constraints
    n_components: int


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


def from_centers(data: StartData, centers: Array) -> Mixture:
    """Return the mixture of the subsample's rows, each given to its nearest center (K, d)."""
    # |x - c|^2 without the row's own norm, which does not change the order.
    scores = data.rows @ centers.T - 0.5 * np.einsum("ij,ij->i", centers, centers)
    return from_labels(data, scores.argmax(axis=1))


def from_labels(data: StartData, labels: AnyArray) -> Mixture:
    """Return the mixture of the subsample's rows with hard labels (m,)."""
    return from_soft_labels(data, np.eye(data.n_components)[labels])


def from_soft_labels(data: StartData, responsibilities: Array) -> Mixture:
    """Return the mixture of the subsample's rows with responsibilities (m, K)."""
    moment = data.family.held.moment
    statistics = SufficientStatistics.from_responsibilities(
        data.rows, responsibilities, moment, data.weights
    )
    statistics = _soften(statistics)
    statistics = replace(statistics, means=statistics.means + data.summary.center)
    if data.family.shared:
        statistics = statistics.pool()
    names = data.source.feature_names
    return maximization(statistics, data.family, data.constraints, feature_names=names)[0]


def _soften(statistics: SufficientStatistics) -> SufficientStatistics:
    """Add a little of the average scatter to every component.

    A cluster of few rows would otherwise start collapsed, and stay so.  The amount
    is a share of the total weight: repeated rows and rescaled weights start alike.
    """
    assert statistics.scatters is not None
    extra = _SOFTENING * statistics.total / statistics.n_components
    average = statistics.scatters.sum(axis=0) / statistics.total
    if not np.any(average):  # every row sits on its center: any spread will do
        offsets = statistics.means - np.average(statistics.means, axis=0, weights=statistics.counts)
        average = statistics.moment.outer(offsets).mean(axis=0)
    return replace(
        statistics,
        counts=statistics.counts + extra,
        scatters=statistics.scatters + extra * average,
    )
