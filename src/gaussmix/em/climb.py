"""One fit among those of a batch: what it takes of each E-step, and when it stops."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import one_of
from ..mixture import Mixture
from .convergence import AitkenRule
from .leaps import Leaps
from .mstep import RELATIVE_FLOOR
from .result import FitResult, History, Iteration, Status
from .state import FitState

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.parameters import Parameters, Place
    from ..components.statistics import SufficientStatistics
    from .model import Model
    from .objectives import Objective
    from .options import Options
    from .problem import Problem

__all__ = ["Climb", "collapsed_components"]

# A fall is more than rounding if it is more than this share.
_FALL = 1e-9
# Parameters that differ by less than this share of a deviation, or a variance, are the same: ten
# times what holds a covariance that has no width.
_STILL = 10.0 * RELATIVE_FLOOR
# A start is below the floor if it has to be raised by so much (of a log-determinant).
_RAISED = 1e-3


class Climb:
    """The trace and the verdict of one fit; all that moves is its `state`.

    Parameters
    ----------
    start : Mixture
    model : Model
    objective : Objective
        The model's, on the data.
    options : Options
    n : float, optional
        Sum of the weights of the rows, if they are not those that the objective is of.
    is_held : bool
        Whether all covariances are held at the floor, wherever the fit goes.
    """

    def __init__(
        self,
        start: Mixture,
        model: Model,
        objective: Objective,
        options: Options,
        n: float | None = None,
        *,
        is_held: bool = False,
    ) -> None:
        self.model, self.objective, self.options = model, objective, options
        self.feature_names = start.feature_names
        self.n, self.n_rows = objective.total.total, objective.total.n_rows
        self.n = self.n if n is None else n
        self.rule = AitkenRule(self.options.tol, self.n)
        leaps = Leaps() if self.options.accelerate and objective.is_climbed else None
        self.state = FitState.at(self._begun(start), leaps)
        self._is_held, self._is_fixed = is_held, False
        if is_held:
            held = np.ones(len(one_of(self.state.now).covariances.values), dtype=bool)
            self.state = self.state._replace(collapsed=collapsed_components(held, objective.family))
        self._began = time.perf_counter()

    @classmethod
    def of(cls, problem: Problem, start: Mixture) -> Climb:
        """Return the fit of a problem that begins at a mixture."""
        given = (problem.model, problem.objective, problem.options)
        return cls(start, *given, is_held=problem.is_held)

    def _begun(self, start: Mixture) -> Parameters:
        """Return the parameters of a start, whose covariances may be of any structure."""
        held = self.objective.family.taken(start.scales, start.weights)
        if held is not start.scales:
            with np.errstate(over="ignore", invalid="ignore"), suppress(np.linalg.LinAlgError):
                held, _ = held.floored(self.objective.floor)
        given = start.parameters
        density = self.objective.density.begun(given.density, len(given.weights))
        return replace(given, covariances=held, pooled=held.shared, density=density)

    def resume(self, state: FitState) -> None:
        """Go on from where another fit stood."""
        self.state = state
        self._began -= max(state.seconds, default=0.0)

    # -- after an E-step ------------------------------------------------------------

    def take(self, place: Place[SufficientStatistics], climbed: float) -> None:
        """Take what an E-step found of `now`, and its value; a leap that sank goes back."""
        state, (stack, g) = self.state, place
        last_leap, leaps = state.last_leap, state.leaps
        if state.leaping:
            assert leaps is not None
            success = climbed >= state.climbed[-1] and not state.collapsed
            leaps = leaps.landed(success=success)
            if not success:
                self.state = state._replace(
                    target=None,
                    collapsed=state.all_collapsed[-1],
                    n_rejected=state.n_rejected + 1,
                    leaping=False,
                    rejected=True,
                    leaps=leaps,
                )
                return
            last_leap = len(state.climbed)
        elif self._sank(climbed):
            # A start says nothing of what is held: the step from it does.
            held = state.all_collapsed[-1] or state.collapsed
            self.state = state._replace(
                collapsed=held,
                all_collapsed=(*state.all_collapsed[:-1], held),
                rejected=True,
                stuck=True,
            )
            return
        objective = self.objective
        told = climbed if objective.is_bound else float(stack.log_likelihood[g])
        found = (*state.log_likelihood, told)
        self._is_fixed = self._is_held and self._stays(place)
        self.state = FitState(
            now=state.now,
            evaluated=state.now,
            statistics=place,
            target=None,
            collapsed=state.collapsed,
            log_likelihood=found,
            climbed=found if objective.is_likelihood else (*state.climbed, climbed),
            seconds=(*state.seconds, time.perf_counter() - self._began),
            all_collapsed=(*state.all_collapsed, state.collapsed),
            n_rejected=state.n_rejected,
            last_leap=last_leap,
            close=state.close,
            leaps=leaps,
        )

    def _stays(self, place: Place[SufficientStatistics]) -> bool:
        """Whether the next step leads to where it began.

        Where all covariances are held a row is as good as known to belong to one component: if
        none has changed its own, there is nothing to wait for.
        """
        family, own = self.objective.family, one_of(self.state.now)
        if not family.free:
            return False
        statistics, scales = one_of(place), self.objective.scales
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = (statistics.means - own.means) / np.sqrt(scales)
            found = family.estimate(family.gathered(statistics)).values
            turned = (found - own.covariances.values) / own.covariances.moment.outer(
                np.sqrt(scales)[None]
            )
            weights = statistics.counts / statistics.total
        if self.objective.equal_weights:
            weights = own.weights
        changes = (moved, turned, weights - own.weights)
        return all(bool((np.abs(change) <= _STILL).all()) for change in changes)

    def _sank(self, climbed: float) -> bool:
        """Whether a step lowered what is climbed, as it may where a covariance is held.

        The best that is known is then where it began.  A start need not be above the floor:
        the first step may sink from it.
        """
        state = self.state
        held = state.climbed and (state.collapsed or state.all_collapsed[-1])
        if not held or not self.objective.is_climbed:
            return False
        best = state.climbed[-1]
        if climbed >= best - _FALL * max(abs(best), self.n):
            return False
        if len(state.climbed) > 1:
            return True
        start = one_of(state.evaluated).covariances
        raised = start.floored(self.objective.floor)[0].log_det() - start.log_det()
        return bool(raised.max() < _RAISED)

    def verdict(self) -> Status | None:
        """Say why to stop now, or None."""
        state = self.state
        if state.stuck:
            gives_up = self.options.give_up_collapsed
            return Status.COLLAPSED if gives_up else Status.CONVERGED
        if state.rejected:
            return None
        if self.options.give_up_collapsed and state.collapsed:
            return Status.COLLAPSED
        done, close = self.rule.reached(
            state.climbed, state.last_leap, self._slowness(), state.close
        )
        if done or (self._is_fixed and self.options.tol > 0):
            return Status.CONVERGED
        if len(state.climbed) + state.n_rejected > self.options.max_iter:
            return Status.MAX_ITERATIONS
        if close != state.close:
            self.state = state._replace(close=close)
        return None

    def _slowness(self) -> float:
        return 0.0 if self.state.leaps is None else self.state.leaps.rate

    def iteration(self) -> Iteration:
        """Return what callbacks are told."""
        state = self.state
        trace = state.log_likelihood
        gain = trace[-1] - trace[-2] if len(trace) > 1 else np.nan
        remaining = self.rule.remaining(state.climbed, state.last_leap, self._slowness())
        return Iteration(len(trace) - 1, trace[-1] / self.n, gain / self.n, remaining / self.n)

    # -- before and after an M-step -----------------------------------------------

    def remember(self, vector: Array | None) -> bool:
        """Note the coordinates of the statistics; say whether to leap."""
        leaps = self.state.leaps
        assert leaps is not None
        leaps = leaps.noted(vector)
        self.state = FitState(*self.state[:-1], leaps)
        return leaps.may_pay(self.state.climbed)

    def aim(self, target: Place[SufficientStatistics], leaps: Leaps) -> None:
        """Note where to leap to."""
        self.state = self.state._replace(target=target, leaps=leaps)

    def source(self) -> Place[SufficientStatistics]:
        """Return the statistics of the next M-step."""
        place = self.state.statistics if self.state.target is None else self.state.target
        assert place is not None
        return place

    def turn_back(self) -> None:
        """Give up a leap that no M-step can follow."""
        leaps = self.state.leaps
        assert leaps is not None
        self.state = self.state._replace(target=None, leaps=leaps.landed(success=False))

    def move(self, place: Place[Parameters], collapsed: tuple[int, ...]) -> None:
        """Go to what an M-step found."""
        state = self.state
        self.state = state._replace(
            now=place,
            collapsed=collapsed,
            leaping=state.target is not None,
            rejected=False,
        )

    # -- the end ----------------------------------------------------------------------

    def history(self) -> History:
        state = self.state
        return History(
            list(state.log_likelihood),
            list(state.seconds),
            list(state.all_collapsed),
            state.n_rejected,
        )

    def result(self, status: Status) -> FitResult:
        """Return the fit that ends where it stands."""
        state = self.state
        trace = state.log_likelihood
        return FitResult(
            mixture=Mixture.of_parameters(one_of(state.evaluated), self.feature_names),
            model=self.model,
            log_likelihood=trace[-1] if trace else float("nan"),
            n=self.n,
            n_rows=self.n_rows,
            status=status,
            history=self.history(),
            statistics=None if state.statistics is None else one_of(state.statistics),
            floor=self.objective.floor,
            total=self.objective.total,
        )


def collapsed_components(mask: AnyArray, family: Family) -> tuple[int, ...]:
    """Turn the M-step's mask into component numbers; (-1,) is the shared covariance."""
    if not mask.any():
        return ()
    return (-1,) if family.shared else tuple(np.flatnonzero(mask).tolist())
