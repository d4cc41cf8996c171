"""From a source of rows to a fitted mixture: checks, starts, EM, the best of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import NORM
from ..em.keeper import Keeper
from ..em.loop import fit_em
from ..em.progress import watching
from ..em.result import Callback, FitResult, Status
from ..exceptions import FitInterrupted, ParameterError
from ..rows.checks import check_data, require_finite
from ..rows.subsample import draw_rows
from ..rows.summary import SummaryFold
from ..rows.threads import single_threaded_blas
from ..starts import Start, StartData
from .background import enclosing_box
from .known import align

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.moments import Moment
    from ..components.noise import Noise
    from ..em.options import EMOptions
    from ..mixture.mixture import Mixture
    from ..rows import Source
    from ..rows.summary import DataSummary

__all__ = ["Aside", "Prepared", "best_of", "fit_mixture", "fit_prepared", "prepare", "summarise"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Rows that have been looked at; models of one size share it.

    Attributes
    ----------
    source : Source
    summary : DataSummary
        With the widest moment that any of the families needs.
    rows, weights : ndarray (m, d), (m,)
        The subsample that starts look at, centred on ``summary.center``.
    n_components : int
    aside : Aside
    """

    source: Source
    summary: DataSummary
    rows: Array
    weights: Array
    n_components: int
    aside: Aside

    def start_data(self, family: Family, options: EMOptions) -> StartData:
        """Return what a start may look at for a model of this family.

        Raises
        ------
        DataError, ParameterError
            If the data cannot support such a model.
        """
        summary = self.summary.held_as(family.held.moment)
        constraints = options.constraints(summary, family, self.n_components)
        check_data(
            summary, constraints.regularised(summary.total), self.source.feature_names, self.rows
        )
        return StartData(
            self.aside.clean,
            summary,
            self.rows,
            self.weights,
            family,
            constraints,
            self.n_components,
            options,
            self.aside.background,
        )


@dataclass(frozen=True, eq=False)
class Aside:
    """What is known of rows besides their values.

    Attributes
    ----------
    clean : Source
        The rows that starts look at: all but those marked as noise.
    known : ndarray of int (n,) or None
        Components of rows, -1 where unknown.
    background : Noise or None
        A uniform background and the weight it starts with.
    """

    clean: Source
    known: AnyArray | None = None
    background: Noise | None = None

    @classmethod
    def of(
        cls, source: Source, known: AnyArray | None = None, noise: float | AnyArray | None = None
    ) -> Aside:
        """Return it for known components, and a share of noise or a mask (n,) of noisy rows."""
        if noise is None:
            return cls(source, known)
        if isinstance(noise, float):
            return cls(source, known, enclosing_box(source, noise))
        _check_mask(noise, source.n_rows)
        background = enclosing_box(source, _share(source, noise))
        return cls(source.without(noise), known, background)

    def applied(self, mixture: Mixture, *, keep_order: bool) -> Mixture:
        """Return a start with the background, and components in the order of known ones."""
        if self.background is not None and mixture.noise is None:
            mixture = mixture.with_noise(self.background)
        if self.known is None or keep_order:
            return mixture
        return align(mixture, self.clean, self.known)


def summarise(source: Source, moment: Moment) -> DataSummary:
    """Make the first pass over the data; raise DataError if values are not finite."""
    summary = source.reduce(SummaryFold(moment, source.n_features))
    require_finite(summary, source.feature_names)
    return summary


def prepare(
    summary: DataSummary, source: Source, n_components: int, rng: np.random.Generator, aside: Aside
) -> Prepared:
    """Draw the rows that starts look at; raise DataError if too few of them differ."""
    rows, weights = draw_rows(aside.clean, n_components, rng)
    return Prepared(source, summary, rows - summary.center, weights, n_components, aside)


