"""One model fitted to each of many data sets: genes, pixels, users."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..components.families import get_family
from ..components.units import parameters_in_units, statistics_in_units
from ..em.climb import Best, Climb, Ended
from ..em.model import Model
from ..em.mstep import RELATIVE_FLOOR
from ..em.options import Options
from ..em.replicates import fit_each
from ..em.result import Status
from ..estep.many import ManyRows
from ..exceptions import GaussmixError
from ..numerics.arguments import as_generator, check_integer, check_number
from ..numerics.groups import Groups
from ..numerics.jobs import done
from ..rows import MemorySource
from ..rows.missing import get_missing
from ..starts import get_start
from ..starts.base import softened
from ..starts.many import N_DRAWN, kmeans_of_many, loops_can_be_had
from .chained import ChainedFits, chained
from .data_sets import data_sets, weights_of
from .fit import fit_mixture, moment_of_data, summarise
from .many_fits import ManyFits
from .portions import portions_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..em.objectives import Objective
    from ..em.result import FitResult
    from ..rows import Source
    from ..rows.missing import Missing

__all__ = ["fit_many"]

# Data sets of one batch, the numbers that they may hold, and how much longer than the shortest
# the longest may be; and of how many starts are made at once.
_MOST_FITS = 20_000
_MOST_NUMBERS = 2**24
_LONGER = 1.25
_MOST_STARTS = 256
# Values from which squares are beyond arithmetic.
_LARGEST = 1e100
_FAILURES = (GaussmixError, np.linalg.LinAlgError)


def fit_many(
    data: Any,
    n_components: int,
    *,
    by: Hashable | None = None,
    covariance_type: Any = "full",
    sample_weight: Iterable[Any] | str | None = None,
    equal_weights: bool = False,
    missing: Any = "error",
    tol: float = 1e-6,
    max_iter: int = 1000,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> ManyFits | ChainedFits:
    """Fit one model to each of many data sets.

    Each fit is the one that `GaussianMixture` makes with ``init_params="kmeans"``, but for the
    random numbers of its start; together they take a small part of the time.  A data set that
    cannot be fitted is None with a reason, and keeps no other from being fitted.

    Parameters
    ----------
    data : array (G, n, d), sequence of arrays (n_g, d) or (n_g,), mapping, dataframe, or what \
reads them as they are needed: an iterator, or files opened by `scan`
        Data sets of any lengths; of a mapping the keys are kept.  An iterator yields arrays, or
        pairs of a key and an array, as ``frame.groupby`` does.
    n_components : int
    by : column, optional
        Of a dataframe or of files: rows with the same value are a data set; the other columns are
        features.  Files may be larger than the memory, whatever the order of their rows; where
        those of each data set are together they are read once.  Files of Parquet without it: each
        row group is a data set.
    covariance_type : str or Family, default "full"
    sample_weight : sequence of arrays (n_g,), optional
        One for each data set; the name of a column of files.
    equal_weights : bool, default False
    missing : {"error", "drop", "em"}, default "error"
        As of `GaussianMixture`; by default data sets with missing values (NaN) are not fitted.
    tol, max_iter
        As of `GaussianMixture`.
    random_state : int, Generator or None
        What is drawn for a data set depends on its place alone.
    n_jobs : int, optional
        Threads of compiled loops, and processes for data sets that are fitted one by one; all
        cores and one process unless said otherwise.  Results do not depend on it.

    Returns
    -------
    ManyFits
        After Ctrl-C, of what was read and fitted until then, with a warning.

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
    portions = portions_of(data, by, sample_weight)
    if portions is not None:
        given: dict[str, Any] = {"covariance_type": covariance_type, "equal_weights": equal_weights}
        given |= {"missing": missing, "tol": tol, "max_iter": max_iter, "n_jobs": n_jobs}
        # One generator for all: what is drawn for a data set depends on its place alone.
        rng = as_generator(random_state)
        fit = partial(fit_many, n_components=n_components, random_state=rng, **given)
        return chained(fit, portions)
    k = check_integer("n_components", n_components, minimum=1)
    keys, sets, names = data_sets(data, by)
    weights = weights_of(sample_weight, sets)
    family, d = get_family(covariance_type), sets[0].shape[1]
    family.require_features(d)
    model, word = Model(k, family, equal_weights=bool(equal_weights)), get_missing(missing)
    options = Options(
        tol=check_number("tol", tol), max_iter=check_integer("max_iter", max_iter, minimum=0)
    )
    random = as_generator(random_state).random((len(sets), k, N_DRAWN))
    batches = list(_batches(sets, weights))
    floor = RELATIVE_FLOOR * _least([batch.variances for batch in batches])
    fits = _Fits(model, options, word, len(sets), n_jobs, names, floor)
    found = [fits.together(batch, random[batch.numbers]) for batch in batches]
    ends = tuple(ended for ended in found if ended is not None)
    left = np.ones(len(sets), dtype=bool)
    for ended in ends:
        left[ended.numbers] = False
    others = np.flatnonzero(left).tolist()
    jobs = [partial(fits.alone, sets[g], weights[g], random[g]) for g in others]
    alone = dict(zip(others, done(jobs, n_jobs), strict=True))
    lengths = np.array([len(rows) for rows in sets])
    return ManyFits(keys, k, d, names, lengths, ends, alone)


