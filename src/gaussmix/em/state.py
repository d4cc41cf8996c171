"""Where a fit stands: a frozen value, which checkpoints keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..components.parameters import Parameters, one_of
from ..components.statistics import SufficientStatistics
from ..numerics.arguments import LARGEST_SQUARE, check_integer, check_number
from ..numerics.encoding import checked_keys, checked_vector, stored
from .coordinates import metric
from .leaps import Leaps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..components.parameters import Place

__all__ = ["FitState"]

#: What of a state may be a place in a stack of many.
_PLACES = ("now", "evaluated", "statistics", "target")
_TRACES = ("log_likelihood", "climbed", "seconds")
_FLAGS = ("leaping", "rejected", "stuck")


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
    close : (float, int) or None
        The last value that was close to the limit, and the leap before it: see `AitkenRule`.
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
    close: tuple[float, int] | None = None
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
        """Return the state of such fields; an error says why no fit can stand there."""
        held = checked_keys(given, cls._fields)
        _require_alike(held)
        trace = {name: tuple(checked_vector(held[name]).tolist()) for name in _TRACES}
        collapsed = tuple(_components(own, held["now"]) for own in held["all_collapsed"])
        lengths = {*map(len, trace.values()), len(collapsed)}
        if len(lengths) > 1 or (held["statistics"] is None) != (lengths == {0}):
            raise ValueError("its trace and its statistics do not belong together")
        counts = {
            name: check_integer(name, held[name], minimum=0) for name in ("n_rejected", "last_leap")
        }
        if not all(isinstance(held[name], bool) for name in _FLAGS):
            raise TypeError(f"{', '.join(_FLAGS)} must be true or false")
        leaps = held["leaps"]
        if (leaps is None and held["leaping"]) or (held["leaping"] and not collapsed):
            raise ValueError("a leap of a fit that makes none")
        return cls(
            **{
                **held,
                **{name: None if held[name] is None else (held[name], 0) for name in _PLACES},
                **trace,
                **counts,
                "collapsed": _components(held["collapsed"], held["now"]),
                "all_collapsed": collapsed,
                "close": _close(held["close"]),
            }
        )


def _require_alike(held: Mapping[str, Any]) -> None:
    """Raise an error if the parts of a state are not of one mixture."""
    for name in ("now", "evaluated"):
        if not isinstance(held[name], Parameters):
            raise TypeError(f"{name} must be parameters")
    shape = held["now"].means.shape
    parts = [held[name] for name in _PLACES if held[name] is not None]
    if any(part.means.shape != shape for part in parts):
        raise ValueError("its parts are of different mixtures")
    for name in ("statistics", "target"):
        if not isinstance(held[name], SufficientStatistics | None):
            raise TypeError(f"{name} must be statistics")
    leaps, statistics = held["leaps"], held["statistics"]
    if not isinstance(leaps, Leaps | None):
        raise TypeError("leaps must be such")
    if statistics is None or leaps is None or leaps.n_coordinates is None:
        return
    if leaps.n_coordinates != len(metric(statistics)[0]):
        raise ValueError("its leaps are of another mixture")


def _components(given: Any, now: Parameters) -> tuple[int, ...]:
    """Return numbers of components that a file names; (-1,) is what all share."""
    last = len(now.weights) - 1
    return tuple(check_integer("collapsed", k, minimum=-1, maximum=last) for k in given)


def _close(given: Any) -> tuple[float, int] | None:
    if given is None:
        return None
    value, place = given
    return check_number("close", value, minimum=-LARGEST_SQUARE), check_integer(
        "close", place, minimum=0
    )
