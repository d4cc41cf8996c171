"""The contract of a criterion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ...em.result import FitResult
    from ..fitter import SizedFitter

__all__ = ["Criterion"]


class Criterion(ABC):
    """A number for each fitted model; smaller is better."""

    #: What users write.
    name: ClassVar[str]
    #: One line for people choosing a criterion.
    summary: ClassVar[str]
    #: Whether every table has it; others are computed only when chosen.
    always: ClassVar[bool] = True
    #: Whether it fits models again, on parts of the rows.
    refits: ClassVar[bool] = False

    def share(self, fitter: SizedFitter) -> Any:
        """Return what all families with one number of components share; nothing by default."""
        return None

    @abstractmethod
    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        """Return the criterion of a fit; `shared` is what `share` returned.

        Raises
        ------
        DataError
            If it cannot be computed: the model then counts as not fitted.
        """

    def __repr__(self) -> str:
        return f"{self.name}: {self.summary}"
