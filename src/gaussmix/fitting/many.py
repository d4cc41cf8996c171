"""One model fitted to each of many data sets: genes, pixels, users."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..components.families import get_family
from ..components.prior import get_prior
from ..components.units import parameters_in_units, statistics_in_units
from ..em.climb import Best, Climb, Ended
from ..em.model import Model
from ..em.mstep import RELATIVE_FLOOR
from ..em.options import Options
from ..em.replicates import fit_each
from ..em.result import Status
from ..estep.many import ManyRows
from ..exceptions import GaussmixError, ParameterError
from ..numerics.arguments import as_generator, check_integer, check_noise, check_number
from ..numerics.groups import Groups
from ..numerics.jobs import done
from ..rows import MemorySource
from ..rows.missing import get_missing
from ..starts import get_start
from ..starts.base import softened
from ..starts.many import N_DRAWN, kmeans_of_many, loops_can_be_had
from .batches import batches_of, least_variances
from .chained import ChainedFits, chained
from .data_sets import data_sets
from .fit import draw, facts_of, fit_mixture, moment_of_data, summarise
from .many_fits import ManyFits
from .portions import portions_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..em.objectives import Objective
    from ..em.result import FitResult
    from ..rows import Source
    from ..rows.missing import Missing
    from .batches import Batch

__all__ = ["fit_many"]

# Of how many data sets starts are made at once.
_MOST_STARTS = 256
_FAILURES = (GaussmixError, np.linalg.LinAlgError)


def fit_many(
    data: Any,
    n_components: int,
    *,
    by: Hashable | None = None,
    covariance_type: Any = "full",
    sample_weight: Iterable[Any] | str | None = None,
    equal_weights: bool = False,
    init_params: Any = "kmeans",
    n_init: int = 1,
    noise: float | None = None,
    prior: Any = None,
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
    sample_weight : sequence of arrays (n_g,) or str, optional
        One for each data set; with `by`, the name of a column.
    equal_weights : bool, default False
    init_params, n_init, noise, prior
        As of `GaussianMixture`; of noise a share.  With any of them data sets are fitted one by
        one, which takes as long as a loop does.
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
        given |= {"init_params": init_params, "n_init": n_init, "noise": noise, "prior": prior}
        # One generator for all: what is drawn for a data set depends on its place alone.
        rng = as_generator(random_state)
        fit = partial(fit_many, n_components=n_components, random_state=rng, **given)
        return chained(fit, portions)
    k = check_integer("n_components", n_components, minimum=1)
    keys, sets, names, weights = data_sets(data, by, sample_weight)
    family, d = get_family(covariance_type), sets[0].shape[1]
    family.require_features(d)
    share, word = check_noise(noise), get_missing(missing)
    if isinstance(share, np.ndarray):
        raise ParameterError("noise: expected a share, the same for all data sets, got an array")
    rules: dict[str, Any] = {"background": share is not None, "prior": get_prior(prior)}
    model = Model(k, family, equal_weights=bool(equal_weights), **rules)
    options = Options(
        tol=check_number("tol", tol),
        max_iter=check_integer("max_iter", max_iter, minimum=0),
        n_init=check_integer("n_init", n_init, minimum=1),
    )
    get_start(init_params)
    apart = not isinstance(init_params, str) or init_params != "kmeans"
    apart |= n_init > 1 or share is not None or prior is not None
    random = as_generator(random_state).random((len(sets), k, N_DRAWN))
    batches = list(batches_of(sets, weights))
    floor = RELATIVE_FLOOR * least_variances([batch.variances for batch in batches])
    fits = _Fits(model, options, word, len(sets), n_jobs, names, floor, init_params, share)
    some = [] if apart else batches
    ends = tuple(e for batch in some for e in fits.together(batch, random[batch.numbers]))
    left = np.ones(len(sets), dtype=bool)
    for ended in ends:
        left[ended.numbers] = False
    others = np.flatnonzero(left).tolist()
    jobs = [partial(fits.alone, sets[g], weights[g], random[g]) for g in others]
    alone = dict(zip(others, done(jobs, n_jobs), strict=True))
    lengths = np.array([len(rows) for rows in sets])
    return ManyFits(keys, k, d, names, lengths, ends, alone)


class _Fits(NamedTuple):
    """What fits to all data sets have in common."""

    model: Model
    options: Options
    missing: Missing
    n_sets: int
    n_jobs: int | None
    names: tuple[str, ...] | None
    floor: Array
    start: Any
    noise: float | None

    def together(self, batch: Batch, random: Array) -> list[Ended]:
        """Return the fits to a batch that need no closer look."""
        shares = batch.shares
        counted = batch.rows.shape[1] if shares is None else (shares > 0).sum(axis=1)
        places = np.flatnonzero(batch.plain & (counted > self.model.n_components))
        if not len(places):
            return []
        rows, variances = batch.rows, batch.variances[places]
        if len(places) < len(rows):
            rows, shares = rows[places], None if shares is None else shares[places]
        labels = self._divided(rows, shares, random[places])
        ended, others = self._in_units(rows, shares, labels, np.sqrt(variances))
        found = [(ended, np.arange(len(rows)))]
        if len(others.places):
            # Those have floors of their own: in units in which these are all the same.
            own = others.places
            some = None if shares is None else shares[own]
            units = np.sqrt(variances[own] * others.scales)
            again, _ = self._in_units(rows[own], some, labels[own], units, known=True)
            found.append((again, own))
        return [
            ended._replace(numbers=batch.numbers[places[own[ended.numbers]]])
            for ended, own in found
            if ended is not None
        ]

    def _in_units(
        self,
        rows: Array,
        shares: Array | None,
        labels: AnyArray,
        units: Array,
        *,
        known: bool = False,
    ) -> tuple[Ended | None, _Others]:
        """Return fits to rows in some units (G, d), None if there are none, and who needs others.

        `known` says that all have their own units.
        """
        if self._any_units:
            rows = rows / units[:, None]
        data = ManyRows(rows, shares, None, self.n_sets, self.n_jobs)
        if self._any_units:
            data.offsets = -data.totals * np.log(units).sum(axis=1)
        ended, others = self._together(data, labels, units**2), _NOBODY
        if ended is not None and self._any_units and not known:
            ended, others = self._with_own_floors(ended, data)
        if ended is not None and self._any_units:
            ended = in_units(ended, units[ended.numbers])
        return ended, others

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
        ended = Ended.joined(ends)
        if any_units:
            return ended
        good = ~_come_down(ended, RELATIVE_FLOOR * variances[ended.numbers], family)
        return ended.take(np.flatnonzero(good)) if good.any() else None

    def _with_own_floors(self, ended: Ended, data: ManyRows) -> tuple[Ended | None, _Others]:
        """Return fits without those that are held where alone they would not be: by far rows."""
        if ended.best.held is None:
            return ended, _NOBODY
        good, scales = np.ones(len(ended.numbers), dtype=bool), []
        for i in np.flatnonzero(ended.best.held.any()).tolist():
            source = data.source(int(ended.numbers[i]))
            summary = summarise(source, moment_of_data([self.model.family]))
            rng = np.random.default_rng(0)
            found = draw(source, summary, facts_of(source), self.model.n_components, rng)
            good[i] = np.allclose(found.scales, 1.0, rtol=1e-6)
            if not good[i]:
                scales.append(found.scales)
        if good.all():
            return ended, _NOBODY
        others = _Others(ended.numbers[~good], np.array(scales))
        return ended.take(np.flatnonzero(good)) if good.any() else None, others

    def _divided(self, rows: Array, shares: Array | None, random: Array) -> AnyArray:
        """Return the labels (G, n) of k-means, in the units that rows are given in."""
        k, moment = self.model.n_components, self.model.family.held.moment
        data = ManyRows(rows, shares, None, self.n_sets, self.n_jobs)
        # Loaded here: threads that load the same modules at once may find them half made.
        in_loops = data.in_loops(k, moment) and loops_can_be_had()

        def some(begin: int) -> AnyArray:
            own = slice(begin, begin + _MOST_STARTS)
            some = rows[own]
            weights = np.ones(some.shape[:2]) if shares is None else shares[own]
            return kmeans_of_many(
                some, weights, k, random[own], data.centers[own], in_loops=in_loops
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
        given = self.model, get_start(self.start), self.options
        try:
            source = self.missing.admit(source)
            return fit_mixture(source, *given, rng=rng, noise=self.noise), ""
        except _FAILURES as error:
            return None, str(error)


def in_units(ended: Ended, units: Array) -> Ended:
    """Return fits with features times `units` (m, d)."""
    evaluated, statistics, held = ended.best
    assert statistics is not None
    best = (parameters_in_units(evaluated, units), statistics_in_units(statistics, units), held)
    return ended._replace(best=Best(*best))


class _Others(NamedTuple):
    """Data sets (m,) that are to be fitted in other units: variances (m, d), in those they had."""

    places: AnyArray
    scales: Array


_NOBODY = _Others(np.zeros(0, dtype=int), np.zeros((0, 0)))


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
