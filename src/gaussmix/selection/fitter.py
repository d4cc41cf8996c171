"""Fits of many models to the same rows, which share all they can."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..em.lockstep import Job
from ..exceptions import DataError, ParameterError
from ..fitting.fit import Aside, Prepared, best_of, fit_prepared, prepare, summarise
from ..fitting.known import known_labels
from ..rows import MemorySource
from ..starts import Start
from ..starts.base import Division, StartData

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..em.options import EMOptions
    from ..em.result import FitResult
    from ..mixture.mixture import Mixture
    from ..rows import Source

__all__ = ["FAILURES", "FitOptions", "Fitter", "Fold", "SizedFitter"]

Made = TypeVar("Made")

#: What says that a model cannot be fitted to the data.
FAILURES = (DataError, ParameterError, np.linalg.LinAlgError)


@dataclass(frozen=True)
class FitOptions:
    """How each model is fitted.

    Attributes
    ----------
    em : EMOptions
    n_init : int
        Number of starts; the best is kept.
    seed : int
    cv : int, splitter or iterable
        Folds of cross-validation, for criteria that want them.
    noise : float or ndarray of bool (n,), optional
        Share of a uniform background to start with, or the rows that start in it.
    y : array-like of int (n,), optional
        Known components of rows, -1 where unknown.
    """

    em: EMOptions
    n_init: int = 1
    seed: int = 0
    cv: Any = 5
    noise: float | AnyArray | None = None
    y: Any = None


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
    options : FitOptions

    Raises
    ------
    DataError
        If no model at all can be fitted to such data.
    """

    def __init__(
        self,
        source: Source,
        families: Sequence[Family],
        start: Start,
        options: FitOptions,
    ) -> None:
        self.source, self.families = source, families
        self.aside = Aside.of(source, noise=options.noise)
        # A copy for each set of rows: a start may keep what it has found out about the last.
        # Searches have no use for a collapsed fit.
        em = replace(options.em, give_up_collapsed=True)
        self.start, self.options = copy(start), replace(options, em=em)
        widest = max((family.held.moment for family in families), key=lambda m: m.n_axes)
        self.summary = summarise(source, widest)
        self._drawn: Array | None = None

    def of_size(self, n_components: int) -> SizedFitter:
        """Return the fits with that many components, their common start made.

        Raises
        ------
        DataError
            If there are fewer different rows than components.
        ParameterError
            If there are more known components.
        """
        rng = np.random.default_rng(self.options.seed)
        known = known_labels(self.options.y, self.source.n_rows, n_components, self.options.noise)
        aside = replace(self.aside, known=known)
        prepared = prepare(self.summary, self.source, n_components, rng, aside)
        # Starts keep what they have found out about an array: the same rows are the same array.
        if self._drawn is None or not np.array_equal(self._drawn, prepared.rows):
            self._drawn = prepared.rows
        prepared = replace(prepared, rows=self._drawn)
        return SizedFitter(self, prepared, rng, self._divisions(prepared, deepcopy(rng)))

    def jobs(self, family: Family, sizes: Sequence[SizedFitter]) -> list[list[Job] | Exception]:
        """Return the fits of one family as starts to be run elsewhere, or why there are none.

        The best of a model's fits is the one that `SizedFitter.fit` makes.
        """
        data = [_attempt(size.data, family) for size in sizes]
        able = [(s, d) for s, d in zip(sizes, data, strict=True) if not isinstance(d, Exception)]
        jobs = iter(
            _attempt(size.jobs, own, starts)
            for (size, own), starts in zip(able, self._together(able), strict=True)
        )
        return [own if isinstance(own, Exception) else next(jobs) for own in data]

    def _together(
        self, able: Sequence[tuple[SizedFitter, StartData]]
    ) -> Sequence[list[Mixture] | None]:
        """Return the starts of several sizes, made in one M-step; None if they cannot be."""
        alone = [None] * len(able)
        whole = [(data, division) for size, data in able for division in size.divisions or ()]
        if not whole or not isinstance(self.start, Division):
            return alone
        try:
            mixtures = self.start.begin([data for data, _ in whole], [own for _, own in whole])
        except FAILURES:  # one of them: alone, each fails for itself
            return alone
        n_init = self.options.n_init
        return [mixtures[i : i + n_init] for i in range(0, len(mixtures), n_init)]

    def _divisions(self, prepared: Prepared, rng: np.random.Generator) -> list[AnyArray] | None:
        if not isinstance(self.start, Division):
            return None
        for family in self.families:
            try:
                data = prepared.start_data(family, self.options.em)
            except (DataError, ParameterError):  # not for this family: its own cell will tell
                continue
            return [self.start.divide(data, rng) for _ in range(self.options.n_init)]
        return None

    @cached_property
    def folds(self) -> list[Fold]:
        """The rows cut in training and held-out parts, as ``options.cv`` says."""
        return [
            Fold(Fitter(train, self.families, self.start, options), held_out)
            for train, options, held_out in _split(self.source, self.options)
        ]


