"""Fits of one family that climb together: what they take of each E-step, and when they stop.

All that is known of them are arrays with an entry a fit, so a step costs the calls of NumPy
that one fit costs, however many there are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_parameters, one_of, picked
from ..exceptions import DataError
from .climb import Best, Climb, Ended, begun, stays
from .convergence import AitkenRule, Close, Recent
from .leaps import Paths
from .result import FitResult, Iteration, Status
from .resuming import state_of
from .team import Team
from .trace import Held, Trace, either

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..mixture import Mixture
    from .keeper import Keeper
    from .mstep import Estimate
    from .problem import Problem

__all__ = ["STATUSES", "Climbers"]

# A fall is more than rounding if it is more than this share.
_FALL = 1e-9
# A start is below the floor if it has to be raised by so much (of a log-determinant).
_RAISED = 1e-3
_FAILURES = (np.linalg.LinAlgError, DataError)
# Verdicts are the places of these; or that a fit goes on.
STATUSES = tuple(Status)
_CODES = {status: code for code, status in enumerate(STATUSES)}
_GOES_ON = -1


class Climbers(Team):
    """Fits of one family, each with a trace of its own.

    Parameters
    ----------
    climbs : sequence of Climb (G,)
        With the same options.
    starts : Parameters
        Of G mixtures.
    weights : ndarray (G,), optional
        Sums of the weights of the rows, if they are not those that objectives are of.
    keeper : Keeper, optional
        Of a single fit.
    forgiving : bool
        Whether fits that no M-step can follow are left out, and are `lost`; they raise
        otherwise.
    """

    def __init__(
        self,
        climbs: Sequence[Climb],
        starts: Parameters,
        weights: Array | None = None,
        keeper: Keeper | None = None,
        *,
        forgiving: bool = False,
    ) -> None:
        self.climbs, self.keeper, self.forgiving = climbs, keeper, forgiving
        self.objective, self.options = climbs[0].objective, climbs[0].options
        self.parameters, count = starts, len(climbs)
        if weights is None:
            weights = np.array([climb.objective.total.total for climb in climbs])
        self.weights, self.lost = weights, np.zeros(0, dtype=int)
        self.trace, self.numbers = Trace(count), np.arange(count)
        self._gone = self.numbers  # before some went
        self.best = Best(starts)
        self.rule = AitkenRule(self.options.tol, weights)
        self.recent = Recent.of_fits(count)
        #: E-steps so far: no fit has taken more.
        self.n_taken, self.n_rejected = 0, np.zeros(count, dtype=int)
        self.paths: Paths | None = None
        if self.options.accelerate and self.objective.is_climbed:
            self.paths = Paths(count)
        self.close = Close.nowhere(count)
        #: What the next M-step is of where some fits leap, and which do.
        self._source: SufficientStatistics | None = None
        self._aimed: AnyArray | None = None
        #: Which parameters are where a leap ended, and which are held.
        self.leaping: AnyArray | None = None
        self.held: Held | None = None
        #: What the last E-step was of: leaps, or steps where a covariance is held, that sank.
        self.rejected: AnyArray | None = None
        self._stuck: AnyArray | None = None
        self._are_held = any(climb.is_held for climb in climbs)
        self._fixed: AnyArray | None = None
        if self._are_held:
            each = np.array([climb.is_held for climb in climbs])
            groups, shared = starts.groups, self.objective.family.shared
            self.held = self.holding(each if shared else np.repeat(each, groups.counts))
        self.began = time.perf_counter()

    @classmethod
    def of(
        cls, problems: Sequence[tuple[Problem, Mixture]], keeper: Keeper | None = None
    ) -> Climbers:
        """Return the fits of problems of one family and background from their starts."""
        climbs = [Climb.of(problem, start) for problem, start in problems]
        starts = [(begun(start, problem.objective), 0) for problem, start in problems]
        return cls(climbs, join_parameters(starts), keeper=keeper)

    def __len__(self) -> int:
        return len(self.numbers)

    def holding(self, mask: AnyArray) -> Held | None:
        """Return which covariances of the parameters are held, None if none is."""
        return Held.of(mask, self.parameters.groups, self.objective.family.shared)

    # -- after an E-step ------------------------------------------------------------------

    def take(self, statistics: SufficientStatistics) -> None:
        """Take what an E-step found of all; leaps that sank go back."""
        objective, new = self.objective, None
        climbed = objective.value(statistics, self.parameters)
        told = climbed if objective.is_bound else statistics.log_likelihood
        refused = self._refused(climbed)
        best = Best(self.parameters, statistics, self.held)
        if refused is not None:
            new = ~refused
            best = self._better(best, new)
            self.held = best.held
        self.best, self.rejected, self.n_taken = best, refused, self.n_taken + 1
        self.trace.note(told, climbed, time.perf_counter() - self.began, new, best.held)
        self.recent.push(climbed, new)
        self.leaping = self._aimed = self._source = None
        self._fixed = self._are_fixed() if self._are_held else None

    def _are_fixed(self) -> AnyArray:
        """Say of which fits the next step leads to where it began (G,)."""
        found = [
            self.climbs[number].is_held and stays(self.objective, self.best, g)
            for g, number in enumerate(self.numbers.tolist())
        ]
        return np.array(found) if self.rejected is None else np.array(found) & ~self.rejected

    def _refused(self, climbed: Array) -> AnyArray | None:
        """Say which of what was evaluated is not taken (G,); None if all is."""
        self._stuck, leaping, refused = None, self.leaping, None
        if leaping is not None:
            assert self.paths is not None
            success = climbed >= self.recent.last
            if self.held is not None:
                success &= ~self.held.any()
            landed, failed = leaping & success, leaping & ~success
            self.paths.take_back(failed)
            self.recent.leap(landed)
            self.n_rejected = self.n_rejected + failed
            refused = failed if failed.any() else None
        if leaping is None and self.rule.stands_below(self.recent, climbed):
            refused = self._stuck = climbed < self.recent.last
        if self.held is None and self.best.held is None:
            return refused
        sank = self._sank(climbed)
        if leaping is not None:
            sank &= ~leaping
        if not sank.any():
            return refused
        self._stuck = sank
        return sank if refused is None else refused | sank

    def _sank(self, climbed: Array) -> AnyArray:
        """Say which steps lowered what is climbed, as they may where a covariance is held (G,).

        The best that is known is then where it began.  A start need not be above the floor:
        the first step may sink from it.
        """
        counts, best = self.recent.counts, self.recent.last
        sank = counts > 0
        if not self.objective.is_climbed:
            return np.zeros_like(sank)
        held = np.zeros_like(sank)
        for own in (self.held, self.best.held):
            if own is not None:
                held |= own.any()
        with np.errstate(invalid="ignore"):
            limit = best - _FALL * np.maximum(np.abs(best), self.rule.n)
            sank &= held & ~(climbed >= limit)
        for g in np.flatnonzero(sank & (counts == 1)):
            start = one_of((self.best.evaluated, int(g))).covariances
            raised = start.floored(self.objective.floor)[0].log_det() - start.log_det()
            sank[g] = raised.max() < _RAISED
        return sank

    def _better(self, found: Best, new: AnyArray) -> Best:
        """Return what was found where it is `new` (G,), and what was best before elsewhere."""
        before, count = self.best, len(new)
        if before.statistics is None or found.statistics is None:  # nothing before
            return found
        numbers = np.where(new, np.arange(count), count + np.arange(count))
        held = either(new, found.held, before.held)
        if self._stuck is not None:
            # A start says nothing of what is held: the step from it does.
            some = np.zeros_like(new) if before.held is None else before.held.any()
            held = either(self._stuck & ~some, found.held, held)
        return Best(
            picked([found.evaluated, before.evaluated], numbers),
            picked([found.statistics, before.statistics], numbers),
            held,
        )

    # -- what is said of them ---------------------------------------------------------------

    def verdicts(self) -> AnyArray:
        """Say why each fit is to stop now, by the number of the status; -1 if it goes on."""
        options, found = self.options, np.full(len(self), _GOES_ON)
        gives_up = options.give_up_collapsed
        with np.errstate(over="ignore", invalid="ignore"):
            done, close = self.rule.reached(self.recent, self.close, self._rates())
        if self._fixed is not None and options.tol > 0:
            done |= self._fixed
        if self.n_taken > options.max_iter:
            over = self.recent.counts + self.n_rejected > options.max_iter
            found[over] = _CODES[Status.MAX_ITERATIONS]
        if np.count_nonzero(done):
            found[done] = _CODES[Status.CONVERGED]
        if gives_up and self.held is not None:
            found[self.held.any()] = _CODES[Status.COLLAPSED]
        if self.rejected is not None:
            found[self.rejected] = _GOES_ON
            close = self.close.kept(close, ~self.rejected)
        if self._stuck is not None:
            found[self._stuck] = _CODES[Status.COLLAPSED if gives_up else Status.CONVERGED]
        self.close = close
        return found

    def _rates(self) -> Array | float:
        return 0.0 if self.paths is None else self.paths.rates

    def iteration(self) -> Iteration:
        """Return what callbacks are told of a single fit."""
        *before, last = self.trace.newest(int(self.numbers[0]), 2)
        n = float(self.rule.n[0])
        gain = last - before[0] if before else np.nan
        remaining = float(self.rule.remaining(self.recent, self._rates())[0])
        return Iteration(int(self.recent.counts[0]) - 1, last / n, gain / n, remaining / n)

    # -- leaps ------------------------------------------------------------------------------

    @property
    def kind(self) -> tuple[str, bool]:
        """Those of one kind have coordinates that can be found together."""
        family = self.objective.family
        return family.held.moment.name, family.shared

    def waits(self) -> bool:
        """Let the statistics wait for their coordinates; whether a fit may be to leap now."""
        assert self.paths is not None
        new = None if self.rejected is None else ~self.rejected
        return self.paths.wait(self.source(), new, self.recent, self.n_taken)

    def aim(self, targets: SufficientStatistics, which: AnyArray, places: AnyArray) -> None:
        """Note where fits at some places leap to: `which` of the targets."""
        statistics = self.best.statistics
        assert statistics is not None
        numbers = np.arange(len(self))
        numbers[places] = len(self) + which
        self._source = picked([statistics, targets], numbers)
        self._aimed = np.zeros(len(self), dtype=bool)
        self._aimed[places] = True

    def ended(self, places: AnyArray, statuses: list[Status]) -> Ended:
        """Return some fits as they stand, for good."""
        told = self.best.statistics
        values = np.full(len(places), np.nan)
        if told is not None:
            source = self.recent.last if self.objective.is_bound else told.log_likelihood
            values = source[places]
        return Ended(
            self.climbs,
            self.numbers[places],
            self.numbers[places],
            statuses,
            self.best if len(places) == len(self) else self.best.take(places),
            values,
            self.rule.n[places],
            self.n_rejected[places],
            self.trace,
        )

    def so_far(self) -> list[FitResult]:
        """Return the fits as they stand, interrupted; or those that went last, if all have gone."""
        self.numbers = self.numbers if len(self) else self._gone
        every = np.arange(len(self))
        return [self.ended(every[g : g + 1], [Status.INTERRUPTED]).result(0) for g in every]

    def end(self, verdicts: AnyArray) -> Ended | None:
        """Let go who stops, as `verdicts` say; None if nobody does."""
        goes_on = verdicts == _GOES_ON
        if np.count_nonzero(goes_on) == len(self):
            return None
        going, places = np.flatnonzero(goes_on), np.flatnonzero(~goes_on)
        found = self.ended(places, [STATUSES[code] for code in verdicts[places].tolist()])
        self._keep(going)
        return found

    def _keep(self, places: AnyArray) -> None:
        """Go on with some of the fits."""
        self._gone, self.numbers = self.numbers, self.numbers[places]
        self.trace.keep(self.numbers)
        if not len(places):
            return
        same = self.best.evaluated is self.parameters
        self.best = self.best.take(places)
        self.parameters = self.best.evaluated if same else picked([self.parameters], places)
        self.held = None if self.held is None else self.held.take(places)
        self.rule, self.recent = self.rule.take(places), self.recent.take(places)
        self.close, self.n_rejected = self.close.take(places), self.n_rejected[places]
        if self.paths is not None:
            self.paths.take(places)
        if self._source is not None and self._aimed is not None:
            self._source, self._aimed = picked([self._source], places), self._aimed[places]
        if self.rejected is not None:
            self.rejected = self.rejected[places]

    # -- M-step -------------------------------------------------------------------------------

    def source(self) -> SufficientStatistics:
        """Return the statistics of the next M-step."""
        found = self.best.statistics if self._source is None else self._source
        assert found is not None
        return found

    def estimate(self) -> Estimate | None:
        try:
            return self.objective.estimate(self.source(), self.best.evaluated)
        except _FAILURES:
            if self._is_alone():
                raise
            return None

    def move(self, estimate: Estimate | None) -> None:
        found = None
        try:
            found = None if estimate is None else self.objective.held(estimate)
        except _FAILURES:
            if self._is_alone():
                raise
        if found is None:
            found = self._one_by_one()
        if found is not None:
            self.parameters, mask = found
            self.held, self.leaping = self.holding(mask), self._aimed
        if self.keeper is not None and self.keeper.saves:
            self.keeper.keep(state_of(self, 0))

    def _is_alone(self) -> bool:
        """Whether an M-step that failed has no other way: no leap to take back, no other fit."""
        return len(self) == 1 and self._aimed is None and not self.forgiving

    def _one_by_one(self) -> tuple[Parameters, AnyArray] | None:
        """Return the M-steps of all; a leap that one fails at is not made.  None if none is."""
        found = [self._move_alone(g) for g in range(len(self))]
        kept = np.array([g for g, own in enumerate(found) if own is not None], dtype=int)
        if len(kept) < len(found):
            gone = np.delete(np.arange(len(found)), kept)
            self.lost = np.concatenate([self.lost, self.numbers[gone]])
            self._keep(kept)
        moved = [own for own in found if own is not None]
        if not moved:
            return None
        parameters = join_parameters([(own, 0) for own, _ in moved])
        return parameters, np.concatenate([mask for _, mask in moved])

    def _move_alone(self, g: int) -> tuple[Parameters, AnyArray] | None:
        """Return the M-step of one fit; None if it has none, and is left out."""
        previous = one_of((self.best.evaluated, g))
        try:
            return self.objective.update(one_of((self.source(), g)), previous)
        except _FAILURES:
            if self._aimed is None or not self._aimed[g]:
                if self.forgiving:
                    return None
                raise
        # Back to where the leap began.
        assert self.best.statistics is not None and self.paths is not None
        failed = np.arange(len(self)) == g
        self.paths.take_back(failed)
        self._aimed = self._aimed & ~failed
        try:
            return self.objective.update(one_of((self.best.statistics, g)), previous)
        except _FAILURES:
            if self.forgiving:
                return None
            raise
