"""The EM loop: the only place that iterates, traces and decides to stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..estep.expectation import expectation
from ..exceptions import DataError, FitInterrupted
from .convergence import AitkenRule
from .coordinates import to_vectors
from .keeper import Keeper
from .leaps import Leaps, leap
from .mstep import maximization
from .result import Callback, FitResult, History, Iteration, Status

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..components.families import Family
    from ..components.statistics import SufficientStatistics
    from ..mixture.mixture import Mixture
    from ..rows import Source
    from ..rows.summary import DataSummary
    from .options import EMOptions

__all__ = ["Climb", "Run", "collapsed_components", "fit_em"]


def fit_em(
    source: Source,
    start: Mixture,
    family: Family,
    summary: DataSummary,
    options: EMOptions,
    callback: Callback | None = None,
    known: AnyArray | None = None,
    keeper: Keeper | None = None,
) -> FitResult:
    """Iterate EM from `start` until it converges (Dempster, Laird & Rubin 1977).

    The mixture returned is the one its log-likelihood belongs to: the last E-step
    is not followed by an M-step.  Rows whose component is `known` (n,), not -1, keep
    it throughout.

    Raises
    ------
    FitInterrupted
        On Ctrl-C; carries the last evaluated mixture.
    """
    run, keeper = Run(start, family, summary, options), keeper or Keeper()
    keeper.restore(run)
    try:
        while True:
            run.note(expectation(source, summary, run.mixture, family, known, options.dtype))
            status = run.verdict()
            if callback is not None and status is None and not run.rejected:
                status = Status.STOPPED if callback(run.iteration()) else None
            if status is not None:
                return run.result(status)
            run.advance()
            keeper.keep(run)
    except KeyboardInterrupt:
        keeper.save()
        raise FitInterrupted(run.result(Status.INTERRUPTED)) from None


class Climb:
    """Trace and verdict of one fit, wherever its mixture and statistics are kept."""

    def __init__(
        self, n_components: int, family: Family, summary: DataSummary, options: EMOptions
    ) -> None:
        self.family, self.summary, self.options = family, summary, options
        self.constraints = options.constraints(summary, family, n_components)
        self.n = summary.total.total
        self.rule = AitkenRule(options.tol, self.n)
        self.history = History()
        # What EM climbs, on which it stops: with a prior it is not the likelihood alone.
        self.climbed = self.history.log_likelihood if self.constraints.prior is None else []
        self.collapsed: tuple[int, ...] = ()
        accelerate = options.accelerate and options.reg_covar == 0
        self.leaps = Leaps() if accelerate else None
        #: Whether the last E-step was of a leap that did not climb.
        self.rejected = False
        # Whether the mixture is where a leap ended; its place in the trace.
        self._leaping = False
        self._leap = 0
        self._began = time.perf_counter()

    def accept(self, log_likelihood: float, log_prior: float = 0.0) -> bool:
        """Take the value of the newest mixture; False if it is of a leap that did not climb."""
        value = log_likelihood + log_prior
        self.rejected = self._leaping and not self._landed(value)
        if self.rejected:
            return False
        self.history.seconds.append(time.perf_counter() - self._began)
        self.history.collapsed.append(self.collapsed)
        self.history.log_likelihood.append(log_likelihood)
        if self.climbed is not self.history.log_likelihood:
            self.climbed.append(value)
        return True

    def _landed(self, value: float) -> bool:
        """Whether a leap has climbed; if not, the last state of EM's own stands."""
        assert self.leaps is not None
        climbed = bool(value >= self.climbed[-1]) and not self.collapsed
        self._leaping = False
        self.leaps.land(success=climbed)
        if climbed:
            self._leap = len(self.climbed)
        else:
            self.history.rejected += 1
            self.collapsed = self.history.collapsed[-1]
        return climbed

    def verdict(self) -> Status | None:
        """Say why to stop now, or None."""
        if self.rejected:
            return None
        if self.options.give_up_collapsed and self.collapsed:
            return Status.COLLAPSED
        if self.rule.reached(self.climbed, self._leap, self._slowness()):
            return Status.CONVERGED
        if len(self.history) + self.history.rejected > self.options.max_iter:
            return Status.MAX_ITERATIONS
        return None

    def _slowness(self) -> float:
        return 0.0 if self.leaps is None else self.leaps.rate

    def iteration(self) -> Iteration:
        trace = self.history.log_likelihood
        gain = trace[-1] - trace[-2] if len(trace) > 1 else np.nan
        remaining = self.rule.remaining(self.climbed, self._leap, self._slowness())
        return Iteration(len(trace) - 1, trace[-1] / self.n, gain / self.n, remaining / self.n)

    def result_of(
        self, mixture: Mixture, statistics: SufficientStatistics | None, status: Status
    ) -> FitResult:
        """Return the fit that ends with this mixture, the last that was accepted."""
        trace = self.history.log_likelihood
        return FitResult(
            mixture=mixture,
            family=self.family,
            log_likelihood=trace[-1] if trace else float("nan"),
            n=self.n,
            n_rows=self.summary.total.n_rows,
            status=status,
            history=self.history,
            equal_weights=self.constraints.equal_weights,
            statistics=statistics,
        )