def _least(variances: Sequence[Array]) -> Array:
    """Return the least positive variance of each feature (d,); 1 where there is none."""
    each = np.concatenate(variances)
    with np.errstate(invalid="ignore"):
        found = np.where(each > 0, each, np.inf).min(axis=0)
    return np.asarray(np.where(np.isfinite(found), found, 1.0))


# -- batches -------------------------------------------------------------------------------


class _Batch(NamedTuple):
    """Data sets that are fitted together: of about the same length.

    Attributes
    ----------
    numbers : ndarray of int (B,)
    rows, shares : ndarray (B, n, d), (B, n) or None
        With rows of weight 0 at the end; None if all rows count once.
    variances : ndarray (B, d)
    plain : ndarray of bool (B,)
        Which can be fitted without a closer look: finite, no column constant.
    """

    numbers: AnyArray
    rows: Array
    shares: Array | None
    variances: Array
    plain: AnyArray


def _batches(sets: Sequence[Array], weights: Sequence[Array | None]) -> Iterator[_Batch]:
    lengths = np.array([len(rows) for rows in sets])
    order = np.argsort(lengths, kind="stable")
    first = 0
    while first < len(order):
        fits = max(1, _MOST_NUMBERS // (int(lengths[order[first]]) * sets[0].shape[1] + 1))
        own = order[first : first + min(_MOST_FITS, fits)]
        near = lengths[own] <= _LONGER * lengths[own[0]] + 4
        own = own[: len(own) if near.all() else int(near.argmin())]
        yield _batch(own, [sets[g] for g in own], [weights[g] for g in own])
        first += len(own)


def _batch(numbers: AnyArray, sets: list[Array], given: list[Array | None]) -> _Batch:
    lengths = np.array([len(rows) for rows in sets])
    n = max(1, int(lengths.max()))
    shares = None
    if (lengths == n).all():
        rows = np.stack(sets)
    else:
        rows = np.zeros((len(sets), n, sets[0].shape[1]))
        for own, x in zip(rows, sets, strict=True):
            own[: len(x)], own[len(x) :] = x, x[:1]
        shares = (np.arange(n) < lengths[:, None]).astype(float)
    if any(own is not None for own in given):
        shares = np.zeros(rows.shape[:2])
        for share, x, own in zip(shares, sets, given, strict=True):
            share[: len(x)] = 1.0 if own is None else own
        # Rows that do not count are another of the set, whatever they hold.
        first = (shares > 0).argmax(axis=1)
        rows = np.where((shares > 0)[:, :, None], rows, rows[np.arange(len(rows)), first][:, None])
    counted = lengths if shares is None else (shares > 0).sum(axis=1)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        low, high = rows.min(axis=1), rows.max(axis=1)
        plain = (np.isfinite(low) & np.isfinite(high) & (high > low)).all(axis=1)
        plain &= (np.maximum(np.abs(low), np.abs(high)) < _LARGEST).all(axis=1)
        if shares is None:
            variances = rows.var(axis=1)
        else:
            totals = shares.sum(axis=1)[:, None]
            middles = np.einsum("gn,gnd->gd", shares, rows) / totals
            variances = np.einsum("gn,gnd->gd", shares, (rows - middles[:, None]) ** 2) / totals
    return _Batch(numbers, rows, shares, variances, plain & (counted > 0))


class _Fits(NamedTuple):
    """What fits to all data sets have in common."""

    model: Model
    options: Options
    missing: Missing
    n_sets: int
    n_jobs: int | None
    names: tuple[str, ...] | None
    floor: Array

    def together(self, batch: _Batch, random: Array) -> Ended | None:
        """Return the fits to a batch that need no closer look, None if there are none."""
        shares = batch.shares
        counted = batch.rows.shape[1] if shares is None else (shares > 0).sum(axis=1)
        places = np.flatnonzero(batch.plain & (counted > self.model.n_components))
        if not len(places):
            return None
        rows, variances = batch.rows, batch.variances[places]
        if len(places) < len(rows):
            rows, shares = rows[places], None if shares is None else shares[places]
        labels = self._divided(rows, shares, random[places])
        units = np.sqrt(variances)
        if self._any_units:
            rows = rows / units[:, None]
        data = ManyRows(rows, shares, None, self.n_sets, self.n_jobs)
        if self._any_units:
            data.offsets = -data.totals * np.log(units).sum(axis=1)
        ended = self._together(data, labels, variances)
        if ended is None:
            return None
        if self._any_units:
            ended = _in_units(ended, units[ended.numbers])
        return ended._replace(numbers=batch.numbers[places[ended.numbers]])

    @property
    def _any_units(self) -> bool:
        """Whether fits are the same in any units: in their own all have one floor."""
        return self.model.family.unit_free or len(self.floor) == 1

    def _together(self, data: ManyRows, labels: AnyArray, variances: Array) -> Ended | None:
        """Return the fits that need no closer look, None if there are none."""
        family, any_units = self.model.family, self._any_units
        first = MemorySource(data.rows[0], n_jobs=1)
        summary = summarise(first, moment_of_data([family]))
        objective = copy(self.model.objective(summary.held_as(family.held.moment).total))
        # Otherwise lower than any data set's own: who comes down to that is fitted alone.
        floor = np.full(len(self.floor), RELATIVE_FLOOR) if any_units else self.floor
        objective.floor = floor
        starts = self._starts(data, objective, labels)
        if starts is None:
            return None
        climb = Climb(self.model, objective, replace(self.options, give_up_collapsed=not any_units))
        ends = list(fit_each(climb, starts, data, np.arange(len(data.rows))))
        if not ends:
            return None
        if any_units:
            return Ended.joined(ends)
        ended = Ended.joined(ends)
        good = ~_come_down(ended, RELATIVE_FLOOR * variances[ended.numbers], family)
        return ended.take(np.flatnonzero(good)) if good.any() else None

    def _divided(self, rows: Array, shares: Array | None, random: Array) -> AnyArray:
        """Return the labels (G, n) of k-means, in the units that rows are given in."""
        k, moment = self.model.n_components, self.model.family.held.moment
        data = ManyRows(rows, shares, None, self.n_sets, self.n_jobs)
        # Loaded here: threads that load the same modules at once may find them half made.
        in_loops = data.in_loops(k, moment) and loops_can_be_had()
        weights = np.ones(rows.shape[:2]) if shares is None else shares

        def some(begin: int) -> AnyArray:
            own = slice(begin, begin + _MOST_STARTS)
            return kmeans_of_many(
                rows[own], weights[own], k, random[own], data.centers[own], in_loops=in_loops
            )

        return np.concatenate(list(data.pool.map(some, range(0, len(rows), _MOST_STARTS))))

    def _starts(self, data: ManyRows, objective: Objective, labels: AnyArray) -> Parameters | None:
        """Return where fits begin, None if not all can be had together."""
        k, family = self.model.n_components, self.model.family

        def divided(begin: int) -> SufficientStatistics:
            own = slice(begin, begin + _MOST_STARTS)
            return data.some(own).divided(labels[own], k, family)

        parts = list(data.pool.map(divided, range(0, len(data.rows), _MOST_STARTS)))
        whole = parts[0]
        if len(parts) > 1:
            whole = whole.joined(parts, Groups.alike(k, len(data.rows)))
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                return objective.update(softened(whole, _AnyWidth()))[0]
        except _FAILURES:
            return None

    def alone(
        self, rows: Array, weights: Array | None, random: Array
    ) -> tuple[FitResult | None, str]:
        """Return the fit to one data set, or why there is none."""
        source: Source = MemorySource(rows, weights, n_jobs=1, feature_names=self.names)
        rng = np.random.default_rng(int(random[0, 0] * 2**53))
        start = get_start("kmeans")
        try:
            source = self.missing.admit(source)
            return fit_mixture(source, self.model, start, self.options, rng=rng), ""
        except _FAILURES as error:
            return None, str(error)


def _in_units(ended: Ended, units: Array) -> Ended:
    """Return fits with features times `units` (m, d)."""
    evaluated, statistics, held = ended.best
    assert statistics is not None
    best = (parameters_in_units(evaluated, units), statistics_in_units(statistics, units), held)
    return ended._replace(best=Best(*best))


class _AnyWidth:
    """What starts are told of how wide the data are: no far rows are looked for."""

    def narrowed(self, covariances: Array, moment: Moment, times: float) -> Array:
        return covariances


def _come_down(ended: Ended, floor: Array, family: Family) -> AnyArray:
    """Say which fits have a covariance below a floor of their own (m, d)."""
    found = np.array([status is Status.COLLAPSED for status in ended.statuses])
    evaluated = ended.best.evaluated
    held, groups = evaluated.covariances, evaluated.groups
    each = floor if family.shared else np.repeat(floor, groups.counts, axis=0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        scaled = held.values * held.moment.outer(1.0 / np.sqrt(each))
        usable = np.asarray(np.isfinite(scaled.reshape(len(scaled), -1)).all(axis=1))
        scaled = np.where(held.moment.expand(usable), scaled, 0.0)
        low = family.hold(scaled, len(evaluated.weights), floor.shape[1])
        below = low.floored(np.ones(floor.shape[1]))[1] | ~usable
    return found | (below if family.shared else groups.any(below))
