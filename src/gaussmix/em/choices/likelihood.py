"""The highest likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..result import height
from .base import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...rows.data import Data
    from ..optima import Candidate, Optimum

__all__ = ["HighestLikelihood"]


class HighestLikelihood(Choice):
    """The highest log-likelihood among fits without a held covariance, if there are any.

    With one the likelihood only says how low the floor is.
    """

    name = "likelihood"
    summary = "the highest likelihood of fits in which no covariance has collapsed"

    def __call__(
        self, candidates: Sequence[Candidate], data: Data
    ) -> tuple[int, tuple[Optimum, ...]]:
        ranks = [height(candidate.result) for candidate in candidates]
        return ranks.index(max(ranks)), ()