class Run(Climb):
    """The moving state of one fit: `note` an E-step, ask for the `verdict`, `advance`."""

    #: What moves besides the history, the rule and the leaps: what a checkpoint keeps.
    MOVING = (
        "mixture",
        "evaluated",
        "statistics",
        "collapsed",
        "rejected",
        "_target",
        "_leaping",
        "_leap",
    )

    def __init__(
        self, start: Mixture, family: Family, summary: DataSummary, options: EMOptions
    ) -> None:
        super().__init__(start.n_components, family, summary, options)
        self.mixture = self.evaluated = start
        self.statistics: SufficientStatistics | None = None
        # Where to leap to next.
        self._target: SufficientStatistics | None = None

    def note(self, statistics: SufficientStatistics) -> None:
        """Take what an E-step found: statistics, and the log-likelihood of the mixture."""
        prior = self.constraints.prior
        log_prior = (
            0.0
            if prior is None
            else prior.log_density(self.mixture.means, self.mixture.covariances, self.family)
        )
        self._target = None
        if self.accept(statistics.log_likelihood, log_prior):
            self.statistics, self.evaluated = statistics, self.mixture
            if self.leaps is not None:
                self._target = self._next_leap(self.leaps, statistics)

    def _next_leap(
        self, leaps: Leaps, statistics: SufficientStatistics
    ) -> SufficientStatistics | None:
        """Return the statistics to leap to from these, or None for a plain step."""
        if not leaps.note(to_vectors(statistics)[0], self.climbed):
            return None
        target, (far,) = leap([leaps], statistics)
        return target if far else None

    def advance(self) -> None:
        """M-step."""
        self._leaping = self._target is not None
        try:
            statistics = self.statistics if self._target is None else self._target
            assert statistics is not None
            self._maximise(statistics)
        except (np.linalg.LinAlgError, DataError):
            if self._target is None or self.leaps is None:
                raise
            self._target = None
            self.leaps.land(success=False)
            self.advance()

    def _maximise(self, statistics: SufficientStatistics) -> None:
        self.mixture, collapsed = maximization(
            statistics,
            self.family,
            self.constraints,
            self.evaluated,
            self.evaluated.feature_names,
        )
        self.collapsed = collapsed_components(collapsed, self.family)

    def result(self, status: Status) -> FitResult:
        return self.result_of(self.evaluated, self.statistics, status)


def collapsed_components(mask: AnyArray, family: Family) -> tuple[int, ...]:
    """Turn the M-step's mask into component numbers; (-1,) is the shared covariance."""
    if family.shared:
        return (-1,) if mask.any() else ()
    return tuple(int(k) for k in np.flatnonzero(mask))
