"""How many components: likelihood ratios against what they are by chance.

McLachlan (1987): K components against K + 1, with replicates drawn from the fit of K.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.densities import NORMAL, Density, kind_of_density, student_of
from ..components.families import get_family
from ..components.prior import get_prior
from ..em.model import Model
from ..exceptions import DataError, ParameterError
from ..fitting.known import as_labels, known_labels
from ..numerics.arguments import (
    as_generator,
    check_integer,
    check_noise,
    check_number,
    check_sample_weight,
)
from ..numerics.bars import counting
from ..numerics.jobs import done
from ..rows import MemorySource
from ..rows.door import as_frame, as_rows, as_table
from ..rows.files import Scan
from ..rows.missing import get_missing
from .given import admitted, require_total
from .hypotheses import Hypotheses, Observed
from .ratios import RatioTest
from .resampling import batches, threads_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._typing import AnyArray, Array

__all__ = ["likelihood_ratio_test"]


def likelihood_ratio_test(
    X: Any,
    covariance_type: Any = "VVV",
    max_components: int = 9,
    n_resamples: int = 999,
    *,
    min_components: int = 1,
    level: float = 0.05,
    sample_weight: Any = None,
    known: Any = None,
    noise: Any = None,
    equal_weights: bool = False,
    prior: Any = None,
    missing: Any = "error",
    density: Any = "normal",
    dof: Any = "free",
    random_state: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
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
    min_components : int, default 1
        The first number that is tested.
    level : float, default 0.05
        Tests end at the first p above it.
    sample_weight : array-like (n,), optional
        A row of weight w counts as w rows.
    known : array-like of int (n,), optional
        Known components of rows, -1 where unknown: there are at least so many.  As many rows of
        each are drawn.
    noise : float or array-like of bool (n,), optional
        As of `GaussianMixture`: a uniform background beside the components of both hypotheses,
        in the box of the data.
    equal_weights : bool, default False
    prior : None, "conjugate" or ConjugatePrior
    missing : {"error", "drop", "em"}, default "error"
        As of `GaussianMixture`.  Rows that are drawn miss what rows of the data miss.
    density : {"normal", "student"} or Density, default "normal"
        Of components.
    dof : "free", "equal" or float, default "free"
        As of `StudentMixture`, for "student".
    random_state : int, Generator or None
    n_jobs : int, optional
        Threads of the compiled loops, or processes where rows are so many that replicates are
        more than one batch; results do not depend on it.
    verbose : int, default 0
        1 shows a bar, or some lines where there is no terminal.
    callback : callable, optional
        Called with the number of components tested, replicates that are done, and all of them.

    Returns
    -------
    RatioTest
        After Ctrl-C, of the tests and replicates that were done, with a warning.

    Raises
    ------
    DataError, ParameterError
        If the first two numbers of components cannot both be fitted.

    Examples
    --------
    >>> from gaussmix import datasets, inference
    >>> X = datasets.iris().rows
    >>> test = inference.likelihood_ratio_test(X, "EEE", 2, n_resamples=19, random_state=0)
    >>> float(test.p_values[0])
    0.05
    """
    level = check_number("level", level)
    if not 0.0 < level <= 1.0:
        raise ParameterError(f"level: must be above 0 and at most 1, got {level:g}")
    count = check_integer("n_resamples", n_resamples, minimum=1)
    rows = _measured(X)
    first, most, labels = _sizes(min_components, max_components, known, len(rows))
    weights, word = check_sample_weight(sample_weight, len(rows)), get_missing(missing)
    source, kept = admitted(MemorySource(rows, weights, n_jobs=1), word)
    rows, weights = source.array, source.weights
    if weights is not None:
        require_total(float(weights.sum()))
    labels = None if labels is None else labels[kept]
    family = get_family(covariance_type)
    family.require_features(rows.shape[1])
    noise, prior = check_noise(noise), get_prior(prior)
    noise = noise[kept] if isinstance(noise, np.ndarray) and len(noise) == len(kept) else noise
    background = noise is not None
    own = density if isinstance(density, Density) else _density_of(density, dof)
    model = Model(1, family, own, equal_weights=equal_weights, background=background, prior=prior)
    rng = as_generator(random_state)
    observed = Observed(model, rows, weights, labels, noise, rng, word)
    smaller = observed.fit(first)
    tests: list[tuple[int, float, float, Array, int]] = []
    with counting(check_integer("verbose", verbose, minimum=0), count) as tell:
        for k in range(first, most):
            larger = None if smaller is None else observed.fit(k + 1, smaller)
            if smaller is None or larger is None:
                break
            both = Hypotheses(observed, smaller, larger)
            seeds = rng.bit_generator.seed_seq.spawn(count)  # type: ignore[attr-defined]

            def told(n_done: int, k: int = k) -> None:
                tell(n_done, f"{k} components against {k + 1}")
                if callback is not None:
                    callback(k, n_done, count)

            drawn, is_whole = _drawn(both, seeds, n_jobs, told)
            usable = drawn[np.isfinite(drawn)]
            if not is_whole:
                _tell_interrupted(k, len(drawn), count, is_first=not tests)
            if len(usable) == 0:
                break
            p = float((1.0 + (usable >= both.statistic).sum()) / (1.0 + len(usable)))
            tests.append((k, both.statistic, p, usable, len(drawn) - len(usable)))
            if p > level or not is_whole:
                break
            smaller = larger
    if not tests:
        raise DataError(
            f"X: {family.name} with {first} and with {first + 1} components cannot both be fitted "
            "without one that collapses; use a simpler family, or prior='conjugate'"
        )
    tested, statistics, p_values, replicates, failed = zip(*tests, strict=True)
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


