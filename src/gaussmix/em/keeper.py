"""What a fit tells the one who keeps its state; see `gaussmix.interchange.checkpoint`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from ..mixture import Mixture
    from ..rows.summary import DataSummary
    from .model import Model
    from .result import FitResult
    from .state import FitState

__all__ = ["Begun", "Keeper"]


@dataclass(frozen=True, eq=False)
class Begun:
    """A fit that goes on: which of the starts, where it stands, and what became of those before."""

    number: int
    mixture: Mixture
    results: tuple[FitResult, ...]


class Keeper:
    """Saves the state of a fit now and then, and gives it back; this one does neither.

    Its methods are called in the order in which they stand here.
    """

    #: Whether it keeps states, which are in the columns of the data.
    saves: ClassVar[bool] = False

    def open(self, model: Model, settings: Mapping[str, Any], rng: np.random.Generator) -> None:
        """Begin a fit; a fit that goes on gets its random numbers back.

        `settings` make it the same fit, by the names that messages use.
        """

    def meet(self, summary: DataSummary) -> None:
        """Note the data, or raise CheckpointError if a fit that goes on was to others."""

    def begun(self, rng: np.random.Generator) -> Begun | None:
        """Return where a fit goes on, and its random numbers there; None begins anew."""
        return None

    def starting(self, number: int, results: Sequence[FitResult], rng: np.random.Generator) -> None:
        """Note that EM begins from start `number`, and what became of those before."""

    def restored(self, state: FitState) -> FitState:
        """Return where a fit that goes on stood; the given state, of its start, otherwise."""
        return state

    def keep(self, state: FitState) -> None:
        """Note where a fit stands, before an E-step."""

    def save(self) -> None:
        """Write what was noted last: the fit is interrupted."""

    def finish(self) -> None:
        """Write that the fit is done."""
