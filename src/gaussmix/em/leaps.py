"""Leaps along the path of EM: a quasi-Newton step from what EM's last steps have shown.

EM maps statistics to statistics, and stands still at an optimum.  Its last steps tell how
the map's own steps change from place to place, in the few directions it lately took; in those
directions a leap goes where the steps would end (multisecant equations: Zhou, Alexander & Lange
2011).  In the metric of complete data the change is symmetric, so each direction has a rate of
its own: what shrinks by a rate a at each step has 1 / (1 - a) steps to go.  Near a saddle some
directions grow instead.  A leap that looked for the place where EM stands still would go back to
the saddle; this one goes on, away from it, as far (saddle-free Newton: Dauphin et al. 2014).

Where the steps are taken is not the parameters but the statistics: see `coordinates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..components.parameters import picked
from ..numerics.arguments import check_number
from ..numerics.encoding import checked_keys, checked_vector, stored
from ..numerics.groups import Groups
from .coordinates import from_vectors, lengths, metric, to_vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._typing import AnyArray, Array
    from ..components.statistics import SufficientStatistics
    from .convergence import Recent

__all__ = ["Leaps", "Paths", "leap", "settle"]

# Plain EM while it is young: it moves fast, and a leap could land on another hill.
FIRST_STEPS = 6
# Fits leap at every third E-step: the plain steps between show where a leap has led, and the fits
# of a batch, which began together, leap together.  Gains that shrink faster than this leave
# nothing to accelerate.
CYCLE = 3
SLOW = 0.05
# Steps of EM that a leap looks back on, at most and at least.
MEMORY, LEAST_STEPS = 5, 3
# Directions that the last steps differed in by less than this share are rounding.
SAME = 1e-3
# The longest leap, in steps of EM, at first; it grows where more is asked for, and falls back
# where leaps fail.
FIRST_LIMIT = 4.0
GROWTH = 2.0
# Leaps that are remembered for the rate of convergence.
LENGTHS = 10
_NOBODY = np.zeros(0, dtype=int)


@stored("leaps")
class Leaps(NamedTuple):
    """What one fit remembers of EM's steps, as files hold it.

    Attributes
    ----------
    steps : tuple of (ndarray, ndarray)
        Coordinates of the statistics before and after steps of EM, the newest last.
    start : ndarray or None
        Where the step that is under way began.
    limit : float
        The longest leap, in steps of EM.
    lengths : tuple of float
        How much more than by a step of EM was to be gained by the last leaps.
    """

    steps: tuple[tuple[Array, Array], ...] = ()
    start: Array | None = None
    limit: float = FIRST_LIMIT
    lengths: tuple[float, ...] = ()

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of it, by name."""
        return self._asdict()

    @classmethod
    def from_fields(cls, given: Mapping[str, Any]) -> Leaps:
        """Return what such fields hold; an error says why it can be of no fit."""
        held = checked_keys(given, cls._fields)
        steps = tuple((checked_vector(a), checked_vector(b)) for a, b in held["steps"])
        start = None if held["start"] is None else checked_vector(held["start"])
        own = [*(vector for step in steps for vector in step), *([] if start is None else [start])]
        if len({len(vector) for vector in own}) > 1:
            raise ValueError("steps of different lengths")
        limit = check_number("limit", held["limit"], minimum=1.0)
        lengths = tuple(float(length) for length in held["lengths"])
        if not np.isfinite(lengths).all():
            raise ValueError("lengths of leaps with NaN or infinity")
        return cls(steps, start, limit, lengths)

    @property
    def n_coordinates(self) -> int | None:
        """Numbers of a place; None where none is remembered."""
        places = [place for step in self.steps for place in step]
        places += [] if self.start is None else [self.start]
        return len(places[0]) if places else None


