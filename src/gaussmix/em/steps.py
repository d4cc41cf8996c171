"""E-steps over the rows of a source, of one mixture or of many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_statistics, one_of
from ..estep.expectation import expectation, expectation_of_several
from ..estep.observations import COMPLETE, MISSING, Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..estep import NaturalForm
    from ..estep.observations import Observation
    from ..rows import Source
    from ..rows.summary import DataSummary

__all__ = ["EStep", "observed"]


def observed(source: Source, summary: DataSummary) -> Observation:
    """Return what is seen of the rows of a source, of which a summary is known."""
    if source.measurement is not None:
        return Measured(source.measurement)
    return MISSING if summary.incomplete else COMPLETE


@dataclass(frozen=True, eq=False)
class EStep:
    """What an E-step needs besides parameters.

    Attributes
    ----------
    source : Source
    summary : DataSummary
        Of its rows, with scatters as the family of a single mixture holds them.
    known : ndarray of int (n,) or None
        Components of rows, -1 where unknown.
    dtype : type
        Of the arithmetic within a block.
    observation : Observation
        What is seen of rows.
    form : type of NaturalForm or None
        By which all mixtures are evaluated; None chooses for each one that is accurate.
    """

    source: Source
    summary: DataSummary
    known: AnyArray | None = None
    dtype: type = np.float64
    observation: Observation = COMPLETE
    form: type[NaturalForm] | None = None

    def __call__(self, several: Sequence[tuple[Parameters, Family]]) -> list[SufficientStatistics]:
        """Return the statistics of each stack of mixtures, as its family needs them."""
        ((parameters, family), *others) = several
        if self.form is None and not others and len(parameters.groups) == 1:
            return [self._of_one(parameters, family)]
        if self.observation is not COMPLETE:
            return [self._one_by_one(*stack) for stack in several]
        return expectation_of_several(self.source, self.summary, several, self.known, self.form)

    def _of_one(self, parameters: Parameters, family: Family) -> SufficientStatistics:
        given = (self.known, self.dtype, self.observation)
        return expectation(self.source, self.summary, parameters, family, *given)

    def _one_by_one(self, stack: Parameters, family: Family) -> SufficientStatistics:
        each = [one_of((stack, g)) for g in range(len(stack.groups))]
        return join_statistics([(self._of_one(own, family), 0) for own in each])
