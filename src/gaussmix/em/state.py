"""Where a fit stands: a frozen value, which checkpoints keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..components.parameters import one_of
from ..numerics.encoding import stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..components.parameters import Parameters, Place
    from ..components.statistics import SufficientStatistics
    from .convergence import Close
    from .leaps import Leaps

__all__ = ["FitState"]

#: What of a state may be a place in a stack of many.
_PLACES = ("now", "evaluated", "statistics", "target")


@stored("fit-state")
class FitState(NamedTuple):
    """Where one fit stands, before an E-step or after it.

    Attributes
    ----------
    now : Place of Parameters
        What the next E-step is of.
    evaluated : Place of Parameters
        The best so far: the last that was not a leap that did not climb.
    statistics : Place of SufficientStatistics or None
        Of the rows under `evaluated`.
    target : Place of SufficientStatistics or None
        Where to leap to; None for a plain step.
    collapsed : tuple of int
        Components of `now` whose covariance is held at the floor; (-1,) is the shared one.
    log_likelihood, climbed, seconds : tuple of float
        The trace: entry i belongs to the parameters after i M-steps.
    all_collapsed : tuple of tuple of int
        `collapsed` of each entry.
    n_rejected : int
        Leaps that did not climb.
    leaping : bool
        Whether `now` is where a leap ended.
    rejected : bool
        Whether the last E-step was of a leap that did not climb.
    last_leap : int
        The place in the trace of the last leap that did.
    close : Close
        See `AitkenRule`.
    stuck : bool
        Whether the last step sank where a covariance is held, and so was the last.
    leaps : Leaps or None
        None where there are none.
    """

    now: Place[Parameters]
    evaluated: Place[Parameters]
    statistics: Place[SufficientStatistics] | None = None
    target: Place[SufficientStatistics] | None = None
    collapsed: tuple[int, ...] = ()
    log_likelihood: tuple[float, ...] = ()
    climbed: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    all_collapsed: tuple[tuple[int, ...], ...] = ()
    n_rejected: int = 0
    leaping: bool = False
    rejected: bool = False
    last_leap: int = 0
    close: Close = None
    stuck: bool = False
    leaps: Leaps | None = None

    @classmethod
    def at(cls, start: Parameters, leaps: Leaps | None) -> FitState:
        """Return the state of a fit that begins with the parameters of one mixture."""
        return cls((start, 0), (start, 0), leaps=leaps)

    # -- files ------------------------------------------------------------------

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of it, by name: stacks are cut to what is its own."""
        found = self._asdict()
        for name in _PLACES:
            found[name] = None if found[name] is None else one_of(found[name])
        return found

    @classmethod
    def from_fields(cls, given: Mapping[str, Any]) -> FitState:
        """Return the state of such fields."""
        places = {name: None if given[name] is None else (given[name], 0) for name in _PLACES}
        return cls(**{**given, **places})