class Paths:
    """What G fits remember of EM's steps; says when a leap may pay.

    Parameters
    ----------
    n_fits : int

    Attributes
    ----------
    steps : list of ndarray (G, 2, p)
        Coordinates of the statistics before and after steps of EM, the newest last.
    n_steps : ndarray of int (G,)
        How many of them, the newest, each fit has.
    start : ndarray (G, p)
        Where the step that is under way began.
    known : ndarray of bool (G,)
        Whether that is known.
    limits, lengths : ndarray (G,), (LENGTHS, G)
        See `Leaps`; no leap counts as one that is no longer than a step.
    waiting : list of (SufficientStatistics, ndarray of bool (G,) or None)
        What E-steps have found since, and of which fits it is new: see `settle`.
    """

    def __init__(self, n_fits: int) -> None:
        self.steps: list[Array] = []
        self.n_steps = np.zeros(n_fits, dtype=int)
        self.start, self.known = np.zeros((n_fits, 0)), np.zeros(n_fits, dtype=bool)
        self.limits = np.full(n_fits, FIRST_LIMIT)
        self.lengths = np.ones((LENGTHS, n_fits))
        self._leapt = False
        self.waiting: list[tuple[SufficientStatistics, AnyArray | None]] = []

    @property
    def rates(self) -> Array | float:
        """The slowest rate (G,) at which gains have lately been seen to shrink; 0 if unknown."""
        if not self._leapt:
            return 0.0
        longest: Array = np.maximum(self.lengths.max(axis=0), 1.0)
        return (1.0 - 1.0 / longest) ** 2

    def take(self, places: AnyArray) -> None:
        """Keep some of the fits."""
        self.steps = [step[places] for step in self.steps]
        self.n_steps, self.known = self.n_steps[places], self.known[places]
        self.start, self.limits = self.start[places], self.limits[places]
        self.lengths = self.lengths[:, places]
        self.waiting = [
            (picked([statistics], places), None if new is None else new[places])
            for statistics, new in self.waiting
        ]

    def wait(
        self, statistics: SufficientStatistics, new: AnyArray | None, recent: Recent, n_taken: int
    ) -> bool:
        """Take what an E-step found, `n_taken` so far; return whether its coordinates are wanted.

        They are where a fit may leap; what waits is one call of each function later on.
        """
        self.waiting.append((statistics, new))
        if len(self.waiting) >= MEMORY:
            return True
        early = n_taken % CYCLE or recent.longest <= FIRST_STEPS
        return not early and bool(np.count_nonzero(_is_slow(recent)))

    def note(self, found: Array, finite: AnyArray, new: AnyArray | None) -> None:
        """Note the coordinates (G, p) of what an E-step found, of all or where `new` (G,) holds."""
        missing = self.start.shape[1] - found.shape[1]
        if missing > 0:  # those with more are gone
            found = np.pad(found, ((0, 0), (0, missing)))
        more = self.known & finite
        if new is not None:
            more &= new
        if np.count_nonzero(more):
            step = np.empty((len(found), 2, found.shape[1]))
            step[:, 0], step[:, 1] = self.start, found
            self._add(step, more)
        if new is None:
            self.start, self.known = found, finite
        else:
            start = self.start if self.start.shape == found.shape else np.zeros_like(found)
            self.start = np.where(new[:, None], found, start)
            self.known = np.where(new, finite, self.known)

    def _add(self, step: Array, more: AnyArray) -> None:
        """Add a step of some fits; the newest of the others stay these."""
        if np.count_nonzero(more) < len(more):
            others = ~more
            step[others] = self.steps[-1][others] if self.steps else 0.0
            for i in range(len(self.steps) - 1, 0, -1):
                self.steps[i][others] = self.steps[i - 1][others]
        self.steps = [*self.steps, step][-MEMORY:]
        self.n_steps = np.minimum(self.n_steps + more, MEMORY)

    def may_pay(self, recent: Recent, n_taken: int) -> AnyArray:
        """Return the places of fits that are to leap now; `recent` is what they climbed last."""
        if n_taken % CYCLE or len(self.steps) < LEAST_STEPS or recent.longest <= FIRST_STEPS:
            return _NOBODY
        due = (self.n_steps >= LEAST_STEPS) & (recent.counts > FIRST_STEPS)
        return np.flatnonzero(due & _is_slow(recent) & self.known)

    def ways(self, places: AnyArray, length: int) -> Array:
        """Return the steps (m, MEMORY, 2, length) of some fits, NaN where there is none."""
        found = np.full((len(places), MEMORY, 2, length), np.nan)
        first = MEMORY - len(self.steps)
        for i, step in enumerate(self.steps):
            own = step[places]
            own[self.n_steps[places] < MEMORY - first - i] = np.nan
            found[:, first + i] = 0.0
            found[:, first + i, :, : own.shape[2]] = own[:, :, :length]
        return found

    def go(self, places: AnyArray, targets: Array, lengths: Array, limited: AnyArray) -> None:
        """Note leaps of some fits to `targets`, which are to gain so many times a step of EM."""
        self.start = self.start.copy()
        width = min(targets.shape[1], self.start.shape[1])
        self.start[places, :width] = targets[:, :width]
        self.limits[places[limited]] *= GROWTH
        self.lengths[:-1, places] = self.lengths[1:, places]
        self.lengths[-1, places] = lengths
        self._leapt = True

    def take_back(self, failed: AnyArray) -> None:
        """Note which leaps (G,) did not climb: their fits are where these began."""
        if failed.any():
            less = np.maximum(FIRST_LIMIT, self.limits / GROWTH**2)
            self.limits = np.where(failed, less, self.limits)
            self.start = np.where(failed[:, None], self.steps[-1][:, 1], self.start)

    # -- files --------------------------------------------------------------------------

    def of_one(self, g: int, length: int) -> Leaps:
        """Return what one fit remembers, in `length` coordinates."""
        own = self.steps[len(self.steps) - int(self.n_steps[g]) :]
        return Leaps(
            tuple((step[g, 0, :length].copy(), step[g, 1, :length].copy()) for step in own),
            self.start[g, :length].copy() if self.known[g] else None,
            float(self.limits[g]),
            tuple(self.lengths[:, g].tolist()) if self._leapt else (),
        )

    @classmethod
    def from_one(cls, leaps: Leaps) -> Paths:
        """Return what a single fit remembers."""
        found = cls(1)
        found.steps = [np.stack(step)[None] for step in leaps.steps[-MEMORY:]]
        found.n_steps[0] = len(found.steps)
        if leaps.start is not None:
            found.start, found.known = leaps.start[None].copy(), np.ones(1, dtype=bool)
        found.limits[0] = leaps.limit
        own = leaps.lengths[-LENGTHS:]
        if own:
            found.lengths[-len(own) :, 0], found._leapt = own, True
        return found


