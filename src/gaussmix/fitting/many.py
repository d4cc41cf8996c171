"""One model fitted to each of many data sets: genes, pixels, users."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..components.families import get_family
from ..components.parameters import Parameters, one_of
from ..em.model import Model
from ..em.mstep import RELATIVE_FLOOR
from ..em.options import Options
from ..em.replicates import fit_replicates
from ..em.result import FitResult, Status
from ..estep.many import ManyRows
from ..exceptions import GaussmixError
from ..mixture import Mixture
from ..numerics.arguments import as_generator, check_integer, check_number
from ..numerics.jobs import done
from ..rows import MemorySource
from ..starts import get_start
from ..starts.base import softened
from ..starts.many import N_DRAWN, kmeans_of_many
from .data_sets import data_sets, weights_of
from .fit import fit_mixture, moment_of_data, summarise
from .many_fits import ManyFits

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from .._typing import Array
    from ..components.families import Family
    from ..components.moments import Moment

__all__ = ["fit_many"]

# Data sets of one batch, the numbers that they may hold, and how much longer than the shortest
# the longest may be.
_MOST_FITS = 250
_MOST_NUMBERS = 1_000_000
_LONGER = 1.25
_FAILURES = (GaussmixError, np.linalg.LinAlgError)


def fit_many(
    data: Any,
    n_components: int,
    *,
    by: Hashable | None = None,
    covariance_type: Any = "full",
    sample_weight: Sequence[Any] | None = None,
    equal_weights: bool = False,
    tol: float = 1e-6,
    max_iter: int = 1000,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> ManyFits:
    """Fit one model to each of many data sets.

    Each fit is the one that `GaussianMixture` makes with ``init_params="kmeans"``, but for the
    random numbers of its start; together they take a small part of the time.  A data set that
    cannot be fitted is None with a reason, and keeps no other from being fitted.

    Parameters
    ----------
    data : array (G, n, d), sequence of arrays (n_g, d) or (n_g,), mapping, or dataframe
        Data sets of any lengths; of a mapping the keys are kept.
    n_components : int
    by : column, optional
        Of a dataframe: rows with the same value are a data set; the other columns are features.
    covariance_type : str or Family, default "full"
    sample_weight : sequence of arrays (n_g,), optional
        One for each data set.
    equal_weights : bool, default False
    tol, max_iter
        As of `GaussianMixture`.
    random_state : int, Generator or None
        What is drawn for a data set depends on its place alone.
    n_jobs : int, optional
        Processes.

    Returns
    -------
    ManyFits

    Raises
    ------
    DataError, ParameterError
        If there are no data sets, or their numbers of features differ.

    Examples
    --------
    >>> import gaussmix
    >>> iris = gaussmix.datasets.iris()
    >>> fits = gaussmix.fit_many({name: iris.rows[iris.classes == k]
    ...                           for k, name in enumerate(["setosa", "versicolor"])}, 1)
    >>> fits.keys, fits.means[:, 0, 0].round(3).tolist()
    (['setosa', 'versicolor'], [5.006, 5.936])
    """
    k = check_integer("n_components", n_components, minimum=1)
    keys, sets, names = data_sets(data, by)
    weights = weights_of(sample_weight, sets)
    family = get_family(covariance_type)
    d = sets[0].shape[1]
    family.require_features(d)
    model = Model(k, family, equal_weights=bool(equal_weights))
    options = Options(
        tol=check_number("tol", tol), max_iter=check_integer("max_iter", max_iter, minimum=0)
    )
    random = as_generator(random_state).random((len(sets), k, N_DRAWN))
    batches = list(_batches(sets))
    jobs = [
        partial(
            _batch,
            model,
            options,
            [sets[g] for g in own],
            [weights[g] for g in own],
            random[own],
            names,
        )
        for own in batches
    ]
    results: list[FitResult | None] = [None] * len(sets)
    reasons = [""] * len(sets)
    for own, found in zip(batches, done(jobs, n_jobs), strict=True):
        for g, (result, reason) in zip(own, found, strict=True):
            results[g], reasons[g] = result, reason
    return ManyFits(keys, results, reasons, k, d)


# -- batches -------------------------------------------------------------------------------


def _batches(sets: Sequence[Array]) -> Iterator[list[int]]:
    """Yield the numbers of data sets that are fitted together: of about the same length."""
    lengths = np.array([len(rows) for rows in sets])
    own: list[int] = []
    for g in np.argsort(lengths, kind="stable").tolist():
        size = (len(own) + 1) * lengths[g] * sets[0].shape[1]
        longer = own and lengths[g] > _LONGER * lengths[own[0]] + 4
        if own and (len(own) == _MOST_FITS or size > _MOST_NUMBERS or longer):
            yield own
            own = []
        own.append(g)
    yield own


def _batch(
    model: Model,
    options: Options,
    sets: Sequence[Array],
    weights: Sequence[Array | None],
    random: Array,
    names: tuple[str, ...] | None,
) -> list[tuple[FitResult | None, str]]:
    """Return the fit to each data set, or why there is none."""
    usable = [g for g in range(len(sets)) if _is_plain(sets[g], weights[g], model.n_components)]
    found: dict[int, FitResult | None] = {}
    if usable:
        together = _together(
            model, options, [sets[g] for g in usable], [weights[g] for g in usable], random[usable]
        )
        found = dict(zip(usable, together, strict=True))
    answers = []
    for g, rows in enumerate(sets):
        result = found.get(g)
        if result is None:
            answers.append(_alone(model, options, rows, weights[g], random[g], names))
        else:
            mixture = result.mixture.reorder(result.mixture.order_by("mean"))
            if names is not None:
                mixture = Mixture.of_parameters(mixture.parameters, names)
            answers.append((replace(result, mixture=mixture, statistics=None), ""))
    return answers


def _is_plain(rows: Array, weights: Array | None, k: int) -> bool:
    """Whether rows can be fitted without a closer look: finite, no column constant."""
    own = rows if weights is None else rows[weights > 0]
    return bool(
        len(own) > k
        and np.isfinite(own).all()
        and (np.ptp(own, axis=0) > 0).all()
        and np.abs(own).max() < 1e100
    )


def _together(
    model: Model,
    options: Options,
    sets: Sequence[Array],
    weights: Sequence[Array | None],
    random: Array,
) -> list[FitResult | None]:
    """Return the fits that need no closer look; None for the others."""
    n, family = max(map(len, sets)), model.family
    rows = np.stack([np.concatenate([x, np.repeat(x[:1], n - len(x), axis=0)]) for x in sets])
    shares = np.zeros(rows.shape[:2])
    for g, (x, own) in enumerate(zip(sets, weights, strict=True)):
        shares[g, : len(x)] = 1.0 if own is None else own
    data = ManyRows(rows, shares)
    totals = shares.sum(axis=1)[:, None]
    variances = np.einsum("gn,gnd->gd", shares, (rows - data.centers[:, None]) ** 2) / totals
    summary = summarise(MemorySource(rows[0], n_jobs=1), moment_of_data([family]))
    objective = copy(model.objective(summary.held_as(family.held.moment).total))
    # Lower than any data set's own: who comes down to that is fitted alone.
    objective.floor = RELATIVE_FLOOR * variances.min(axis=0)
    starts = _starts(data, variances, shares, objective, random, model.n_components)
    if starts is None:
        return [None] * len(sets)
    options = replace(options, give_up_collapsed=True)
    results = fit_replicates(model, objective, options, starts, data)
    return [
        None if result is None or _comes_down(result, RELATIVE_FLOOR * own, family) else result
        for result, own in zip(results, variances, strict=True)
    ]


def _starts(
    data: ManyRows, variances: Array, shares: Array, objective: Any, random: Array, k: int
) -> list[Mixture] | None:
    centred = data.rows - data.centers[:, None]
    labels = kmeans_of_many(centred, shares, k, random)
    masses = np.where(labels[:, None] == np.arange(k)[:, None], shares[:, None], 0.0)
    divided = data.divided(masses, objective.family)
    soft = softened(divided, _Widths(variances.max(axis=0)))
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            stack: Parameters = objective.update(soft)[0]
    except _FAILURES:
        return None
    return [Mixture.of_parameters(one_of((stack, g))) for g in range(len(data.rows))]


class _Widths(NamedTuple):
    """What starts are told of how wide the data are: variances (d,)."""

    scales: Array

    def narrowed(self, covariances: Array, moment: Moment, times: float) -> Array:
        return moment.narrowed(covariances, times * self.scales)


def _comes_down(result: FitResult, floor: Array, family: Family) -> bool:
    if result.collapsed or result.status is Status.COLLAPSED:
        return True
    try:
        return bool(result.mixture.covariances.floored(floor)[1].any())
    except np.linalg.LinAlgError:
        return True


def _alone(
    model: Model,
    options: Options,
    rows: Array,
    weights: Array | None,
    random: Array,
    names: tuple[str, ...] | None,
) -> tuple[FitResult | None, str]:
    source = MemorySource(rows, weights, n_jobs=1, feature_names=names)
    rng = np.random.default_rng(int(random[0, 0] * 2**53))
    try:
        return fit_mixture(source, model, get_start("kmeans"), options, rng=rng), ""
    except _FAILURES as error:
        return None, str(error)
