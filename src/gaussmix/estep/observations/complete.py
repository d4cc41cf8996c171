"""Complete rows: all of each is seen, without error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Kind, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._typing import AnyArray, Array
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics
    from ...rows.folds import Index

__all__ = ["COMPLETE", "WHOLE"]

_EVERY = slice(None)


class Whole(Kind):
    """R is the identity, and S is 0."""

    key = "whole"

    def seen(self, parameters: Parameters) -> Parameters:
        return parameters

    def box(self, center: Array, extent: Array) -> tuple[Array, Array]:
        return center, extent

    def completed(
        self, statistics: SufficientStatistics, parameters: Parameters
    ) -> SufficientStatistics:
        return statistics


class Complete(Observation):
    """Every row is whole: no mask is made, and nothing is copied."""

    def kinds(
        self, rows: AnyArray, index: Index
    ) -> Iterable[tuple[Kind, AnyArray, slice | AnyArray]]:
        return ((WHOLE, rows, _EVERY),)


WHOLE = Whole()
COMPLETE = Complete()