def _density_of(name: Any, dof: Any) -> Density:
    return NORMAL if kind_of_density(name).plain else student_of(dof)


def _sizes(first: Any, most: Any, known: Any, n_rows: int) -> tuple[int, int, AnyArray | None]:
    """Return the first and the last number of components, and known ones (n,)."""
    first = check_integer("min_components", first, minimum=1)
    most = check_integer("max_components", most, minimum=2)
    labels = None
    if known is not None:
        highest = int(max(as_labels(known), default=-1)) + 1
        labels = known_labels(known, n_rows, max(most, highest))
        first = max(first, highest)
    if first >= most:
        why = "" if labels is None else f", as known has components 0 to {first - 1}"
        raise ParameterError(
            f"max_components: {first} components are tested against more{why}; expected at least "
            f"{first + 1}, got {most}"
        )
    return first, most, labels


def _measured(X: Any) -> Array:
    """Return rows (n, d) of float64; (n,) is one feature."""
    table = as_table(X)
    if callable(table) or isinstance(table, Scan):
        raise DataError("X: replicates need the rows in memory, as an array or a dataframe")
    frame = as_frame(table)
    width = len(frame.columns) if frame is not None else int((*np.shape(table), 1)[1])
    rows = as_rows(table, width, None if frame is None else frame.columns)
    return np.ascontiguousarray(rows, dtype=np.float64)


def _drawn(
    both: Hypotheses, seeds: list[Any], n_jobs: int | None, told: Callable[[int], None]
) -> tuple[Array, bool]:
    """Return statistics of data sets drawn from the smaller fit, and whether it is all of them."""
    found: list[float] = []
    size = batches(both.n_drawn * both.observed.rows.shape[1])
    parts = [seeds[i : i + size] for i in range(0, len(seeds), size)]
    jobs = [partial(both.drawn, own, threads_of(n_jobs, len(parts))) for own in parts]
    try:
        for batch in done(jobs, n_jobs):
            found += batch
            told(len(found))
    except KeyboardInterrupt:
        return np.array(found), False
    return np.array(found), True


def _tell_interrupted(k: int, n_done: int, count: int, *, is_first: bool) -> None:
    """Warn of a test that is not whole; if nothing was done, that was the interruption."""
    if n_done == 0 and is_first:
        raise KeyboardInterrupt
    told = f"{n_done} of {count} replicates were done" if n_done else "it is not tested"
    warnings.warn(
        f"interrupted: of {k} components against {k + 1} {told}", UserWarning, stacklevel=3
    )
