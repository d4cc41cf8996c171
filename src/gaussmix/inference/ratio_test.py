"""How many components: likelihood ratios against what they are by chance.

McLachlan (1987): K components against K + 1, with replicates drawn from the fit of K.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import get_family
from ..components.prior import get_prior
from ..em.choices import get_choice
from ..em.model import Model
from ..em.options import Options
from ..em.problem import Problem
from ..em.replicates import fit_replicates
from ..estep.many import ManyRows
from ..exceptions import DataError, GaussmixError, ParameterError
from ..fitting.fit import draw, facts_of, fit_problem, moment_of_data, summarise
from ..mixture import Mixture
from ..numerics.arguments import as_generator, check_integer, check_number, check_sample_weight
from ..numerics.extras import imported
from ..numerics.jobs import done
from ..rows import MemorySource
from ..rows.door import as_frame, as_rows, as_table
from ..starts import get_start
from ..starts.entrants import tree_labels
from .resampling import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from .._typing import Array
    from ..em.result import FitResult

__all__ = ["RatioTest", "likelihood_ratio_test"]

# How far the halves of a split component are from its mean, in deviations along its main axis.
_APART = 0.7
# Trees are built of at most this many rows: their time and memory grow with the square.
_MOST_ROWS = 2000


@dataclass(frozen=True, eq=False)
class RatioTest:
    """Tests of K components against K + 1, for K = 1, 2, ...

    Attributes
    ----------
    family : str
    n_components : int
        The first K that is not rejected, or the last one that was looked at.
    tested : tuple of int
        Each K that was tested against K + 1.
    statistics : ndarray (len(tested),)
        Twice the gain in log-likelihood.
    p_values : ndarray (len(tested),)
        (1 + b) / (1 + B), where b of B replicates gained at least as much.
    replicates : tuple of ndarray
        The statistics of the replicates of each test.
    n_failed : tuple of int
        Replicates of each test without a fit: a covariance of all their fits collapsed.
    level : float
        At which a test is rejected.

    Examples
    --------
    >>> from gaussmix import datasets, inference
    >>> X = datasets.iris().rows[:, :1]
    >>> test = inference.likelihood_ratio_test(X, "V", 3, n_resamples=99, random_state=0)
    >>> len(test.statistics) == len(test.p_values) == len(test.tested)
    True
    """

    family: str
    n_components: int
    tested: tuple[int, ...]
    statistics: Array
    p_values: Array
    replicates: tuple[Array, ...]
    n_failed: tuple[int, ...]
    level: float

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each test."""
        return [
            {
                "n_components": k,
                "against": k + 1,
                "statistic": float(self.statistics[i]),
                "p_value": float(self.p_values[i]),
                "n_resamples": len(self.replicates[i]),
                "n_failed": self.n_failed[i],
            }
            for i, k in enumerate(self.tested)
        ]

    def to_frame(self) -> Any:
        """Return a pandas.DataFrame of a row for each test; its column ``p_value`` says most."""
        return imported("pandas", None, "to_frame()").DataFrame(self.rows())

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what the statistics of replicates are, and where those of the data lie."""
        from ..plot.ratios import ratios

        return ratios(self, ax=ax)

    def __str__(self) -> str:
        lines = [f"{self.family}: likelihood ratios by bootstrap (McLachlan 1987)"]
        lines.append(f"{'components':>12} {'statistic':>12} {'p':>8} {'replicates':>11}")
        lines += [
            f"{row['n_components']:>6} / {row['against']:<3} {row['statistic']:>12.4g} "
            f"{row['p_value']:>8.4f} {row['n_resamples']:>11}"
            for row in self.rows()
        ]
        lines.append(f"{self.n_components} components at level {self.level:g}")
        return "\n".join(lines)


def likelihood_ratio_test(
    X: Any,
    covariance_type: Any = "VVV",
    max_components: int = 9,
    n_resamples: int = 999,
    *,
    level: float = 0.05,
    sample_weight: Any = None,
    equal_weights: bool = False,
    prior: Any = None,
    random_state: Any = None,
    n_jobs: int | None = None,
    callback: Callable[[int, int, int], object] | None = None,
) -> RatioTest:
    """Test 1 component against 2, 2 against 3, ... until the larger number is not needed.

    The gain in likelihood of one component more has no known distribution, so it is compared
    with the gains on data sets drawn from the fit of fewer (McLachlan 1987).  Both fits of all
    data sets begin in the same ways: at Ward's clusters, at the fits to the data (for those
    themselves, at the hierarchical start), and, of the larger one, with each component of the
    smaller split in two.  So no gain is negative.

    Parameters
    ----------
    X : array-like or dataframe (n, d)
    covariance_type : str or Family, default "VVV"
    max_components : int, default 9
        The largest number that is tested as the larger one.
    n_resamples : int, default 999
        Data sets that are drawn for each test; p is at least 1 / (n_resamples + 1).
    level : float, default 0.05
        Tests end at the first p above it.
    sample_weight : array-like (n,), optional
        A row of weight w counts as w rows.
    equal_weights : bool, default False
    prior : None, "conjugate" or ConjugatePrior
    random_state : int, Generator or None
    n_jobs : int, optional
        Processes; results do not depend on it.
    callback : callable, optional
        Called with the number of components tested, replicates that are done, and all of them.

    Returns
    -------
    RatioTest
        After Ctrl-C, of the tests that were done, with a warning.

    Examples
    --------
    >>> from gaussmix import datasets, inference
    >>> X = datasets.iris().rows
    >>> test = inference.likelihood_ratio_test(X, "EEE", 2, n_resamples=19, random_state=0)
    >>> float(test.p_values[0])
    0.05
    """
    level = check_number("level", level)
    most = check_integer("max_components", max_components, minimum=2)
    count = check_integer("n_resamples", n_resamples, minimum=1)
    rows = _measured(X)
    weights = check_sample_weight(sample_weight, len(rows))
    family = get_family(covariance_type)
    family.require_features(rows.shape[1])
    model = Model(1, family, equal_weights=equal_weights, prior=get_prior(prior))
    rng = as_generator(random_state)
    observed = _Observed(rows, weights, model, rng)
    tests: list[tuple[float, float, Array, int]] = []
    smaller = observed.fit(1)
    for k in range(1, most):
        larger = observed.fit(k + 1, smaller)
        if smaller is None or larger is None:
            break
        statistic = max(0.0, 2.0 * (larger.log_likelihood - smaller.log_likelihood))
        seeds = rng.bit_generator.seed_seq.spawn(count)  # type: ignore[attr-defined]
        told = None if callback is None else partial(callback, k)
        try:
            drawn = _drawn(observed, smaller, larger, seeds, n_jobs, told)
        except KeyboardInterrupt:
            warnings.warn(f"interrupted: {k} components are not tested", UserWarning, stacklevel=2)
            break
        usable = drawn[np.isfinite(drawn)]
        p = (1.0 + (usable >= statistic).sum()) / (1.0 + len(usable))
        tests.append((statistic, float(p), usable, count - len(usable)))
        if p > level:
            break
        smaller = larger
    if not tests:
        raise DataError(
            f"X: {family.name} with 1 and with 2 components cannot both be fitted; use a simpler "
            "family, or prior='conjugate'"
        )
    statistics, p_values, replicates, failed = zip(*tests, strict=True)
    tested = tuple(range(1, len(tests) + 1))
    chosen = tested[-1] if p_values[-1] > level else tested[-1] + 1
    return RatioTest(
        family.name,
        chosen,
        tested,
        np.array(statistics),
        np.array(p_values),
        replicates,
        failed,
        level,
    )


def _measured(X: Any) -> Array:
    """Return rows (n, d) of float64; (n,) is one feature."""
    table = as_table(X)
    frame = as_frame(table)
    width = len(frame.columns) if frame is not None else int((*np.shape(table), 1)[1])
    rows = as_rows(table, width, None if frame is None else frame.columns)
    return np.ascontiguousarray(rows, dtype=np.float64)


class _Observed:
    """The data themselves, fitted with any number of components."""

    def __init__(
        self, rows: Array, weights: Array | None, model: Model, rng: np.random.Generator
    ) -> None:
        self.rows, self.model, self.rng = rows, model, rng
        self.source = MemorySource(rows, weights, n_jobs=1)
        self.summary = summarise(self.source, moment_of_data([model.family]))
        self.facts = facts_of(self.source)
        self.many = ManyRows(rows[None], None if weights is None else weights[None])
        self.n_drawn = len(rows) if weights is None else round(float(weights.sum()))

    def problem(self, k: int) -> Problem:
        """Return the problem of K components."""
        data = draw(self.source, self.summary, self.facts, k, np.random.default_rng(0))
        options = Options(select=get_choice("likelihood"))
        return Problem(data, replace(self.model, n_components=k), options).checked()

    def fit(self, k: int, smaller: FitResult | None = None) -> FitResult | None:
        """Return the best fit of K components; None if all have a collapsed covariance."""
        problem = self.problem(k)
        found: list[FitResult | None] = []
        try:
            found.append(fit_problem(problem, get_start("mbahc"), rng=self.rng))
        except GaussmixError:
            if k == 1:
                raise
        starts = [] if smaller is None else _splits(smaller.mixture)
        starts += _ward(self.rows, k)
        found += _fits(problem, starts, self.many, [0] * len(starts))
        return _highest(found)


def _drawn(
    observed: _Observed,
    smaller: FitResult,
    larger: FitResult,
    seeds: Sequence[Any],
    n_jobs: int | None,
    callback: Callable[[int, int], object] | None,
) -> Array:
    """Return the statistics of data sets drawn from the smaller fit; NaN of those that failed."""
    problems = (
        observed.problem(smaller.mixture.n_components),
        observed.problem(larger.mixture.n_components),
    )
    size = batches(observed.n_drawn * observed.rows.shape[1])
    jobs = [
        partial(_batch, problems, smaller.mixture, larger.mixture, observed.n_drawn, own)
        for own in (seeds[i : i + size] for i in range(0, len(seeds), size))
    ]
    found: list[float] = []
    for batch in done(jobs, n_jobs):
        found += batch
        if callback is not None:
            callback(len(found), len(seeds))
    return np.array(found)


def _batch(
    problems: tuple[Problem, Problem],
    smaller: Mixture,
    larger: Mixture,
    n_rows: int,
    seeds: Sequence[Any],
) -> list[float]:
    rows = np.array([smaller.sample(n_rows, np.random.default_rng(seed))[0] for seed in seeds])
    data, every = ManyRows(rows), list(range(len(rows)))
    first = [smaller] * len(rows), every
    found = _best_of(problems[0], [first, _wards(rows, problems[0].n_components)], data)
    starts = [([larger] * len(rows), every), _wards(rows, problems[1].n_components)]
    starts.append(_all_splits(found))
    more = _best_of(problems[1], starts, data)
    return [
        np.nan if a is None or b is None else max(0.0, 2.0 * (b.log_likelihood - a.log_likelihood))
        for a, b in zip(found, more, strict=True)
    ]


def _best_of(
    problem: Problem, starts: Sequence[tuple[list[Mixture], list[int]]], data: ManyRows
) -> list[FitResult | None]:
    """Return the best fit to each data set, of several starts and the data sets they are for."""
    mixtures = [mixture for own, _ in starts for mixture in own]
    places = [place for _, own in starts for place in own]
    each: list[list[FitResult | None]] = [[] for _ in data.rows]
    for result, place in zip(_fits(problem, mixtures, data, places), places, strict=True):
        each[place].append(result)
    return [_highest(own) for own in each]


def _fits(
    problem: Problem, starts: list[Mixture], data: ManyRows, places: list[int]
) -> list[FitResult | None]:
    options = replace(problem.options, give_up_collapsed=True)
    return fit_replicates(problem.model, problem.objective, options, starts, data, places)


def _highest(found: Sequence[FitResult | None]) -> FitResult | None:
    usable = [one for one in found if one is not None and not one.collapsed]
    return max(usable, key=lambda one: one.log_likelihood, default=None)


# -- starts ----------------------------------------------------------------------------


def _splits(mixture: Mixture) -> list[Mixture]:
    """Return mixtures in each of which one component is two, along its main axis."""
    values, vectors = np.linalg.eigh(mixture.covariances.to_dense())
    found = []
    for k in range(mixture.n_components):
        order = np.array([*range(mixture.n_components), k])
        weights, means = mixture.weights[order], mixture.means[order]
        weights[[k, -1]] /= 2.0
        step = _APART * np.sqrt(values[k, -1]) * vectors[k, :, -1]
        means[k], means[-1] = means[k] + step, means[k] - step
        held = mixture.covariances.take(order)
        found.append(Mixture(weights, means, held))
    return found


def _all_splits(found: Sequence[FitResult | None]) -> tuple[list[Mixture], list[int]]:
    starts, places = [], []
    for place, result in enumerate(found):
        if result is not None:
            own = _splits(result.mixture)
            starts += own
            places += [place] * len(own)
    return starts, places


def _ward(rows: Array, k: int) -> list[Mixture]:
    """Return the mixture of Ward's clusters of rows in units of their deviations, if it is one."""
    if k == 1 or len(rows) > _MOST_ROWS:
        return []
    labels = tree_labels(rows / rows.std(axis=0), k)
    counts = np.bincount(labels, minlength=k)
    if len(counts) > k or counts.min() == 0:
        return []
    weights = counts / len(rows)
    means = np.array([rows[labels == c].mean(axis=0) for c in range(k)])
    within = (rows - means[labels]).T @ (rows - means[labels]) / len(rows)
    try:
        return [Mixture(weights, means, within, covariance_type="tied")]
    except ParameterError:  # no width in some direction
        return []


def _wards(rows: Array, n_components: int) -> tuple[list[Mixture], list[int]]:
    starts, places = [], []
    for place, own in enumerate(rows):
        found = _ward(own, n_components)
        starts += found
        places += [place] * len(found)
    return starts, places
