"""E-steps over the rows of a source, of one mixture or of many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_parameters, join_statistics, one_of
from ..estep.expectation import expectation, expectation_of_several, expectation_together
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

# Numbers that matrices of all features may be, of each row and component, where mixtures are
# done at once, and where rows of all kinds are.
_MOST_NUMBERS = 2**21
_FEW_NUMBERS = 2**17


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
    n_begun : int
        Components of all mixtures that there once were, some of which may be gone; or 0.
    """

    source: Source
    summary: DataSummary
    known: AnyArray | None = None
    dtype: type = np.float64
    observation: Observation = COMPLETE
    form: type[NaturalForm] | None = None
    n_begun: int = 0

    def __call__(self, several: Sequence[tuple[Parameters, Family]]) -> list[SufficientStatistics]:
        """Return the statistics of each stack of mixtures, as its family needs them."""
        ((parameters, family), *others) = several
        if self.form is None and not others and len(parameters.groups) == 1:
            return [self._of_one(parameters, family)]
        if self.observation is not COMPLETE:
            return [self._in_parts(*stack) for stack in several]
        given = (self.known, self.form, self.n_begun)
        return expectation_of_several(self.source, self.summary, several, *given)

    def _of_one(self, parameters: Parameters, family: Family) -> SufficientStatistics:
        if self._numbers(parameters) < _FEW_NUMBERS:
            found = self._together(parameters, family)
            if found is not None:
                return found
        given = (self.known, self.dtype, self.observation)
        return expectation(self.source, self.summary, parameters, family, *given)

    def _numbers(self, parameters: Parameters) -> int:
        """Return how many numbers matrices of all features of each row would be, by mixture."""
        size = max(parameters.groups.sizes)
        return size * parameters.n_features**2 * self.source.n_rows

    def _together(self, stack: Parameters, family: Family) -> SufficientStatistics | None:
        return expectation_together(self.source, stack, family, self.known, self.observation)

    def _in_parts(self, stack: Parameters, family: Family) -> SufficientStatistics:
        """Return the statistics of a stack, of as many mixtures at once as few rows allow."""
        step, pieces = max(1, _MOST_NUMBERS // max(1, self._numbers(stack))), []
        for first in range(0, len(stack.groups), step):
            last = min(first + step, len(stack.groups))
            part = join_parameters([(stack, g) for g in range(first, last)])
            found = self._together(part, family) if len(part.groups) > 1 else None
            if found is not None:
                pieces += [(found, g) for g in range(last - first)]
                continue
            each = (one_of((part, g)) for g in range(last - first))
            pieces += [(self._of_one(own, family), 0) for own in each]
        return join_statistics(pieces)
