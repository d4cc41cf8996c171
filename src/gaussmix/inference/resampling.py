"""Standard errors and intervals by fits to replicates of the data.

Efron (1979); the weighted likelihood bootstrap is Newton & Raftery's (1994), for mixtures see
O'Hagan, Murphy, Scrucca & Gormley (2019).
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ..components.parameters import picked
from ..em.climb import Climb, Ended, begun
from ..em.replicates import fit_each
from ..estep.many_seen import many_rows
from ..exceptions import DataError, ParameterError
from ..mixture.comparing import closest_orders
from ..numerics.arguments import as_generator, check_integer, shown
from ..numerics.bars import counting
from ..numerics.jobs import done
from .estimates import Uncertainty, parameters_of, parameters_of_many
from .given import Fitted, checked_level, drawn_labels, drawn_like, unseen_like
from .limits import intervals_from_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._typing import AnyArray, Array
    from ..estep.many import ManyRows
    from ..mixture import Mixture

__all__ = ["batches", "bootstrap", "list_kinds", "threads_of"]

# Numbers that the weights or rows of one batch may hold; and the most fits of a batch.
_MOST_NUMBERS = 4_000_000
_MOST_FITS = 1000
# Log-likelihood in all that a replicate may be short of: its parameters are then within a
# two-hundredth of their standard errors.
_SHORT = 1e-5


def bootstrap(
    model: Any,
    X: Any,
    kind: str = "nonparametric",
    n_resamples: int = 999,
    *,
    level: float = 0.95,
    sample_weight: Any = None,
    known: Any = None,
    random_state: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    callback: Callable[[int, int], object] | None = None,
) -> Uncertainty:
    """Return how sure the parameters of a fit are, from fits to replicates of its rows.

    Each replicate is fitted from the fit itself, and its components are put in the order in
    which they are closest to the fit's (`Mixture.match_to`) before anything is averaged.

    Parameters
    ----------
    model : GaussianMixture, StudentMixture, GaussianMixtureIC or FitResult
        Fitted.
    X : array-like or dataframe (n, d)
        The rows that it was fitted to.
    kind : {"nonparametric", "weighted", "parametric", "jackknife"}
        Rows drawn with replacement; random weights of the rows (Dirichlet), which leave none
        out, so that small components stay; rows drawn from the mixture; or each row left out
        once.
    n_resamples : int, default 999
        Replicates; of a jackknife there are as many as rows.
    level : float, default 0.95
        Of the intervals: quantiles of the replicates, or of a jackknife normal ones, those of
        variances by their logarithms and of weights by their logits.
    sample_weight : array-like (n,), optional
        A row of weight w counts as w rows, each of which is drawn, weighed or left out by itself.
    known : array-like of int (n,), optional
        Known components, as `fit` was given them; rows drawn anew come from the same ones.
    random_state : int, Generator or None
    n_jobs : int, optional
        Threads of the compiled loops, or processes where rows are so many that replicates are
        more than one batch; results do not depend on it.
    verbose : int, default 0
        1 shows a bar, or some lines where there is no terminal.
    callback : callable, optional
        Called with the replicates that are done, and all of them.

    Returns
    -------
    Uncertainty
        After Ctrl-C, of the replicates that were done, with a warning.

    Raises
    ------
    DataError, ParameterError
        If rows are not those of the model, or fewer than two replicates can be fitted.

    Examples
    --------
    >>> from gaussmix import GaussianMixture, datasets, inference
    >>> X = datasets.iris().rows[:, :1]
    >>> model = GaussianMixture(2, random_state=0).fit(X)
    >>> sure = inference.bootstrap(model, X, "weighted", 100, random_state=0)
    >>> lower, upper = sure.intervals["means"]
    >>> bool((lower < model.means_).all() and (model.means_ < upper).all())
    True
    """
    resampling = _resampling(kind)
    level = checked_level(level)
    fitted = Fitted.of(model, X, sample_weight, known)
    fitted.require_total()
    count = resampling.count(check_integer("n_resamples", n_resamples, minimum=2), fitted)
    rng = as_generator(random_state)
    # A generator each: what a replicate is does not depend on batches.
    seeds = rng.bit_generator.seed_seq.spawn(count)  # type: ignore[attr-defined]
    size = batches(fitted.rows.size)
    parts = [range(first, min(first + size, count)) for first in range(0, count, size)]
    run = partial(_batch, fitted, resampling, count, threads_of(n_jobs, len(parts)))
    jobs = [partial(run, part, seeds) for part in parts]
    found: list[_Replicates] = []
    n_done = 0
    try:
        with counting(check_integer("verbose", verbose, minimum=0), count) as tell:
            for part, batch in zip(parts, done(jobs, n_jobs), strict=True):
                found += [] if batch is None else [batch]
                n_done += len(part)
                tell(n_done, "replicates")
                if callback is not None:
                    callback(n_done, count)
    except KeyboardInterrupt:
        if sum(len(own.numbers) for own in found) < 2:
            raise
        warnings.warn(
            f"interrupted: {n_done} of {count} replicates were done", UserWarning, stacklevel=2
        )
    return _summed(fitted, resampling, found, n_done, level)


def batches(n_numbers: int) -> int:
    """Return how many data sets of so many numbers are fitted at once, by however many processes.

    So results are the same to the last bit.
    """
    return max(1, min(_MOST_FITS, _MOST_NUMBERS // max(1, n_numbers)))


def threads_of(n_jobs: int | None, n_batches: int) -> int | None:
    """Return how many threads a batch has: one where processes share batches, None for all."""
    return n_jobs if n_jobs is None or n_batches == 1 else 1


class _Replicates(NamedTuple):
    """The numbers (R,) of some replicates, and their parameters (R, ...) by name."""

    numbers: AnyArray
    draws: dict[str, Array]


def _batch(
    fitted: Fitted,
    resampling: Resampling,
    count: int,
    n_threads: int | None,
    numbers: range,
    seeds: Sequence[Any],
) -> _Replicates | None:
    """Return some replicates, without those that failed; None if all have."""
    problem, mixture = fitted.problem, fitted.mixture
    rngs = [np.random.default_rng(seeds[i]) for i in numbers]
    data = replace(resampling.data(fitted, numbers, rngs), count=count, n_jobs=n_threads)
    tol = resampling.tolerance(problem.objective.total.total)
    climb = Climb.of(replace(problem, options=replace(problem.options, tol=tol)), mixture)
    nowhere = np.zeros(len(numbers), dtype=int)
    starts = picked([begun(mixture, problem.objective)], nowhere)
    ends = list(fit_each(climb, starts, data, np.arange(len(numbers))))
    if not ends:
        return None
    ended = Ended.joined(ends)
    kept = np.concatenate([_usable(own, set(fitted.result.collapsed)) for own in ends])
    # In the order of the replicates.
    places = np.argsort(ended.numbers, kind="stable")
    places = places[kept[places]]
    if not len(places):
        return None
    stack = picked([ended.best.evaluated], places)
    order = stack.groups.first[:, None] + closest_orders(stack, mixture, fitted.placed)
    stack = stack.cut(order.reshape(-1), slice(None), stack.groups)
    first = numbers.start
    return _Replicates(first + ended.numbers[places], parameters_of_many(stack, mixture))


def _usable(ended: Ended, collapsed: set[int]) -> AnyArray:
    """Say which fits have no component held at the floor but those of a fit."""
    held = ended.best.held
    count = range(len(ended.numbers))
    if held is None:
        return np.ones(len(count), dtype=bool)
    return np.array([not set(held.components(i)) - collapsed for i in count])


def _summed(
    fitted: Fitted,
    resampling: Resampling,
    found: Sequence[_Replicates],
    n_done: int,
    level: float,
) -> Uncertainty:
    numbers = np.concatenate([np.zeros(0, dtype=int), *(own.numbers for own in found)])
    if len(numbers) < 2:
        raise DataError(
            f"X: of {n_done} replicates {len(numbers)} could be fitted: components collapse "
            "without some of their rows. Use fewer components, a simpler family, "
            "prior='conjugate', or kind='weighted'"
        )
    estimates = parameters_of(fitted.mixture)
    draws = {name: np.concatenate([own.draws[name] for own in found]) for name in estimates}
    errors = {name: resampling.errors(draws[name], fitted, numbers) for name in estimates}
    intervals = resampling.intervals(draws, errors, level, fitted.mixture)
    return Uncertainty(
        resampling.name,
        fitted.mixture,
        errors,
        intervals,
        level,
        draws,
        n_done,
        n_done - len(numbers),
    )


# -- kinds -----------------------------------------------------------------------------


class Resampling(ABC):
    """How replicates are made, and what they say of errors."""

    name: ClassVar[str]

    def count(self, wanted: int, fitted: Fitted) -> int:
        """Return how many replicates there are."""
        return wanted

    def tolerance(self, n: float) -> float:
        """Return how far a row fits to n rows may end below their tops."""
        return _SHORT / n

    @abstractmethod
    def data(self, fitted: Fitted, numbers: range, rngs: Sequence[np.random.Generator]) -> ManyRows:
        """Return some of the replicates."""

    def errors(self, draws: Array, fitted: Fitted, numbers: AnyArray) -> Array:
        """Return standard errors from the parameters (R, ...) of the replicates of some numbers."""
        return np.asarray(draws.std(axis=0, ddof=1))

    def intervals(
        self, draws: dict[str, Array], errors: dict[str, Array], level: float, mixture: Mixture
    ) -> dict[str, Array]:
        """Return the limits (2, ...) of parameters by name."""
        # Of R replicates the next one is below the i-th with probability i / (R + 1).
        shares = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
        return {
            name: np.asarray(np.quantile(own, shares, axis=0, method="weibull"))
            for name, own in draws.items()
        }


class _Weights(Resampling):
    """The rows themselves, under weights."""

    def data(self, fitted: Fitted, numbers: range, rngs: Sequence[np.random.Generator]) -> ManyRows:
        each = [self.weights(fitted, i, rng) for i, rng in zip(numbers, rngs, strict=True)]
        return many_rows(fitted.rows[None], np.array(each), fitted.known)

    @abstractmethod
    def weights(self, fitted: Fitted, number: int, rng: np.random.Generator) -> Array:
        """Return the weights (n,) of one replicate; their sum is that of the fit's."""


