"""What inference is given, made one thing: a fit, its rows in memory, and the problem it solved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

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
from ..rows.incomplete import incomplete_rows
from ..rows.missing import get_missing

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture import Mixture
    from ..rows.missing import Missing

# Replicates differ little from each other, by a jackknife least: fits end at their tops.
_TOL = 1e-10

__all__ = [
    "Fitted",
    "admitted",
    "checked_level",
    "drawn_labels",
    "drawn_like",
    "fit_of",
    "missing_of",
    "require_total",
    "rows_of",
    "source_of",
    "unseen_like",
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
        source, kept = admitted(source, missing_of(model))
        labels = None if labels is None else labels[kept]
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


def missing_of(model: Any) -> Missing:
    """Return what became of rows with missing values in the fit of a user's model."""
    if isinstance(model, FitResult):
        seen_in_part = model.missing is not None and model.missing.n_incomplete > 0
        return get_missing("em" if seen_in_part else "error")
    return get_missing(getattr(model, "missing", "error"))


def admitted(source: MemorySource, missing: Missing) -> tuple[MemorySource, AnyArray]:
    """Return rows in memory without those that are left out, and which those are that stay (n,)."""
    kept: AnyArray = np.ones(source.n_rows, dtype=bool)
    if missing.allowed and not missing.expects:
        kept = ~incomplete_rows(source.array)
        weights = None if source.weights is None else source.weights[kept]
        names = source.feature_names
        source = MemorySource(source.array[kept], weights, n_jobs=1, feature_names=names)
    missing.admit(source)
    return source, kept


class _Rows(Protocol):
    """Rows (n, d) and how many each counts as (n,)."""

    @property
    def rows(self) -> Array: ...
    @property
    def counts(self) -> Array: ...


def unseen_like(drawn: Array, given: _Rows, rng: np.random.Generator) -> Array:
    """Return rows (m, d) that were drawn, without what is missing of rows of the data.

    Which row misses what is said by chance, as it is where values are missing completely at
    random; as often as in the data, if there are as many rows.
    """
    missing = np.isnan(given.rows)
    if not missing.any():
        return drawn
    if len(drawn) == len(missing) and (given.counts == 1.0).all():
        places = rng.permutation(len(missing))
    else:
        places = rng.choice(len(missing), len(drawn), p=given.counts / given.counts.sum())
    return np.where(missing[places], np.nan, drawn)


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
