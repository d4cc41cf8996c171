"""What many fits were told at each step, written once, and read fit by fit when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from .result import History

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array
    from ..numerics.groups import Groups

__all__ = ["Held", "Trace", "Written", "either"]


class Held(NamedTuple):
    """Which covariances of G mixtures are held at the floor.

    Attributes
    ----------
    mask : ndarray of bool
        Of each covariance; of each mixture where they are shared.
    groups : Groups
    shared : bool
    """

    mask: AnyArray
    groups: Groups
    shared: bool

    @classmethod
    def of(cls, mask: AnyArray, groups: Groups, shared: bool) -> Self | None:
        """Return it, or None if nothing is held."""
        return cls(mask, groups, shared) if np.count_nonzero(mask) else None

    def any(self) -> AnyArray:
        """Whether any is, in each mixture (G,)."""
        return self.mask if self.shared else self.groups.any(self.mask)

    def spread(self, mixtures: AnyArray) -> AnyArray:
        """Return what is said of mixtures (G,) for each covariance."""
        return mixtures if self.shared else np.repeat(mixtures, self.groups.counts)

    def components(self, g: int) -> tuple[int, ...]:
        """Return the numbers of the components of one mixture; (-1,) is what all share."""
        own = self.mask[g : g + 1] if self.shared else self.groups.part(self.mask, g)
        if not own.any():
            return ()
        return (-1,) if self.shared else tuple(np.flatnonzero(own).tolist())

    def take(self, numbers: AnyArray) -> Held | None:
        """Return that of some of the mixtures, None if nothing is held there."""
        places = numbers if self.shared else self.groups.components(numbers)
        return Held.of(self.mask[places], self.groups.chosen(numbers), self.shared)


def either(new: AnyArray, held: Held | None, before: Held | None) -> Held | None:
    """Return what is held of mixtures where `new` (G,) holds, and what was elsewhere."""
    own = held or before
    if own is None:
        return None
    nothing = np.zeros(1, dtype=bool)
    masks = [nothing if one is None else one.mask for one in (held, before)]
    return Held.of(np.where(own.spread(new), *masks), own.groups, own.shared)


class _Entry(NamedTuple):
    """One step of the fits that went on: what was found, when, of whom, and what was held."""

    told: Array
    climbed: Array
    seconds: float
    new: AnyArray | None
    held: Held | None


class Trace:
    """The steps of G fits.

    Parameters
    ----------
    n_fits : int
    """

    def __init__(self, n_fits: int) -> None:
        # Runs of steps that the same fits took, by ascending number.
        self._runs: list[tuple[AnyArray, list[_Entry]]] = [(np.arange(n_fits), [])]

    def note(
        self,
        told: Array,
        climbed: Array,
        seconds: float,
        new: AnyArray | None,
        held: Held | None,
    ) -> None:
        """Note the values of fits that go on, of all of them or where `new` holds."""
        self._runs[-1][1].append(_Entry(told, climbed, seconds, new, held))

    def keep(self, numbers: AnyArray) -> None:
        """Go on with some of the fits."""
        if self._runs[-1][1]:
            self._runs.append((numbers, []))
        else:
            self._runs[-1] = numbers, []

    def _entries(self, number: int, *, newest_first: bool = False) -> Iterator[tuple[_Entry, int]]:
        """Yield the entries of one fit, and its place in them."""
        for numbers, entries in self._runs[:: -1 if newest_first else 1]:
            place = int(np.searchsorted(numbers, number))
            if place == len(numbers) or numbers[place] != number:
                if newest_first:
                    continue
                return
            for entry in entries[:: -1 if newest_first else 1]:
                if entry.new is None or entry.new[place]:
                    yield entry, place

    def newest(self, number: int, count: int) -> list[float]:
        """Return the last values that one fit was told."""
        found: list[float] = []
        for entry, place in self._entries(number, newest_first=True):
            if len(found) == count:
                break
            found.insert(0, float(entry.told[place]))
        return found

    def climbed(self, number: int) -> list[float]:
        """Return the values of what one fit climbs."""
        return [float(entry.climbed[place]) for entry, place in self._entries(number)]

    def history(self, number: int, n_rejected: int, held: tuple[int, ...]) -> History:
        """Return the trace of one fit; `held` is what is held in the end."""
        told, seconds, collapsed = self.filled(number, held)
        return History(told, seconds, collapsed, n_rejected)

    def later(self, number: int, n_rejected: int, held: tuple[int, ...]) -> History:
        """Return the same, to be read when it is asked for: for many fits."""
        return _Later.of(self, number, n_rejected, held)

    def filled(self, number: int, held: tuple[int, ...]) -> tuple[list[Any], ...]:
        """Return what a history of one fit holds."""
        told, seconds, collapsed = [], [], []
        for entry, place in self._entries(number):
            told.append(float(entry.told[place]))
            seconds.append(entry.seconds)
            collapsed.append(() if entry.held is None else entry.held.components(place))
        if collapsed:
            collapsed[-1] = held
        return told, seconds, collapsed


class Written(Trace):
    """The steps of fits that were told afterwards, and of others that have a trace of their own."""

    def __init__(self) -> None:
        self._values: dict[int, tuple[Array, float, float]] = {}
        self._others: tuple[Trace, AnyArray] | None = None

    def write(self, numbers: AnyArray, told: list[Array], began: float, ended: float) -> None:
        """Note all values of some fits; when each was found is not known but for these times."""
        for number, own in zip(numbers.tolist(), told, strict=True):
            self._values[number] = own.copy(), began, ended

    def go_on(self, trace: Trace, numbers: AnyArray) -> None:
        """Note that other fits have these numbers here, in the order of a trace."""
        self._others = trace, numbers

    def _entries(self, number: int, *, newest_first: bool = False) -> Iterator[tuple[_Entry, int]]:
        if number not in self._values:
            assert self._others is not None
            trace, numbers = self._others
            place = int(np.searchsorted(numbers, number))
            yield from trace._entries(place, newest_first=newest_first)
            return
        values, began, ended = self._values[number]
        seconds = np.linspace(0.0, ended - began, len(values) + 1)[1:].tolist()
        each = [
            _Entry(values[i : i + 1], values[i : i + 1], second, None, None)
            for i, second in enumerate(seconds)
        ]
        for entry in each[::-1] if newest_first else each:
            yield entry, 0


class _Later(History):
    """The history of one of many fits, which is read from the trace of all when it is asked for."""

    @classmethod
    def of(cls, trace: Trace, number: int, n_rejected: int, held: tuple[int, ...]) -> Self:
        found = object.__new__(cls)
        found.__dict__.update(rejected=n_rejected, _source=(trace, number), _held=held)
        return found

    def __getattr__(self, name: str) -> Any:
        if name not in ("log_likelihood", "seconds", "collapsed"):
            raise AttributeError(name)
        trace, number = self._source
        found = trace.filled(number, self._held)
        self.log_likelihood, self.seconds, self.collapsed = found
        return self.__dict__[name]

    @property
    def held(self) -> tuple[int, ...]:
        return super().held if "collapsed" in self.__dict__ else self._held

    def __reduce__(self) -> tuple[Any, ...]:
        return History, (self.log_likelihood, self.seconds, self.collapsed, self.rejected)
