"""What a fit tells: while it runs, and when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from .words import collapse, notices, summary

if TYPE_CHECKING:
    from .._typing import Array
    from ..components.families import Family
    from ..components.statistics import SufficientStatistics
    from ..mixture.mixture import Mixture
    from ..mixture.summary import Summary
    from ..rows.missingness import Missingness
    from ..rows.summary import DataSummary
    from .model import Model
    from .optima import Optimum

__all__ = ["Callback", "FitResult", "History", "Iteration", "Status", "height"]


class Status(Enum):
    """Why a fit stopped; the value is the text for people.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> model = GaussianMixture(3, random_state=0).fit(load_iris().data)
    >>> model.status_.name
    'CONVERGED'
    """

    CONVERGED = "converged: the log-likelihood still to come is below tol a row"
    MAX_ITERATIONS = "stopped at max_iter before converging: raise max_iter, or tol"
    COLLAPSED = "given up: a covariance lost its width in some direction"
    STOPPED = "stopped by the callback"
    INTERRUPTED = "interrupted: parameters are the best reached"
    STREAMED = "updated by partial_fit, block by block"


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

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> seen = []
    >>> model = GaussianMixture(3, random_state=0, callback=seen.append)
    >>> model = model.fit(load_iris().data)
    >>> [iteration.number for iteration in seen][:2]
    [0, 1]
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

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> model = GaussianMixture(3, random_state=0).fit(load_iris().data)
    >>> climbed = model.history_.log_likelihood
    >>> climbed == sorted(climbed)
    True
    """

    log_likelihood: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    collapsed: list[tuple[int, ...]] = field(default_factory=list)
    rejected: int = 0

    def __len__(self) -> int:
        return len(self.log_likelihood)

    @property
    def held(self) -> tuple[int, ...]:
        """Components whose covariance is held at the end."""
        return self.collapsed[-1] if self.collapsed else ()


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted mixture and how it was reached.

    Attributes
    ----------
    mixture : Mixture
    model : Model
    log_likelihood : float
        Total, of exactly this mixture; of a Bayesian one the evidence lower bound.
    n : float
        Sum of the sample weights: the number of rows in all criteria.
    n_rows : int
    status : Status
    history : History
    given_start : bool
        Whether the start was given, which keeps the order of its components.
    statistics : SufficientStatistics or None
        Of the rows under exactly this mixture: what the next M-step would take.
    optima : tuple of Optimum
        The different optima that starts led to, where several were looked at.
    floor : ndarray (d,) or None
        Below which no covariance was let.
    n_dropped : int
        Rows of the data that are not among these: a value of theirs is missing, or every one.
    missing : Missingness or None
        What is missing of the rows, where that is not seen and some is.
        Rows of the data that are not among these: a value of theirs is missing.
    total : SufficientStatistics or None
        Of all rows as one component.
    trail : tuple of float
        The newest values of what was climbed: by them a fit that goes on knows when to stop.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> model = GaussianMixture(3, random_state=0).fit(load_iris().data)
    >>> model.result_.status.value
    'converged: the log-likelihood still to come is below tol a row'
    >>> round(model.result_.log_likelihood, 2)
    -180.19
    """

    mixture: Mixture
    model: Model
    log_likelihood: float
    n: float
    n_rows: int
    status: Status
    history: History
    given_start: bool = False
    statistics: SufficientStatistics | None = None
    optima: tuple[Optimum, ...] = ()
    floor: Array | None = None
    n_dropped: int = 0
    missing: Missingness | None = None
    total: SufficientStatistics | None = None
    trail: tuple[float, ...] = ()

    @property
    def family(self) -> Family:
        """How covariances are tied."""
        return self.model.family

    @property
    def n_iter(self) -> int:
        """M-steps done."""
        return max(0, len(self.history) - 1)

    @property
    def collapsed(self) -> tuple[int, ...]:
        """Components whose covariance is held at the floor; (-1,) is the shared one."""
        return self.history.held

    def warnings(self) -> list[str]:
        """What the user should know before trusting the fit; empty when all is well."""
        found = []
        if self.collapsed:
            found.append(collapse(self))
        if self.status is Status.MAX_ITERATIONS and self.n_iter > 0:
            found.append(f"not converged after {self.n_iter} iterations: raise max_iter, or tol")
        return found

    def notices(self) -> list[str]:
        """What is worth a thought: components of hardly any rows, other optima nearby."""
        return notices(self)

    @property
    def converged(self) -> bool:
        """Whether the stopping rule was met."""
        return self.status is Status.CONVERGED

    def summary(self) -> Summary:
        """Return the fit for people and in numbers: components, likelihood, all that is told."""
        return summary(self)

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
            optima=(),
            trail=(),
            total=summary.total.held_as(self.family.held.moment),
        )

    @property
    def n_parameters(self) -> int:
        """Free parameters of the model."""
        return self.model.of(self.mixture).n_parameters(self.mixture.n_features)


def height(result: FitResult) -> tuple[bool, float]:
    """Return what fits are ranked by if by likelihood: with a held covariance it says nothing."""
    value = result.log_likelihood
    return not result.collapsed, -np.inf if np.isnan(value) else value
