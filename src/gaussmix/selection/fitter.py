"""Fits of many models to the same rows, which share all they can."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..components.moments import PRODUCTS
from ..em.problem import Problem
from ..em.steps import EStep, observed
from ..exceptions import DataError, ParameterError
from ..fitting.fit import (
    best_of,
    draw,
    facts_of,
    fit_problem,
    moment_of_data,
    put_to_start,
    summarise,
    with_errors,
)
from ..fitting.known import known_labels
from ..rows import MemorySource
from ..rows.checks import require_rows
from ..rows.measured import MeasuredSource
from ..starts import Division, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._typing import AnyArray, Array
    from ..components.densities import Density
    from ..components.families import Family
    from ..em.model import Model
    from ..em.options import Options
    from ..em.result import FitResult
    from ..mixture import Mixture
    from ..rows import Source
    from ..rows.data import Data
    from ..rows.summary import DataSummary

__all__ = ["FAILURES", "Fitter", "Fold", "Plan", "SizedFitter"]

Made = TypeVar("Made")

#: What says that a model cannot be fitted to the data.
FAILURES = (DataError, ParameterError, np.linalg.LinAlgError)


@dataclass(frozen=True)
class Plan:
    """What the fits of a search have in common.

    Attributes
    ----------
    model : Model
        But for the family and the number of components.
    options : Options
    seed : int
    cv : int, splitter or iterable
        Folds of cross-validation, for criteria that want them.
    noise : float or ndarray of bool (n,), optional
        Share of a uniform background to start with, or the rows that start in it.
    known : array of int (n,), optional
        Known components of rows, -1 where unknown.
    """

    model: Model
    options: Options
    seed: int = 0
    cv: Any = 5
    noise: float | AnyArray | None = None
    known: AnyArray | None = None

    def of_rows(self, rows: AnyArray) -> Plan:
        """Return the plan with what is said of each row reduced to some rows."""
        noise = self.noise[rows] if isinstance(self.noise, np.ndarray) else self.noise
        return replace(self, noise=noise, known=None if self.known is None else self.known[rows])


class Fitter:
    """Fits models of several families and numbers of components to one source.

    The first pass serves all models, and those with the same number of components
    share the rows that starts look at, and the start.  Every fit is the one that
    `GaussianMixture` makes with the same seed.

    Parameters
    ----------
    source : Source
    families : sequence of Family
    start : Start
    plan : Plan

    Raises
    ------
    DataError
        If no model at all can be fitted to such data.
    """

    def __init__(
        self, source: Source, families: Sequence[Family], start: Start, plan: Plan
    ) -> None:
        source, start = with_errors(source, plan.model, start)
        self.source, self.families = source, families
        # A copy for each set of rows: a start may keep what it has found out about the last.
        self.start = copy(start)
        # Searches have no use for a collapsed fit.
        options = replace(plan.options, give_up_collapsed=True)
        self.plan = replace(plan, options=options)
        self.summary = summarise(source, moment_of_data(families))
        require_rows(self.summary, source)
        self.facts = facts_of(source, noise=plan.noise)
        self._drawn: Array | None = None

    @property
    def regularised(self) -> DataSummary:
        """The summary, widened by what is added to covariances."""
        total = self.summary.total
        plain = replace(self.plan.model, family=self.families[0], prior=None)
        return replace(self.summary, total=plain.objective(total).regularised(total))

    def of_density(self, density: Density) -> Fitter:
        """Return the fits of another density, which share what has been found out of the rows."""
        other, model = copy(self), replace(self.plan.model, density=density)
        with_errors(self.source, model, self.start)  # raises where it cannot be
        other.__dict__.pop("folds", None)
        other.plan = replace(self.plan, model=model)
        return other

    def model(self, family: Family, n_components: int) -> Model:
        """Return one of the models."""
        return replace(self.plan.model, family=family, n_components=n_components)

    def estep(self, known: AnyArray | None) -> EStep:
        """Return the E-step of fits together; `known` are the components of rows, -1 if not."""
        observation, dtype = observed(self.source, self.summary), self.plan.options.dtype
        return EStep(self.source, self.summary, known, dtype, observation)

    def of_size(self, n_components: int) -> SizedFitter:
        """Return the fits with that many components, their common start made.

        Raises
        ------
        DataError
            If there are fewer different rows than components.
        ParameterError
            If there are more known components.
        """
        rng = np.random.default_rng(self.plan.seed)
        known = known_labels(self.plan.known, self.source.n_rows, n_components, self.plan.noise)
        facts = replace(self.facts, known=known)
        data = draw(self.source, self.summary, facts, n_components, rng)
        # Starts keep what they have found out about an array: the same rows are the same array.
        if self._drawn is None or not np.array_equal(self._drawn, data.sample):
            self._drawn = data.sample
        data = replace(data, sample=self._drawn)
        return SizedFitter(self, data, n_components, rng, self._divisions(data, n_components, rng))

    def problems(
        self, family: Family, sizes: Sequence[SizedFitter]
    ) -> list[list[tuple[Problem, Mixture]] | Exception]:
        """Return the fits of one family and their starts, or why there are none.

        The best of a model's fits is the one that `SizedFitter.fit` makes.
        """
        found = [_attempt(size.problem, family) for size in sizes]
        able = [(s, p) for s, p in zip(sizes, found, strict=True) if not isinstance(p, Exception)]
        fits = iter(
            _attempt(size.begun, own, starts)
            for (size, own), starts in zip(able, self._together(able), strict=True)
        )
        return [own if isinstance(own, Exception) else next(fits) for own in found]

    def _together(
        self, able: Sequence[tuple[SizedFitter, Problem]]
    ) -> Sequence[list[Mixture] | None]:
        """Return the starts of several sizes, made in one M-step; None if they cannot be."""
        alone = [None] * len(able)
        whole = [(problem, division) for size, problem in able for division in size.divisions or ()]
        if not whole or not isinstance(self.start, Division):
            return alone
        try:
            mixtures = self.start.begin([own for own, _ in whole], [own for _, own in whole])
        except FAILURES:  # one of them: alone, each fails for itself
            return alone
        n_init = self.plan.options.n_init
        return [mixtures[i : i + n_init] for i in range(0, len(mixtures), n_init)]

    def problem(self, data: Data, family: Family, n_components: int) -> Problem:
        """Return a fit to be made.

        Raises
        ------
        DataError, ParameterError
            If the data cannot support the model.
        """
        problem = Problem(data, self.model(family, n_components), self.plan.options).checked()
        _require_rows(problem)
        return problem

    def _divisions(
        self, data: Data, n_components: int, rng: np.random.Generator
    ) -> list[AnyArray] | None:
        if not isinstance(self.start, Division):
            return None
        rng = deepcopy(rng)
        for family in self.families:
            try:
                problem = self.problem(data, family, n_components)
            except (DataError, ParameterError):  # not for this family: its own cell will tell
                continue
            return [self.start.divide(problem, rng) for _ in range(self.plan.options.n_init)]
        return None

    @cached_property
    def folds(self) -> list[Fold]:
        """The rows cut in training and held-out parts, as ``options.cv`` says."""
        return [
            Fold(Fitter(train, self.families, self.start, plan), held_out)
            for train, plan, held_out in _split(self.source, self.plan)
        ]


@dataclass(frozen=True, eq=False)
class Fold:
    """Fits to the training rows of one fold, and the rows held out."""

    fitter: Fitter
    held_out: Source


@dataclass(frozen=True, eq=False)
class SizedFitter:
    """Fits with one number of components.

    Attributes
    ----------
    fitter : Fitter
    data : Data
    n_components : int
    rng : Generator
        What each fit begins with.
    divisions : list of ndarray (m,) or (m, K), or None
        Of the sample, one a start, common to all families.
    """

    fitter: Fitter
    data: Data
    n_components: int
    rng: np.random.Generator
    divisions: list[AnyArray] | None
    _problems: dict[int, Problem] = field(default_factory=dict)

    def problem(self, family: Family) -> Problem:
        """Return the fit of one model; for what it raises see `Fitter.problem`."""
        found = self._problems.get(id(family))
        if found is None or found.family is not family:  # a number of another process
            found = self.fitter.problem(self.data, family, self.n_components)
            self._problems[id(family)] = found
        return found

    def fit(self, family: Family) -> FitResult:
        """Fit one model.

        Raises
        ------
        DataError, ParameterError
            If the data, or the start given, cannot support it.
        """
        return fit_problem(self.problem(family), self._start(), rng=deepcopy(self.rng))

    def begun(
        self, problem: Problem, starts: Sequence[Mixture] | None = None
    ) -> list[tuple[Problem, Mixture]]:
        """Return the fits of one model and their starts; `starts` if they are made already.

        Raises
        ------
        DataError, ParameterError
            If the start cannot be made, or the one given does not suit the data.
        """
        start = self._start()
        if starts is None:
            rng, count = deepcopy(self.rng), 1 if start.given else problem.options.n_init
            starts = [start(problem, rng) for _ in range(count)]
        return [(problem, put_to_start(problem, own, keep_order=start.given)) for own in starts]

    def best_of(self, results: Sequence[FitResult]) -> FitResult:
        """Return the best of the results of one model's fits."""
        keeps_order = self.fitter.start.given or self.data.facts.known is not None
        problem = self.problem(results[0].family)
        return best_of(problem, results, keeps_order=keeps_order)

    def _start(self) -> Start:
        start = self.fitter.start
        if self.divisions is not None and isinstance(start, Division):
            return _Divided(start, self.divisions)
        return start


