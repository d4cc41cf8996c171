"""A fit to few rows of many columns, in the directions that the rows have.

With fewer rows than columns most of a covariance matrix is known beforehand: in a direction that no
row has it is at the floor.  Families that do not depend on coordinates need not carry it along:
EM is the same in an orthonormal basis of the span of the rows, in units in which the floor is the
same in all directions.  One more coordinate, in which all rows are 0, stands for all others, so
that what is held, and how far, is decided as in all columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances.spanned import SpannedCovariances, spanned
from ..components.moments import NOTHING
from ..components.parameters import Parameters
from ..mixture import Mixture
from ..rows.data import Data, Facts
from ..rows.summary import SummaryFold
from .problem import Problem

if TYPE_CHECKING:
    from .._typing import Array
    from ..components.families import Family
    from ..components.moments import Moment
    from ..components.statistics import SufficientStatistics
    from ..rows.span import Span
    from .result import FitResult

__all__ = ["NarrowProblem", "narrowed"]


def narrowed(problem: Problem) -> Problem:
    """Return the fit in the directions that the rows have, or the problem itself.

    Itself where rows are not few, where the family depends on coordinates, or where something
    does that is given in those of the columns.
    """
    model, facts = problem.model, problem.data.facts
    if not (model.family.coordinate_free and model.density.plain):
        return problem
    if model.knows_columns or facts.background:
        return problem
    span = problem.data.directions(problem.data.scales)
    return problem if span is None else NarrowProblem.of(problem, span)


@dataclass(frozen=True, eq=False)
class NarrowData(Data):
    """Rows in the directions that they have.

    Attributes
    ----------
    wide : Data
        The rows as they are.
    span : Span
        In units of `wide`'s scales.
    """

    wide: Data
    span: Span

    @property
    def scales(self) -> Array:
        """The units are such that all are 1."""
        return np.ones(self.span.n_features)

    def narrowed(self, covariances: Array, moment: Moment, times: float) -> Array:
        # Of features, not of directions: what is then outside of the span is left out.
        found, span = covariances.copy(), self.span
        for own in found:
            inner = own[:-1, :-1]
            if (np.einsum("ij,ij->i", span.axes @ inner, span.axes) > times).any():
                whole = span.scaled((span.axes @ inner @ span.axes.T)[None])
                inner[...] = span.taken(self.wide.narrowed(whole, moment, times))[0]
        return found


@dataclass(frozen=True, eq=False)
class NarrowProblem(Problem):
    """A fit in the directions that the rows have.

    Attributes
    ----------
    wide : Problem
        The fit to the rows as they are.
    span : Span
    """

    wide: Problem
    span: Span

    @classmethod
    def of(cls, wide: Problem, span: Span) -> NarrowProblem:
        """Return the fit in a span."""
        data = wide.data
        source = data.rows_in(span)
        summary = source.reduce(SummaryFold(wide.family.held.moment, span.n_features))
        drawn = span.coordinates(data.drawn)
        own = NarrowData(
            source,
            summary,
            Facts(source, data.facts.known),
            drawn - summary.center,
            data.weights,
            drawn,
            data.far,
            drawn,
            data,
            span,
        )
        model = replace(wide.model, family=_family_in(span, wide.family))
        # Leaps are from one matrix with a factor to another; here there is none.
        return cls(own, model, replace(wide.options, accelerate=False), wide, span)

    @property
    def seen(self) -> Problem:
        return self.wide

    @property
    def is_held(self) -> bool:
        return True

    def told(self, result: FitResult, *, briefly: bool = False) -> FitResult:
        own, span, family = result.mixture, self.span, self.wide.family
        assert isinstance(own.covariances, SpannedCovariances)
        values = span.scaled(own.covariances.outside(span.axes))
        held = family.hold(values, own.n_components, values.shape[1])
        parameters = Parameters.of_one(own.weights, span.points(own.means), held)
        names = self.wide.data.source.feature_names
        return replace(
            result,
            mixture=Mixture.of_parameters(parameters, names),
            model=self.wide.model,
            statistics=self._told(result.statistics, briefly),
            floor=self.wide.objective.floor,
        )

    def _told(
        self, statistics: SufficientStatistics | None, briefly: bool
    ) -> SufficientStatistics | None:
        if statistics is None:
            return None
        span = self.span
        means = span.points(statistics.means)
        if briefly:
            return replace(statistics.held_as(NOTHING), means=means)
        axes = span.axes
        scatters = span.scaled(axes @ statistics.scatters[:, :-1, :-1] @ axes.T)
        scatters = 0.5 * (scatters + np.swapaxes(scatters, 1, 2))
        return statistics.changed(means=means, scatters=scatters)


def _family_in(span: Span, family: Family) -> Family:
    return family.held_as(spanned(span.n_left_out, span.log_volume))