def _is_slow(recent: Recent) -> AnyArray:
    """Say of which fits (G,) gains shrink so slowly that there is something to accelerate."""
    before, last = recent.gains()
    with np.errstate(invalid="ignore"):
        least = SLOW * before
        return (least > 0.0) & (least < last)


def settle(several: Sequence[Paths]) -> None:
    """Find the coordinates of all that waits, of mixtures of one kind, and note them."""
    stacks = [statistics for paths in several for statistics, _ in paths.waiting]
    if not stacks:
        return
    whole, first = stacks[0], 0
    if len(stacks) > 1:
        whole = whole.joined(stacks, Groups.joined([stack.groups for stack in stacks]))
    vectors, finite = to_vectors(whole)
    for paths in several:
        for statistics, new in paths.waiting:
            own = slice(first, first + len(statistics.groups))
            width = None if whole.groups.size else int(lengths(statistics).max())
            paths.note(vectors[own, :width], finite[own], new)
            first = own.stop
        paths.waiting = []


def leap(
    several: Sequence[tuple[Paths, AnyArray]], newest: SufficientStatistics
) -> tuple[SufficientStatistics, list[AnyArray]]:
    """Return the statistics to leap to, and which of them there are: of some fits of each.

    Those have a place to go to, and remember it.

    Parameters
    ----------
    several : sequence of (Paths, ndarray of int)
        Places of fits that are to leap.
    newest : SufficientStatistics
        The last on the paths of all these, mixtures of one kind.
    """
    scales = metric(newest)
    steps = np.concatenate([paths.ways(places, scales.shape[1]) for paths, places in several])
    # In the metric, where steps began and ended.
    begun = steps[:, -1, 0].copy()
    steps *= scales[:, None, None]
    limits = np.concatenate([paths.limits[places] for paths, places in several])
    ways, gained, limited = _extrapolate(*_differences(steps), limits)
    found, vectors = from_vectors(
        begun + np.divide(ways, scales, where=scales > 0, out=ways), newest
    )
    good = np.asarray(np.isfinite(vectors).all(axis=1))
    first, usable = 0, []
    for paths, places in several:
        own = slice(first, first + len(places))
        chosen = np.flatnonzero(good[own])
        if len(chosen):
            paths.go(
                places[chosen], vectors[own][chosen], gained[own][chosen], limited[own][chosen]
            )
        usable.append(chosen + first)
        first = own.stop
    return found, usable


