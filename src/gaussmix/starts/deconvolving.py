"""Starts for rows with measurement errors: found on rows as they are, then narrowed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances import FullCovariances
from ..em.loop import fit_all
from ..em.result import height
from ..exceptions import DataError
from ..rows.data import Facts
from ..rows.folds import Fold, Index, Workspace
from ..rows.measured import MeasuredSource
from ..rows.measurement import unpacked
from .base import Beginning, Start
from .fewer import Fewer
from .kmeans import PlusPlus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..em.problem import Problem
    from ..em.result import FitResult
    from ..mixture import Mixture
    from ..rows.drowned import Depths
    from ..rows.measurement import Measurement

__all__ = ["Deconvolving"]

# Mixtures that compete with what the start makes; on so many rows, at least, and a component;
# and steps that they take.
_OTHERS = 8
_ROWS, _ROWS_PER_COMPONENT = 2000, 200
_STEPS = 50
# No variance is less than such a share of the one with errors in it.
_LEAST = 0.1


class Deconvolving(Start):
    """Another start, its covariances less the mean covariance of the errors.

    Where that start contends with others itself, blurred rows may have misled it: some from
    k-means++ then go with it for some steps, on some of the rows with their errors.

    Parameters
    ----------
    start : Start
    """

    def __init__(self, start: Start) -> None:
        self.start = start

    @classmethod
    def of(cls, start: Start) -> Start:
        """Return what a start is where rows have measurement errors."""
        if start.given:
            return start
        return Fewer(cls.of(start.start)) if isinstance(start, Fewer) else cls(start)

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        return self.beginning(problem, rng).mixture

    def beginning(self, problem: Problem, rng: np.random.Generator) -> Beginning:
        found = self.start.beginning(problem, rng)
        source = problem.data.source
        if not isinstance(source, MeasuredSource) or source.measurement.projects:
            own, error = found.mixture, None
        else:
            error = source.reduce(_ErrorFold(source.measurement, source.depths)).mean
            own = _narrowed(found.mixture, error)
        found = replace(found, mixture=own)
        alone = problem.n_components == 1 or problem.data.facts.known is not None
        if alone or not self.start.contends:
            return found
        others = [PlusPlus()(problem, rng) for _ in range(_OTHERS)]
        if error is not None:
            others = [_narrowed(one, error) for one in others]
        others = [problem.data.facts.put_behind(one) for one in others]
        own = own if own.noise is not None else problem.data.facts.put_behind(own)
        results = _gone_on(_on_some_rows(problem, rng), [own, *others])
        return replace(found, mixture=max(results, key=height).mixture) if results else found


def _gone_on(problem: Problem, starts: Sequence[Mixture]) -> list[FitResult]:
    try:
        return [one for one in fit_all(problem, starts) if np.isfinite(one.log_likelihood)]
    except (DataError, np.linalg.LinAlgError):
        return []


def _on_some_rows(problem: Problem, rng: np.random.Generator) -> Problem:
    """Return the fit to some of the rows, with their errors."""
    data, source = problem.data, problem.data.source
    assert isinstance(source, MeasuredSource)
    some = source.some(max(_ROWS, _ROWS_PER_COMPONENT * problem.n_components), rng)
    total = data.summary.total
    summary = replace(data.summary, total=total.scaled(some.n_rows / total.n_rows))
    options = replace(problem.options, tol=max(problem.options.tol, 1e-6), max_iter=_STEPS)
    data = replace(data, source=some, summary=summary, facts=Facts(some))
    return replace(problem, data=data, options=options)


def _narrowed(mixture: Mixture, error: Array) -> Mixture:
    """Return a mixture whose covariances are less by one (d, d), but not by too much."""
    matrices = mixture.covariances.to_dense()
    roots = np.linalg.cholesky(matrices)
    inverse = np.linalg.inv(roots)
    values, vectors = np.linalg.eigh(inverse @ error @ inverse.swapaxes(1, 2))
    turned = roots @ vectors
    left = np.maximum(1.0 - values, _LEAST)
    narrow = (turned * left[:, None, :]) @ turned.swapaxes(1, 2)
    return replace(mixture, scales=FullCovariances(narrow, *mixture.means.shape))


class _Mean:
    """Sums of weights (e, e) and of covariances of errors, over the rows that tell of both."""

    def __init__(self, weight: Array, total: Array) -> None:
        self.weight, self.total = weight, total

    def merge(self, other: _Mean) -> _Mean:
        return _Mean(self.weight + other.weight, self.total + other.total)

    @property
    def mean(self) -> Array:
        return self.total / np.maximum(self.weight, np.finfo(float).tiny)


class _ErrorFold(Fold[_Mean]):
    """The mean covariance of errors."""

    measured = True

    def __init__(self, measurement: Measurement, depths: Depths) -> None:
        self.measurement, self.depths = measurement, depths
        self.bytes_per_row = 8 * 2 * (measurement.width + measurement.n_values**2)

    def open(self) -> list[_Mean]:
        none = np.zeros((self.measurement.n_values,) * 2)
        return [_Mean(none, none)]

    def add(
        self,
        state: list[_Mean],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        read = self.measurement.read(rows)
        own = np.ones(len(rows)) if weights is None else weights
        told = ~(np.isnan(read.values) | self.depths.drowned(read))
        both = told[:, :, None] & told[:, None, :]
        matrices = np.where(both, unpacked(read.errors, read.values.shape[1]), 0.0)
        total = np.einsum("n,nij->ij", own, matrices)
        state[0] = state[0].merge(_Mean(np.einsum("n,nij->ij", own, both), total))

    def close(self, state: list[_Mean]) -> _Mean:
        return state[0]