@dataclass(frozen=True, eq=False)
class Fold:
    """Fits to the training rows of one fold, and the rows held out."""

    fitter: Fitter
    held_out: MemorySource


@dataclass(frozen=True, eq=False)
class SizedFitter:
    """Fits with one number of components.

    Attributes
    ----------
    fitter : Fitter
    prepared : Prepared
    rng : Generator
        What each fit begins with.
    divisions : list of ndarray (m,) or (m, K), or None
        Of the subsample, one a start, common to all families.
    """

    fitter: Fitter
    prepared: Prepared
    rng: np.random.Generator
    divisions: list[AnyArray] | None

    def fit(self, family: Family) -> FitResult:
        """Fit one model.

        Raises
        ------
        DataError, ParameterError
            If the data, or the start given, cannot support it.
        """
        options = self.fitter.options
        return fit_prepared(
            self.prepared,
            family,
            self._start(),
            options.em,
            n_init=options.n_init,
            rng=deepcopy(self.rng),
        )

    def data(self, family: Family) -> StartData:
        """Return what the starts of one model look at.

        Raises
        ------
        DataError, ParameterError
            If the data cannot support it.
        """
        return self.prepared.start_data(family, self.fitter.options.em)

    def jobs(self, data: StartData, starts: Sequence[Mixture] | None = None) -> list[Job]:
        """Return the fits of one model, to be run elsewhere; `starts` if they are made already.

        Raises
        ------
        DataError, ParameterError
            If the start cannot be made, or the one given does not suit the data.
        """
        start, aside = self._start(), self.prepared.aside
        if starts is None:
            rng, count = deepcopy(self.rng), 1 if start.given else self.fitter.options.n_init
            starts = [start(data, rng) for _ in range(count)]
        return [
            Job(
                aside.applied(mixture, keep_order=start.given),
                data.family,
                data.summary,
                aside.known,
            )
            for mixture in starts
        ]

    def best_of(self, results: Sequence[FitResult]) -> FitResult:
        """Return the fit that the results of `jobs` make."""
        keeps_order = self.fitter.start.given or self.prepared.aside.known is not None
        return best_of(results, keeps_order=keeps_order)

    def _start(self) -> Start:
        start = self.fitter.start
        if self.divisions is not None and isinstance(start, Division):
            return _Divided(start, self.divisions)
        return start


class _Divided(Start):
    """Divisions of the subsample already made, one after the other."""

    def __init__(self, start: Division, divisions: Sequence[AnyArray]) -> None:
        self.start, self.divisions = start, divisions
        self._used = 0

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        self._used += 1
        return self.start.begin([data], [self.divisions[self._used - 1]])[0]


def _attempt(function: Callable[..., Made], *given: object) -> Made | Exception:
    """Return what a function makes, or the error that says why it makes nothing."""
    try:
        return function(*given)
    except FAILURES as error:
        return error


def _split(
    source: Source, options: FitOptions
) -> list[tuple[MemorySource, FitOptions, MemorySource]]:
    """Return the training rows of each fold, the options for them, and the rows held out."""
    from sklearn.model_selection import KFold, check_cv

    if not isinstance(source, MemorySource):
        raise DataError("X: cross-validation needs rows in memory; choose criterion='bic'")
    cv = options.cv
    if isinstance(cv, int):
        # Rows are often sorted by class: folds of neighbours would each lack one.
        cv = KFold(cv, shuffle=True, random_state=options.seed % 2**32)
    used = np.ones(source.n_rows, bool) if source.weights is None else source.weights > 0
    return [
        (source.take(train), _options_of(options, train), source.take(test[used[test]]))
        for train, test in check_cv(cv).split(np.arange(source.n_rows))
        if used[test].any()
    ]


def _options_of(options: FitOptions, rows: AnyArray) -> FitOptions:
    """Return the options with what is said of each row reduced to some rows."""
    noise = options.noise[rows] if isinstance(options.noise, np.ndarray) else options.noise
    return replace(options, noise=noise, y=None if options.y is None else options.y[rows])
