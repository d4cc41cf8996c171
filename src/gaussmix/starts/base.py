"""The contract of a start, and the step from divided rows to a mixture that all share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from ..components.parameters import Place, join_statistics, one_of
from ..components.statistics import SufficientStatistics
from ..mixture import Mixture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..em.optima import Optimum
    from ..em.problem import Problem

__all__ = ["Beginning", "Division", "Start", "from_divisions", "from_labels", "softened"]


# Share of an average component's weight that is added as average scatter.
_SOFTENING = 0.05
# A wider average scatter than so many of the data's own variances is some far rows'.
_WIDEST = 10.0


class Widths(Protocol):
    """What starts ask data of how wide they are; see `Data.narrowed`."""

    def narrowed(self, covariances: Array, moment: Moment, times: float, /) -> Array: ...


@dataclass(frozen=True, eq=False)
class Beginning:
    """Where a fit begins.

    Attributes
    ----------
    mixture : Mixture
    optima : tuple of Optimum
        What the start has learned of optima, if it has looked at several.
    trail : tuple of float
        Of the fit that ended there, if it is one: see `FitResult`.
    """

    mixture: Mixture
    optima: tuple[Optimum, ...] = ()
    trail: tuple[float, ...] = ()


class Start(ABC):
    """A way to choose the mixture that EM begins with."""

    #: What users write in ``init_params``; empty for starts given as arrays.
    name: ClassVar[str] = ""
    #: Whether the user gave the start, so that its component order is theirs
    #: and repeating it is pointless.
    given: ClassVar[bool] = False
    #: Whether all it says is how rows are divided: the mixture that follows may then be one in
    #: other coordinates, ``problem.data``'s; what it looks at is ``problem.seen``.
    divides: ClassVar[bool] = False
    #: Whether it is the best of several.
    contends: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        """Return the start of a fit.

        ``problem.data`` holds all rows that may be looked at (``facts.clean``), their summary
        and a sample; ``problem.model`` says what is to be fitted.

        Law: a row of weight 0 might as well not be there.
        """

    def beginning(self, problem: Problem, rng: np.random.Generator) -> Beginning:
        """Return the start of a fit, and what else was found on the way to it."""
        return Beginning(self(problem, rng))


class Division(Start):
    """A start that divides the sample among components, whatever the family.

    Families with the same number of components can share one division.
    """

    divides = True

    @abstractmethod
    def divide(self, problem: Problem, rng: np.random.Generator) -> AnyArray:
        """Return labels (m,) from 0 to K - 1, or responsibilities (m, K), of the sample."""

    def begin(self, several: Sequence[Problem], divisions: Sequence[AnyArray]) -> list[Mixture]:
        """Return the mixtures of the sample under what `divide` returned, a family's at once.

        `several` differ by their number of components at most.
        """
        return from_divisions(several, divisions)

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        return self.begin([problem], [self.divide(problem.seen, rng)])[0]


def from_divisions(
    several: Sequence[Problem], divisions: Sequence[AnyArray], *, exactly: bool = False
) -> list[Mixture]:
    """Return the M-step on labels (m,) or responsibilities (m, K) of the sample, softened.

    If `exactly`, only components that collapse are softened: for starts whose clusters are
    worth more than their centers.
    """
    statistics, data = _statistics(several, divisions), several[0].data
    if not exactly:
        return _mixtures(several, softened(statistics, data))[0]
    mixtures, collapsed = _mixtures(several, statistics)
    if not collapsed.any():
        return mixtures
    soft = softened(statistics, data)
    shared = several[0].family.shared
    chosen = np.repeat(collapsed, statistics.groups.counts) if shared else collapsed
    counts = np.where(chosen, soft.counts, statistics.counts)
    where = statistics.moment.expand(chosen)
    scatters = np.where(where, soft.scatters, statistics.scatters)
    return _mixtures(several, replace(statistics, counts=counts, scatters=scatters))[0]


def from_labels(problem: Problem, labels: AnyArray) -> Mixture:
    """Return the mixture of the sample's rows with hard labels (m,)."""
    return from_divisions([problem], [labels])[0]


def _statistics(several: Sequence[Problem], divisions: Sequence[AnyArray]) -> SufficientStatistics:
    places: list[Place[SufficientStatistics]] = []
    for problem, division in zip(several, divisions, strict=True):
        hard = division.ndim == 1
        responsibilities = np.eye(problem.n_components)[division] if hard else division
        own = SufficientStatistics.from_responsibilities(
            problem.data.exact, responsibilities, problem.family.held.moment, problem.data.weights
        )
        places.append((own, 0))
    return join_statistics(places)


def _mixtures(
    several: Sequence[Problem], statistics: SufficientStatistics
) -> tuple[list[Mixture], AnyArray]:
    """Return the M-step on statistics of the centred sample, and which covariances collapsed."""
    data = several[0].data
    in_place = replace(statistics, means=statistics.means + data.center)
    found, collapsed = several[0].objective.update(in_place)
    names = data.source.feature_names
    mixtures = [Mixture.of_parameters(one_of((found, g)), names) for g in range(len(several))]
    return mixtures, collapsed


def softened(statistics: SufficientStatistics, data: Widths) -> SufficientStatistics:
    """Add a little of the average scatter to every component.

    A cluster of few rows would otherwise start collapsed, and stay so.  The amount
    is a share of the total weight: repeated rows and rescaled weights start alike.
    The average is no wider than so many ``data.scales``, variances of all but far rows.
    """
    groups, moment = statistics.groups, statistics.moment
    totals = groups.sum(statistics.counts)
    average = groups.sum(statistics.scatters) / moment.expand(totals)
    for g in np.flatnonzero(~average.reshape(len(groups), -1).any(axis=1)).tolist():
        # Every row sits on its center: any spread will do.
        own = groups.own(g)
        middle = np.average(statistics.means[own], axis=0, weights=statistics.counts[own])
        average[g] = moment.outer(statistics.means[own] - middle).mean(axis=0)
    average = data.narrowed(average, moment, _WIDEST)
    extra = groups.spread(_SOFTENING * totals / groups.counts)
    return replace(
        statistics,
        counts=statistics.counts + extra,
        scatters=statistics.scatters + moment.expand(extra) * groups.spread(average),
    )
