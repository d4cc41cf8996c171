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

from ..numerics.arguments import check_integer, check_number
from ..numerics.encoding import checked_keys, checked_vector, stored
from .coordinates import from_vectors, metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._typing import AnyArray, Array
    from ..components.statistics import SufficientStatistics

__all__ = ["Leaps", "leap"]

# Plain EM while it is young: it moves fast, and a leap could land on another hill.
_FIRST_STEPS = 6
# Plain steps between leaps, which show where a leap has led; gains that shrink faster than
# this leave nothing to accelerate.
_PLAIN_STEPS = 2
_SLOW = 0.6
# Steps of EM that a leap looks back on.
_MEMORY = 5
# Directions that the last steps differed in by less than this share are rounding.
_SAME = 1e-3
# The longest leap, in steps of EM, at first; it grows where more is asked for, and falls back
# where leaps fail.
_FIRST_LIMIT = 4.0
_GROWTH = 2.0
# Leaps that are remembered for the rate of convergence.
_LENGTHS = 10


@stored("leaps")
class Leaps(NamedTuple):
    """What one fit remembers of EM's steps; says when a leap may pay.

    Attributes
    ----------
    steps : tuple of (ndarray, ndarray)
        Coordinates of the statistics before and after steps of EM, the newest last.
    start : ndarray or None
        Where the step that is under way began.
    limit : float
        The longest leap, in steps of EM.
    plain : int
        Steps since the last leap.
    lengths : tuple of float
        How much more than by a step of EM was to be gained by the last leaps.
    """

    steps: tuple[tuple[Array, Array], ...] = ()
    start: Array | None = None
    limit: float = _FIRST_LIMIT
    plain: int = 0
    lengths: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        """The slowest rate at which gains have lately been seen to shrink; 0 if unknown."""
        longest = max(self.lengths, default=1.0)
        return (1.0 - 1.0 / max(longest, 1.0)) ** 2

    def noted(self, found: Array | None) -> Leaps:
        """Return it with the coordinates of what an E-step found; None where there are none."""
        steps = self.steps
        if found is not None and self.start is not None:
            steps = (*steps[1 - _MEMORY :], (self.start, found))
        return Leaps(steps, found, self.limit, self.plain + 1, self.lengths)

    def may_pay(self, climbed: Sequence[float]) -> bool:
        """Whether to leap now; `climbed` is the trace, the newest value last."""
        if self.plain <= _PLAIN_STEPS or len(self.steps) < 3 or len(climbed) <= _FIRST_STEPS:
            return False
        before, last = climbed[-2] - climbed[-3], climbed[-1] - climbed[-2]
        return self.start is not None and 0.0 < _SLOW * before < last

    def gone(self, target: Array, length: float, *, limited: bool) -> Leaps:
        """Return it after a leap to `target`, which is to gain `length` times a step of EM."""
        limit = self.limit * _GROWTH if limited else self.limit
        lengths = (*self.lengths[1 - _LENGTHS :], length)
        return Leaps(self.steps, target, limit, self.plain, lengths)

    def landed(self, *, success: bool) -> Leaps:
        """Return it when a leap has been taken, or taken back."""
        if success:
            return Leaps(self.steps, self.start, self.limit, 0, self.lengths)
        limit = max(_FIRST_LIMIT, self.limit / _GROWTH**2)
        return Leaps(self.steps, self.steps[-1][1], limit, 0, self.lengths)

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
        plain = check_integer("plain", held["plain"], minimum=0)
        lengths = tuple(float(length) for length in held["lengths"])
        if not np.isfinite(lengths).all():
            raise ValueError("lengths of leaps with NaN or infinity")
        return cls(steps, start, limit, plain, lengths)

    @property
    def n_coordinates(self) -> int | None:
        """Numbers of a place; None where none is remembered."""
        places = [place for step in self.steps for place in step]
        places += [] if self.start is None else [self.start]
        return len(places[0]) if places else None


def leap(
    several: Sequence[Leaps], newest: SufficientStatistics
) -> tuple[SufficientStatistics, list[Leaps | None]]:
    """Return the statistics to leap to, of one or several fits, and what those remember then.

    None of a fit that does not leap, for want of a place to go to.

    Parameters
    ----------
    several : sequence of Leaps (G,)
    newest : SufficientStatistics
        The last on the paths of G mixtures of one kind.
    """
    scales = metric(newest)
    # (m, 2, p) each: in the metric, where steps began and ended.
    steps = [np.array(own.steps) * scale for own, scale in zip(several, scales, strict=True)]
    limits = np.array([own.limit for own in several])
    ways, lengths, limited = _extrapolate(*_padded(steps), limits)
    targets = []
    for own, way, scale in zip(several, ways, scales, strict=True):
        way = way[: len(scale)]
        targets.append(own.steps[-1][0] + np.divide(way, scale, where=scale > 0, out=way))
    found, vectors = from_vectors(targets, newest)
    return found, [
        own.gone(vectors[g], float(lengths[g]), limited=bool(limited[g]))
        if np.isfinite(vectors[g]).all()
        else None
        for g, own in enumerate(several)
    ]


def _padded(several: Sequence[Array]) -> tuple[Array, Array, Array]:
    """Return how steps (m, 2, p) of fits differ and the last of them, zeros where there is none.

    Returns
    -------
    moved, changed : ndarray (G, m, p)
        From one step to the next, the way between their starts and the change of the step.
    last : ndarray (G, p)
    """
    n_changes = max(len(steps) for steps in several) - 1
    size = max(steps.shape[2] for steps in several)
    moved = np.zeros((len(several), n_changes, size))
    changed, last = np.zeros_like(moved), np.zeros((len(several), size))
    for g, steps in enumerate(several):
        own = slice(0, steps.shape[2])
        starts, ways = steps[:, 0], steps[:, 1] - steps[:, 0]
        moved[g, : len(steps) - 1, own] = starts[1:] - starts[:-1]
        changed[g, : len(steps) - 1, own] = ways[1:] - ways[:-1]
        last[g, own] = ways[-1]
    return moved, changed, last


def _extrapolate(
    moved: Array, changed: Array, last: Array, limits: Array
) -> tuple[Array, Array, AnyArray]:
    """Return the ways (G, p) from the last start of each fit to where its steps would end.

    Parameters
    ----------
    moved, changed, last
        See `_padded`.
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
    kept = values > _SAME**2 * values[:, -1:]
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