def fit_mixture(
    source: Source,
    n_components: int,
    family: Family,
    start: Start,
    options: EMOptions,
    *,
    n_init: int = 1,
    rng: np.random.Generator,
    callback: Callback | None = None,
    known: AnyArray | None = None,
    noise: float | AnyArray | None = None,
    keeper: Keeper | None = None,
) -> FitResult:
    """Fit a mixture to the rows of a source; the best of `n_init` starts.

    Fits without a collapsed component are preferred to fits with one, whose
    likelihood only says how low the floor is.

    Parameters
    ----------
    known : ndarray of int (n,), optional
        Components of rows, -1 where unknown.
    noise : float or ndarray of bool (n,), optional
        Adds a uniform background: its share of the rows to start with, or which
        rows to start with as noise.
    callback : callable, optional
        Told of each iteration, and of rows within a pass if it has a method ``progress``.
    keeper : Keeper, optional
        Saves the state of the fit, and puts it back.

    Raises
    ------
    DataError
        If the data cannot support the model.
    FitInterrupted
        On Ctrl-C; carries the best state of all starts so far.
    """
    keeper = keeper or Keeper()
    # What makes it the same fit; tol and max_iter only say how far it goes.
    settings = {
        "n_components": n_components,
        "init_params": start,
        "n_init": n_init,
        "reg_covar": options.reg_covar,
        "equal_weights": options.equal_weights,
        "prior": options.prior,
        "accelerate": options.accelerate,
        "y": known,
        "noise": noise,
    }
    with watching(source, callback, options) as told:
        keeper.open(family, settings, rng)
        summary = summarise(source, family.held.moment)
        keeper.meet(summary)
        prepared = prepare(summary, source, n_components, rng, Aside.of(source, known, noise))
        return fit_prepared(
            prepared,
            family,
            start,
            options,
            n_init=n_init,
            rng=rng,
            callback=told,
            keeper=keeper,
        )


def fit_prepared(
    prepared: Prepared,
    family: Family,
    start: Start,
    options: EMOptions,
    *,
    n_init: int = 1,
    rng: np.random.Generator,
    callback: Callback | None = None,
    keeper: Keeper | None = None,
) -> FitResult:
    """Fit a mixture to rows already looked at; see `fit_mixture`."""
    source, aside, keeper = prepared.source, prepared.aside, keeper or Keeper()
    data = prepared.start_data(family, options)
    begun = keeper.begun(rng)
    first, best = (0, None) if begun is None else (begun.number, begun.best)

    def fit_once(number: int) -> FitResult:
        if begun is not None and number == first:
            mixture = begun.mixture
        else:
            mixture = aside.applied(start(data, rng), keep_order=start.given)
            keeper.starting(number, best, rng)
        return fit_em(source, mixture, family, data.summary, options, callback, aside.known, keeper)

    keeps_order = start.given or aside.known is not None
    try:
        # Threads of our own work on blocks of rows; matrices as small as covariances only
        # lose by threads of BLAS, most of all where other processes want the cores too.
        with single_threaded_blas:
            for number in range(first, 1 if start.given else n_init):
                best = _better(best, fit_once(number))
        keeper.finish()
    except KeyboardInterrupt as interrupted:
        if isinstance(interrupted, FitInterrupted):
            best = _better(best, interrupted.result)
        if best is None:
            raise
        best = replace(best, status=Status.INTERRUPTED)
        raise FitInterrupted(_finish(best, keeps_order)) from None
    assert best is not None
    return _finish(best, keeps_order)


def _check_mask(noise: AnyArray, n_rows: int) -> None:
    if noise.shape != (n_rows,):
        raise ParameterError(
            f"noise: expected a share, or {n_rows} booleans, one a row, got shape {noise.shape}"
        )


def _share(source: Source, noise: AnyArray) -> float:
    """Return the share of the rows' weight that is marked as noise."""
    fold = SummaryFold(NORM, source.n_features)
    marked = source.without(~noise).reduce(fold).total.total
    share = marked / source.reduce(fold).total.total
    if not 0.0 < share < 1.0:
        raise ParameterError(
            f"noise: {'no' if share == 0 else 'every'} row of positive weight is marked as noise "
            "to start with"
        )
    return share


def best_of(results: Sequence[FitResult], *, keeps_order: bool) -> FitResult:
    """Return the best of several fits of one model, its components in the documented order."""
    best: FitResult | None = None
    for result in results:
        best = _better(best, result)
    assert best is not None
    return _finish(best, keeps_order)


def _better(best: FitResult | None, other: FitResult) -> FitResult:
    if best is None:
        return other

    def rank(result: FitResult) -> tuple[bool, float]:
        return not result.collapsed, np.nan_to_num(result.log_likelihood, nan=-np.inf)

    return other if rank(other) > rank(best) else best


def _finish(result: FitResult, keeps_order: bool) -> FitResult:
    """Put components in the documented order: by mean, unless theirs was given."""
    if keeps_order:
        return replace(result, given_start=True)
    order = result.mixture.order_by("mean")
    place = {int(old): new for new, old in enumerate(order)} | {-1: -1}
    history = replace(
        result.history,
        collapsed=[tuple(sorted(place[k] for k in ks)) for ks in result.history.collapsed],
    )
    statistics = None if result.statistics is None else result.statistics.take(order)
    return replace(
        result,
        mixture=result.mixture.reorder(order),
        history=history,
        statistics=statistics,
    )
