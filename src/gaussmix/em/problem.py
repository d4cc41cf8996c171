"""A fit to be made: what, to which data, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ..rows.checks import check_data, require_bounded, require_comparable
from .steps import EStep, observed

if TYPE_CHECKING:
    from ..components.families import Family
    from ..rows.data import Data
    from ..rows.summary import DataSummary
    from .model import Model
    from .objectives import Objective
    from .options import Options
    from .result import FitResult

__all__ = ["Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A fit to be made: what starts and the loop are given.

    Attributes
    ----------
    data : Data
    model : Model
    options : Options
    """

    data: Data
    model: Model
    options: Options

    @property
    def seen(self) -> Problem:
        """The same with the rows as they are: what a start looks at to divide them."""
        return self

    @property
    def is_held(self) -> bool:
        """Whether all covariances are held at the floor, wherever a fit goes: for want of rows."""
        return False

    def told(self, result: FitResult, *, briefly: bool = False) -> FitResult:
        """Return a fit as one to the rows as they are; if `briefly`, without scatters."""
        return result

    @property
    def family(self) -> Family:
        return self.model.family

    @property
    def n_components(self) -> int:
        return self.model.n_components

    @cached_property
    def summary(self) -> DataSummary:
        """The data's, with scatters as the family holds them."""
        return self.data.summary.held_as(self.family.held.moment)

    @cached_property
    def regularised(self) -> DataSummary:
        """The same, widened by what is added to covariances."""
        return replace(self.summary, total=self.objective.regularised(self.summary.total))

    @cached_property
    def objective(self) -> Objective:
        found = self.model.objective(self.summary.total)
        return found.on_scales(self.data.scales, self.data.center)

    @cached_property
    def estep(self) -> EStep:
        data = self.data
        known, dtype = data.facts.known, self.options.dtype
        return EStep(data.source, self.summary, known, dtype, observed(data.source, self.summary))

    def checked(self) -> Problem:
        """Return the problem; raise DataError if the data cannot support the model.

        ParameterError if the prior cannot be used.
        """
        names = self.data.source.feature_names
        require_bounded(self.summary, names)  # before anything is computed of them
        total = self.regularised.total
        check_data(self.summary, total, names, self.data.sample, self.data.weights)
        require_comparable(self.summary, self.data.scales, names)
        return self