def _differences(steps: Array) -> tuple[Array, Array, Array]:
    """Return how steps (G, m, 2, p) of fits differ and the last of them; the oldest may be NaN.

    Returns
    -------
    moved, changed : ndarray (G, m - 1, p)
        From one step to the next, the way between their starts and the change of the step; 0
        where there is none.
    last : ndarray (G, p)
    """
    starts, ways = steps[:, :, 0], steps[:, :, 1] - steps[:, :, 0]
    moved, changed = starts[:, 1:] - starts[:, :-1], ways[:, 1:] - ways[:, :-1]
    nothing = np.isnan(moved)
    moved[nothing] = changed[nothing] = 0.0
    return moved, changed, ways[:, -1].copy()


def _extrapolate(
    moved: Array, changed: Array, last: Array, limits: Array
) -> tuple[Array, Array, AnyArray]:
    """Return the ways (G, p) from the last start of each fit to where its steps would end.

    Parameters
    ----------
    moved, changed, last
        See `_differences`.
    limits : ndarray (G,)
        The most steps of EM that a way may stand for.

    Returns
    -------
    ways : ndarray (G, p)
    lengths : ndarray (G,)
        What is to be gained, over what a step of EM gains.
    limited : ndarray of bool (G,)
        Whether a way would be longer.
    """
    norms = np.linalg.norm(moved, axis=2, keepdims=True)
    norms = np.where(norms > 0, norms, 1.0)
    moved, changed = moved / norms, changed / norms
    across = moved.swapaxes(1, 2)
    # Orthonormal directions, as combinations of the ways moved.
    values, parts = np.linalg.eigh(moved @ across)
    kept = values > SAME**2 * values[:, -1:]
    parts *= np.where(kept, 1.0 / np.sqrt(np.where(kept, values, 1.0)), 0.0)[:, None]
    # How much steps change along them: a symmetric matrix, which has directions of its own.
    change = parts.swapaxes(1, 2) @ (moved @ changed.swapaxes(1, 2)) @ parts
    rates, turn = np.linalg.eigh(0.5 * (change + change.swapaxes(1, 2)))
    parts = parts @ turn
    along = (parts.swapaxes(1, 2) @ (moved @ last[:, :, None]))[:, :, 0]
    rates, least = np.abs(rates), 1.0 / limits[:, None]
    limited = ((rates < least) & (along != 0.0)).any(axis=1)
    further = (1.0 / np.maximum(rates, least) - 1.0) * along
    ways = last + (across @ (parts @ further[:, :, None]))[:, :, 0]
    # By the squares: a step gains half its square, all steps 1 / rate as much.
    squares, tiny = along**2, np.finfo(float).tiny
    whole = np.square(last).sum(axis=1)
    gains = (squares / np.maximum(rates, tiny)).sum(axis=1) + (whole - squares.sum(axis=1))
    return ways, gains / np.maximum(whole, tiny), limited