class _Divided(Start):
    """Divisions of the subsample already made, one after the other."""

    divides = True

    def __init__(self, start: Division, divisions: Sequence[AnyArray]) -> None:
        self.start, self.divisions = start, divisions
        self._used = 0

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        self._used += 1
        return self.start.begin([problem], [self.divisions[self._used - 1]])[0]


def _require_rows(problem: Problem) -> None:
    """Raise DataError if rows are so few that covariances would be held at the floor for sure."""
    model, total = problem.model, problem.summary.total
    if model.prior is not None or model.reg_covar or total.moment is not PRODUCTS:
        return
    if total.n_rows <= total.n_features:
        raise DataError(
            f"X: {total.n_rows} rows of {total.n_features} features: covariances of any "
            "orientation collapse, they have no width in some direction. Use fewer features, a "
            "family of axis-aligned covariances (three letters, the last an I), or reg_covar"
        )


def _attempt(function: Callable[..., Made], *given: object) -> Made | Exception:
    """Return what a function makes, or the error that says why it makes nothing."""
    try:
        return function(*given)
    except FAILURES as error:
        return error


def _split(source: Source, plan: Plan) -> list[tuple[Source, Plan, Source]]:
    """Return the training rows of each fold, the plan for them, and the rows held out."""
    from sklearn.model_selection import KFold, check_cv

    rows = source.inner if isinstance(source, MeasuredSource) else source
    if not isinstance(rows, MemorySource):
        raise DataError("X: cross-validation needs rows in memory; choose criterion='bic'")
    assert isinstance(source, MemorySource | MeasuredSource)
    cv = plan.cv
    if isinstance(cv, int):
        # Rows are often sorted by class: folds of neighbours would each lack one.
        cv = KFold(cv, shuffle=True, random_state=plan.seed % 2**32)
    try:
        folds = list(check_cv(cv).split(np.arange(source.n_rows)))
        folds = [(np.asarray(train), np.asarray(test)) for train, test in folds]
    except (TypeError, ValueError) as error:
        raise ParameterError(f"cv: {error}") from None
    used = np.ones(rows.n_rows, bool) if rows.weights is None else rows.weights > 0
    return [
        (source.take(train), plan.of_rows(train), source.take(test[used[test]]))
        for train, test in folds
        if used[test].any()
    ]
