"""What inference is given, made one thing: a fit, its rows in memory, and the problem it solved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..em.options import Options
from ..em.problem import Problem
from ..em.result import FitResult
from ..exceptions import DataError, ParameterError
from ..fitting.fit import draw, facts_of, moment_of_data, summarise
from ..fitting.known import known_labels
from ..mixture.joining import taken
from ..numerics.arguments import check_number, check_sample_weight
from ..rows import MemorySource, Source, open_source
from ..rows.door import as_rows

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture import Mixture

# Replicates differ little from each other, by a jackknife least: fits end at their tops.
_TOL = 1e-10

__all__ = [
    "Fitted",
    "checked_level",
    "drawn_labels",
    "drawn_like",
    "fit_of",
    "require_total",
    "rows_of",
    "source_of",
]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit and the rows that it is of.

    Attributes
    ----------
    result : FitResult
    problem : Problem
        What was fitted, to these rows.
    rows : ndarray (n, d)
    weights : ndarray (n,) or None
    known : ndarray of int (n,) or None
    """

    result: FitResult
    problem: Problem
    rows: Array
    weights: Array | None
    known: AnyArray | None

    @classmethod
    def of(cls, model: Any, X: Any, sample_weight: Any = None, known: Any = None) -> Fitted:
        """Return a user's model and rows."""
        result = fit_of(model)
        mixture = result.mixture
        source = rows_of(X, mixture, sample_weight)
        labels = None
        if known is not None:
            labels = known_labels(known, source.n_rows, mixture.n_components, None)
        summary = summarise(source, moment_of_data([result.family]))
        facts = facts_of(source, labels)
        data = draw(source, summary, facts, mixture.n_components, np.random.default_rng(0))
        problem = Problem(data, result.model.of(mixture), Options(tol=_TOL))
        return cls(result, problem, source.array, source.weights, labels)

    @property
    def mixture(self) -> Mixture:
        return self.result.mixture

    @cached_property
    def counts(self) -> Array:
        """How many rows each row counts as (n,)."""
        return np.ones(len(self.rows)) if self.weights is None else self.weights

    @property
    def total(self) -> float:
        return float(self.counts.sum())

    @property
    def n_drawn(self) -> int:
        """How many rows a replicate has that is drawn."""
        return round(self.total)

    def require_total(self) -> None:
        """Raise ParameterError if the rows count as less than two."""
        require_total(self.total)

    @cached_property
    def placed(self) -> AnyArray:
        """Components that have their place in any replicate: some of their rows are known."""
        if self.known is None:
            return np.zeros(0, dtype=int)
        return np.unique(self.known[self.known >= 0])


def require_total(total: float) -> None:
    """Raise ParameterError if rows count as less than two."""
    if total < 2.0:
        raise ParameterError(
            f"sample_weight: the weights sum to {total:.3g}, and a row of weight w counts as w "
            "rows: multiply them by a constant"
        )


def drawn_labels(known: AnyArray | None, counts: Array) -> AnyArray | None:
    """Return the known components of rows to be drawn: as many of each as there are."""
    if known is None:
        return None
    sizes = [round(float(counts[known == k].sum())) for k in range(-1, int(known.max()) + 1)]
    # What rounding leaves are rows of unknown component.
    sizes[0] += max(round(float(counts.sum())) - sum(sizes), -sizes[0])
    return np.repeat(np.arange(-1, len(sizes) - 1), sizes)


def drawn_like(
    mixture: Mixture, known: AnyArray | None, n_rows: int, rng: np.random.Generator
) -> Array:
    """Return rows (n, d) drawn from a mixture, those of known component (n,) from that."""
    if known is None:
        return mixture.sample(n_rows, rng)[0]
    rows = np.empty((len(known), mixture.n_features))
    for k in np.unique(known):
        own = known == k
        source = mixture if k < 0 else taken(mixture, np.array([k]))
        rows[own] = source.sample(int(own.sum()), rng)[0]
    return rows


def fit_of(model: Any) -> FitResult:
    """Return the fit of a fitted estimator, or a result itself."""
    for found in (model, getattr(model, "result_", None)):
        if isinstance(found, FitResult):
            if found.model.is_bound:
                raise ParameterError(
                    "model: a Bayesian mixture has a posterior in place of estimates; its "
                    "credible_intervals() say how sure it is"
                )
            return found
    best = getattr(model, "best_estimator_", None)
    if best is not None:
        return fit_of(best)
    kind = type(model).__name__
    if hasattr(model, "fit"):
        raise ParameterError(f"model: this {kind} is not fitted by gaussmix yet; call fit first")
    raise ParameterError(
        f"model: expected a fitted GaussianMixture or GaussianMixtureIC, or its result_, got {kind}"
    )


def source_of(X: Any, mixture: Mixture, sample_weight: Any, n_jobs: int | None) -> Source:
    """Return rows of a mixture's features, wherever they come from."""
    if isinstance(X, Source):
        return X
    source = open_source(X, sample_weight, n_jobs)
    if source is not None:
        return source.narrowed(mixture.feature_names)
    rows = as_rows(X, mixture.n_features, mixture.feature_names)
    weights = check_sample_weight(sample_weight, len(rows))
    return MemorySource(rows, weights, n_jobs=n_jobs, feature_names=mixture.feature_names)


def rows_of(X: Any, mixture: Mixture, sample_weight: Any) -> MemorySource:
    """Return rows in memory, as an array of float64."""
    source = source_of(X, mixture, sample_weight, 1)
    if not isinstance(source, MemorySource):
        raise DataError(
            "X: replicates need the rows in memory, as an array or a dataframe; information() "
            "takes any source of rows"
        )
    rows = np.ascontiguousarray(source.array, dtype=np.float64)
    names = mixture.feature_names
    return MemorySource(rows, source.weights, n_jobs=1, feature_names=names)


def checked_level(level: Any) -> float:
    """Return the level of intervals, or raise ParameterError."""
    level = check_number("level", level)
    if not 0.0 < level < 1.0:
        raise ParameterError(f"level: must lie between 0 and 1, got {level:g}")
    return level
