"""The EM loop: the only place that iterates, traces and decides to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from .convergence import AitkenRule
from .criteria import n_parameters
from .estep import expectation
from .exceptions import FitInterrupted
from .mstep import Constraints, maximization

if TYPE_CHECKING:
    from ._typing import AnyArray
    from .families import Family
    from .mixture import Mixture
    from .sources import Source
    from .summary import DataSummary

__all__ = ["Callback", "EMOptions", "FitResult", "History", "Iteration", "Status", "fit_em"]

# Variances below this share of a feature's total variance count as a collapse.
RELATIVE_FLOOR = 1e-10


class Status(Enum):
    """Why a fit stopped; the value is the text for people."""

    CONVERGED = "converged: the log-likelihood still to come is below tol a row"
    MAX_ITERATIONS = "stopped at max_iter before converging: raise max_iter, or tol"
    STOPPED = "stopped by the callback"
    INTERRUPTED = "interrupted: parameters are the best reached"


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
    """

    tol: float = 1e-6
    max_iter: int = 1000
    reg_covar: float = 0.0

    def constraints(self, summary: DataSummary) -> Constraints:
        """Return what the M-step must respect on these data."""
        floor = RELATIVE_FLOOR * (summary.variances + self.reg_covar)
        return Constraints(self.reg_covar, floor)


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
    """

    log_likelihood: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    collapsed: list[tuple[int, ...]] = field(default_factory=list)

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
    """

    mixture: Mixture
    family: Family
    log_likelihood: float
    n: float
    n_rows: int
    status: Status
    history: History
    given_start: bool = False

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
        if self.status is Status.MAX_ITERATIONS:
            found.append(f"not converged after {self.n_iter} iterations: raise max_iter, or tol")
        return found

    def _collapse(self) -> str:
        weights = self.mixture.weights
        which = (
            "the shared covariance"
            if self.collapsed == (-1,)
            else "component " + ", ".join(f"{k} (weight {weights[k]:.3g})" for k in self.collapsed)
        )
        return (
            f"covariance collapsed: {which} has no width in some direction, and is held at a "
            f"floor of {RELATIVE_FLOOR:g} of the data's variance. The log-likelihood is then "
            "arbitrary: raise reg_covar, use fewer components, or choose a simpler family"
        )

    @property
    def n_parameters(self) -> int:
        """Free parameters of the model."""
        return n_parameters(self.family, self.mixture.n_components, self.mixture.n_features)


def fit_em(
    source: Source,
    start: Mixture,
    family: Family,
    summary: DataSummary,
    options: EMOptions,
    callback: Callback | None = None,
) -> FitResult:
    """Iterate EM from `start` until it converges (Dempster, Laird & Rubin 1977).

    The mixture returned is the one its log-likelihood belongs to: the last E-step
    is not followed by an M-step.

    Raises
    ------
    FitInterrupted
        On Ctrl-C; carries the last evaluated mixture.
    """
    run = _Run(source, start, family, summary, options)
    status = Status.MAX_ITERATIONS
    try:
        for number in range(options.max_iter + 1):
            run.evaluate()
            if run.rule.reached(run.history.log_likelihood):
                status = Status.CONVERGED
                break
            if callback is not None and callback(run.iteration()):
                status = Status.STOPPED
                break
            if number < options.max_iter:
                run.advance()
    except KeyboardInterrupt:
        raise FitInterrupted(run.result(Status.INTERRUPTED)) from None
    return run.result(status)


class _Run:
    """The moving state of one fit."""

    def __init__(
        self,
        source: Source,
        start: Mixture,
        family: Family,
        summary: DataSummary,
        options: EMOptions,
    ) -> None:
        self.source, self.family, self.summary = source, family, summary
        self.constraints = options.constraints(summary)
        self.n = summary.total.total
        self.rule = AitkenRule(options.tol, self.n)
        self.history = History()
        self.mixture = self.evaluated = start
        self.collapsed: tuple[int, ...] = ()
        self._began = time.perf_counter()

    def evaluate(self) -> None:
        """E-step: statistics, and the log-likelihood of the current mixture."""
        statistics = expectation(self.source, self.summary, self.mixture, self.family)
        self.statistics, self.evaluated = statistics, self.mixture
        self.history.seconds.append(time.perf_counter() - self._began)
        self.history.collapsed.append(self.collapsed)
        self.history.log_likelihood.append(statistics.log_likelihood)

    def advance(self) -> None:
        """M-step."""
        self.mixture, collapsed = maximization(
            self.statistics,
            self.family,
            self.constraints,
            self.mixture,
            self.mixture.feature_names,
        )
        self.collapsed = collapsed_components(collapsed, self.family)

    def iteration(self) -> Iteration:
        trace = self.history.log_likelihood
        gain = trace[-1] - trace[-2] if len(trace) > 1 else np.nan
        remaining = self.rule.remaining(trace)
        return Iteration(len(trace) - 1, trace[-1] / self.n, gain / self.n, remaining / self.n)

    def result(self, status: Status) -> FitResult:
        trace = self.history.log_likelihood
        return FitResult(
            mixture=self.evaluated,
            family=self.family,
            log_likelihood=trace[-1] if trace else float("nan"),
            n=self.n,
            n_rows=self.summary.total.n_rows,
            status=status,
            history=self.history,
        )


def collapsed_components(mask: AnyArray, family: Family) -> tuple[int, ...]:
    """Turn the M-step's mask into component numbers; (-1,) is the shared covariance."""
    if family.shared:
        return (-1,) if mask.any() else ()
    return tuple(int(k) for k in np.flatnonzero(mask))
