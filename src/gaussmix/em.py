"""The EM loop: the only place that iterates, traces and decides to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from .acceleration import Leaps, leap
from .convergence import AitkenRule
from .coordinates import to_vectors
from .criteria import n_parameters
from .estep import expectation
from .exceptions import DataError, FitInterrupted
from .keeping import Keeper
from .mstep import Constraints, maximization

if TYPE_CHECKING:
    from ._typing import AnyArray
    from .families import Family
    from .mixture import Mixture
    from .prior import ConjugatePrior
    from .sources import Source
    from .statistics import SufficientStatistics
    from .summary import DataSummary

__all__ = [
    "Callback",
    "Climb",
    "EMOptions",
    "FitResult",
    "History",
    "Iteration",
    "Run",
    "Status",
    "fit_em",
]

# Variances below this share of a feature's total variance count as a collapse.
RELATIVE_FLOOR = 1e-10


class Status(Enum):
    """Why a fit stopped; the value is the text for people."""

    CONVERGED = "converged: the log-likelihood still to come is below tol a row"
    MAX_ITERATIONS = "stopped at max_iter before converging: raise max_iter, or tol"
    COLLAPSED = "given up: a covariance lost its width in some direction"
    STOPPED = "stopped by the callback"
    INTERRUPTED = "interrupted: parameters are the best reached"
    STREAMED = "updated by partial_fit, block by block"


@dataclass(frozen=True)
class EMOptions:
    """How to iterate.

    Attributes
    ----------
    tol : float
        Stop when the mean log-likelihood a row still to come, as predicted, is below it.
    max_iter : int
    reg_covar : float
        Added to the diagonal of covariances.
    equal_weights : bool
        Whether all components have the same mixing weight.
    prior : ConjugatePrior or None
    give_up_collapsed : bool
        Whether to stop as soon as a covariance is held at the floor: for searches that
        have no use for such a fit.
    accelerate : bool
        Whether to leap ahead where EM is slow (see `Leaps`).  Not with `reg_covar`, which
        does not climb the likelihood, so a bad leap could not be told from a good one.
    dtype : type
        Of the arithmetic within a block of rows: float64 or float32.
    """

    tol: float = 1e-6
    max_iter: int = 1000
    reg_covar: float = 0.0
    equal_weights: bool = False
    prior: ConjugatePrior | None = None
    give_up_collapsed: bool = False
    accelerate: bool = True
    dtype: type = np.float64

    def constraints(self, summary: DataSummary, family: Family, n_components: int) -> Constraints:
        """Return what the M-step must respect on these data."""
        floor = RELATIVE_FLOOR * (summary.variances + self.reg_covar)
        prior = None if self.prior is None else self.prior.on(summary, family, n_components)
        return Constraints(self.reg_covar, floor, self.equal_weights, prior)


@dataclass(frozen=True)
class Iteration:
    """What a callback is told after each E-step.

    Attributes
    ----------
    number : int
        M-steps done; 0 is the start.
    log_likelihood : float
        Mean over rows, of the current parameters.
    gain : float
        Since the previous iteration, a row; NaN at the start.
    remaining : float
        Predicted gain still to come, a row; infinite while unknown.
    """

    number: int
    log_likelihood: float
    gain: float
    remaining: float


#: Called after each E-step; a true result stops the fit.
Callback = Callable[[Iteration], "bool | None"]


@dataclass
class History:
    """Trace of a fit; entry i belongs to the parameters after i M-steps.

    Attributes
    ----------
    log_likelihood : list of float
        Total, over all rows.
    seconds : list of float
        Since the start of the fit.
    collapsed : list of tuple of int
        Components whose covariance is held at the floor.
    rejected : int
        Passes over the data whose parameters were not kept: leaps that did not climb.
    """

    log_likelihood: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    collapsed: list[tuple[int, ...]] = field(default_factory=list)
    rejected: int = 0

    def __len__(self) -> int:
        return len(self.log_likelihood)


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted mixture and how it was reached.

    Attributes
    ----------
    mixture : Mixture
    family : Family
    log_likelihood : float
        Total, of exactly this mixture.
    n : float
        Sum of the sample weights: the number of rows in all criteria.
    n_rows : int
    status : Status
    history : History
    given_start : bool
        Whether the start was given, which keeps the order of its components.
    equal_weights : bool
        Whether mixing weights were held equal.
    statistics : SufficientStatistics or None
        Of the rows under exactly this mixture: what the next M-step would take.
    """

    mixture: Mixture
    family: Family
    log_likelihood: float
    n: float
    n_rows: int
    status: Status
    history: History
    given_start: bool = False
    equal_weights: bool = False
    statistics: SufficientStatistics | None = None

    @property
    def n_iter(self) -> int:
        """M-steps done."""
        return max(0, len(self.history) - 1)

    @property
    def collapsed(self) -> tuple[int, ...]:
        """Components whose covariance is held at the floor; (-1,) is the shared one."""
        return self.history.collapsed[-1] if self.history.collapsed else ()

    def warnings(self) -> list[str]:
        """What the user should know before trusting the fit; empty when all is well."""
        found = []
        if self.collapsed:
            found.append(self._collapse())
        if self.status is Status.MAX_ITERATIONS and self.n_iter > 0:
            found.append(f"not converged after {self.n_iter} iterations: raise max_iter, or tol")
        return found

    def _collapse(self) -> str:
        weights, shown = self.mixture.weights, self.collapsed[:5]
        which = (
            "the shared covariance"
            if self.collapsed == (-1,)
            else "component " + ", ".join(f"{k} (weight {weights[k]:.3g})" for k in shown)
        )
        if len(self.collapsed) > len(shown):
            which += f" and {len(self.collapsed) - len(shown)} more"
        return (
            f"covariance collapsed: {which} has no width in some direction, and is held at a "
            f"floor of {RELATIVE_FLOOR:g} of the data's variance. The log-likelihood is then "
            "arbitrary: raise reg_covar, use fewer components, or choose a simpler family"
        )

    @property
    def reached(self) -> str:
        """How far the fit has come, for people."""
        if not self.history.log_likelihood:
            return "before the first iteration on all rows"
        return f"after {self.n_iter} iterations at log-likelihood {self.log_likelihood:.6g}"

    def before(self, summary: DataSummary) -> FitResult:
        """Return this mixture as one that a fit to other data is to begin with."""
        return replace(
            self,
            log_likelihood=float("nan"),
            n=summary.total.total,
            n_rows=summary.total.n_rows,
            history=History(),
            statistics=None,
        )

    @property
    def n_parameters(self) -> int:
        """Free parameters of the model."""
        return n_parameters(
            self.family,
            self.mixture.n_components,
            self.mixture.n_features,
            equal_weights=self.equal_weights,
            noise=self.mixture.noise is not None,
        )


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
        log_prior = 0.0 if prior is None else prior.log_density(self.mixture, self.family)
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