class Nonparametric(_Weights):
    """Rows drawn with replacement, as how often each was drawn."""

    name = "nonparametric"

    def weights(self, fitted: Fitted, number: int, rng: np.random.Generator) -> Array:
        drawn = rng.multinomial(fitted.n_drawn, fitted.counts / fitted.total)
        return np.asarray(drawn * (fitted.total / fitted.n_drawn))


class Weighted(_Weights):
    """Weights from a uniform Dirichlet distribution."""

    name = "weighted"

    def weights(self, fitted: Fitted, number: int, rng: np.random.Generator) -> Array:
        # The weights of w rows that are equal are one sum.
        drawn = rng.standard_gamma(fitted.counts)
        return np.asarray(drawn * (fitted.total / drawn.sum()))


class Jackknife(_Weights):
    """Each row left out once: of those that are equal one stands for all.

    Of a row whose weight is less than one, all of it is left out, which is so much less.
    """

    name = "jackknife"

    def count(self, wanted: int, fitted: Fitted) -> int:
        return int((fitted.counts > 0).sum())

    def weights(self, fitted: Fitted, number: int, rng: np.random.Generator) -> Array:
        kept, place = fitted.counts.copy(), np.flatnonzero(fitted.counts)[number]
        kept[place] -= min(1.0, kept[place])
        return kept

    def tolerance(self, n: float) -> float:
        return super().tolerance(n) / n  # a row less moves parameters by so much less

    def errors(self, draws: Array, fitted: Fitted, numbers: AnyArray) -> Array:
        counts = fitted.counts[fitted.counts > 0][numbers]
        parts = np.minimum(counts, 1.0)
        middle = np.average(draws, axis=0, weights=counts / parts)
        squares = np.tensordot(counts / parts**2, (draws - middle) ** 2, axes=1)
        return np.asarray(np.sqrt((fitted.total - 1.0) / counts.sum() * squares))

    def intervals(
        self, draws: dict[str, Array], errors: dict[str, Array], level: float, mixture: Mixture
    ) -> dict[str, Array]:
        return intervals_from_errors(parameters_of(mixture), errors, level, mixture)


class Parametric(Resampling):
    """Rows drawn from the mixture, those of known component from that.

    They miss what rows of the data miss.
    """

    name = "parametric"

    def data(self, fitted: Fitted, numbers: range, rngs: Sequence[np.random.Generator]) -> ManyRows:
        known = drawn_labels(fitted.known, fitted.counts)
        rows = [
            unseen_like(drawn_like(fitted.mixture, known, fitted.n_drawn, rng), fitted, rng)
            for rng in rngs
        ]
        return many_rows(np.array(rows), None, known)


_KINDS: dict[str, Resampling] = {
    one.name: one for one in (Nonparametric(), Weighted(), Parametric(), Jackknife())
}


def list_kinds() -> list[str]:
    """Return the names of all kinds."""
    return list(_KINDS)


def _resampling(kind: Any) -> Resampling:
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ParameterError(f"kind: must be one of {', '.join(_KINDS)}, got {shown(kind)}")
    return _KINDS[kind]
