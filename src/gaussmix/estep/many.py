"""E-steps of many mixtures, each of rows of its own, or of the same rows under weights of its own.

On few rows an E-step costs calls, not arithmetic: here all are a few products of stacked
matrices.  Bootstrap replicates, simulated data sets and fits to many small data sets are such.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import one_of, picked
from ..numerics.groups import Groups
from ..rows import MemorySource
from ..rows.folds import Workspace
from ..rows.summary import SummaryFold
from ..rows.threads import Pool
from .choice import are_accurate
from .compiled import (
    expect_each,
    goes_in_tiles,
    loops_of_many,
    pairs_of,
    sum_each,
    with_constants,
)
from .expectation import expectation
from .natural import features_of, moments_to_statistics
from .posterior import Posterior

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from .posterior import Tally

__all__ = ["NEAR", "ManyRows"]

# Bytes of features that are kept from one E-step to the next, and of a block of data sets, whose
# densities stay in the cache.
_KEPT_BYTES = 2**27
_BLOCK_BYTES = 2**21
_NO_WEIGHTS = np.empty((1, 0))
#: Deviations from its mean beyond which a component that is narrow counts for nothing: others are
#: as dense there.
NEAR = 10.0
# Of stacked matrices NumPy needs so many times the rows of a pass before it pays to load loops.
_LOADING = 8
# Fits that are worth a thread, and how many pieces each thread has, so that none waits long.
_LEAST_FITS, _PIECES = 32, 2


@dataclass(eq=False)
class ManyRows:
    """Rows of G data sets of one length.

    Parameters
    ----------
    rows : ndarray (G, n, d), or (1, n, d)
        One that all share.
    weights : ndarray (G, n) or None
        A row of weight 0 might as well not be there.
    known : ndarray of int (n,) or None
        Known components of rows that all share, -1 where unknown.
    count : int, optional
        Data sets in all, if these are some of more: all are worked on in the same way.
    n_jobs : int or None
        Threads, where loops are compiled; None is as many as there are cores.
    offsets : ndarray (G,), optional
        What log-likelihoods lack, where rows are not in their own units.
    """

    rows: Array
    weights: Array | None = None
    known: AnyArray | None = None
    count: int | None = None
    n_jobs: int | None = 1
    offsets: Array | None = None

    def __post_init__(self) -> None:
        self.centers = self._centers()
        self._features: tuple[Moment, Array] | None = None
        self.pool = Pool(self.n_jobs)
        self._n_sets = self.count or len(self.rows if self.weights is None else self.weights)
        self._n_rows = self.rows.shape[1] * self._n_sets

    def _centers(self) -> Array:
        """Return the mean of each data set (G or 1, d)."""
        if self.weights is None or len(self.rows) == 1:
            return np.asarray(self.rows.mean(axis=1))
        totals = self.weights.sum(axis=1)[:, None]
        return np.asarray(np.einsum("gn,gnd->gd", self.weights, self.rows) / totals)

    @cached_property
    def reach(self) -> Array:
        """How far rows are from the mean of their data set at most (G or 1, d)."""
        low, high = self.rows.min(axis=1), self.rows.max(axis=1)
        return np.asarray(np.maximum(self.centers - low, high - self.centers))

    @property
    def shared(self) -> bool:
        """Whether all data sets are the same rows."""
        return len(self.rows) == 1

    @property
    def plain(self) -> bool:
        """Whether all of each row is seen, and of none the component is known."""
        return self.known is None

    @cached_property
    def totals(self) -> Array:
        """The sum of the weights of each data set (G,)."""
        if self.weights is None:
            return np.full(len(self.rows), float(self.rows.shape[1]))
        return np.asarray(self.weights.sum(axis=1))

    def source(self, place: int) -> MemorySource:
        """Return the rows of one data set."""
        weights = None if self.weights is None else self.weights[place]
        return MemorySource(self.rows[0 if self.shared else place], weights, n_jobs=1)

    def statistics(
        self, places: AnyArray, parameters: Parameters, family: Family
    ) -> SufficientStatistics:
        """Return the statistics of each mixture of a stack, of the data set at its place.

        Parameters
        ----------
        places : ndarray of int (R,)
            Which data set each of the mixtures is of; all are of one size.
        parameters : Parameters
            Of R mixtures.
        family : Family
            Which says what statistics are wanted.
        """
        found = self._found(places, parameters, family)
        if self.offsets is None:
            return found
        return found.changed(log_likelihood=found.log_likelihood + self.offsets[places])

    def _found(
        self, places: AnyArray, parameters: Parameters, family: Family
    ) -> SufficientStatistics:
        moment, k = family.held.moment, parameters.groups.sizes[0]
        n, d = self.rows.shape[1:]
        plain = self.known is None and parameters.density.plain
        # They are loaded before threads use them.
        in_loops = plain and self.in_loops(k, moment) and loops_of_many() is not None
        find = self._in_loops if in_loops else self._in_products
        step = max(1, _BLOCK_BYTES // (8 * n * (1 + d + moment.n_terms(d) + k)))
        if in_loops:
            step = max(1, len(places))

        def some(begin: int) -> tuple[SufficientStatistics, dict[int, SufficientStatistics]]:
            own = places[begin : begin + step]
            here, groups = slice(begin, begin + len(own)), Groups.alike(k, len(own))
            components = slice(here.start * k, here.start * k + len(own) * k)
            whole = len(own) == len(places)
            stack = parameters if whole else parameters.cut(components, here, groups)
            return self._of_some(own, stack, family, find)

        begins = range(0, len(places), step)
        pieces = [some(begin) for begin in begins]
        found = pieces[0][0]
        if len(pieces) > 1:
            found = found.joined([piece for piece, _ in pieces], Groups.alike(k, len(places)))
        apart = {
            begin + g: one
            for begin, (_, own) in zip(begins, pieces, strict=True)
            for g, one in own.items()
        }
        if not apart:
            return found
        numbers = np.arange(len(places))
        numbers[list(apart)] = len(places) + np.arange(len(apart))
        return picked([found, *apart.values()], numbers)

    def divided(self, labels: AnyArray, k: int, family: Family) -> SufficientStatistics:
        """Return the statistics of data sets that are divided in K, by labels (G, n)."""
        moment, g, d = family.held.moment, len(labels), self.rows.shape[2]
        groups, none = Groups.alike(k, g), np.zeros(g)
        weights = self._weights_of_all()
        if self.in_loops(k, moment) and loops_of_many() is not None:
            moments = np.empty((g, k, 1 + d + moment.n_terms(d)))
            sum_each(self.rows, labels, weights, self.centers, pairs_of(moment, d), moments)
        else:
            masses = np.where(labels[:, None] == np.arange(k)[:, None], weights[:, None], 0.0)
            moments = np.matmul(masses, self._features_at(np.arange(g), moment))
        centers = np.repeat(self.centers, k, axis=0)
        counted = {"groups": groups, "log_likelihood": none, "noise": none}
        return moments_to_statistics(moments.reshape(g * k, -1), centers, moment, **counted)

    def _weights_of_all(self) -> Array:
        return np.ones(self.rows.shape[:2]) if self.weights is None else self.weights

    def in_loops(self, k: int, moment: Moment) -> bool:
        """Whether compiled loops do all of an E-step of K components."""
        d = self.rows.shape[2]
        return goes_in_tiles(k, 1 + d + moment.n_terms(d), self._n_rows // _LOADING)

    def given(self, places: AnyArray) -> tuple[Array, AnyArray, Array, AnyArray]:
        """Return what loops are given of data sets at some places.

        Rows and which of them each is of, weights and whose.
        """
        nobody = np.zeros(len(places), dtype=np.int64)
        which = nobody if self.shared else places
        if self.weights is None:
            return self.rows, which, _NO_WEIGHTS, nobody
        return self.rows, which, self.weights, places

    def some(self, places: slice) -> ManyRows:
        """Return some of data sets that have rows of their own, worked on in the same way."""
        weights = None if self.weights is None else self.weights[places]
        return ManyRows(self.rows[places], weights, self.known, self._n_sets)

    def _of_some(
        self,
        places: AnyArray,
        parameters: Parameters,
        family: Family,
        find: Callable[[AnyArray, Array, Posterior, Moment, Array], tuple[Array, Tally]],
    ) -> tuple[SufficientStatistics, dict[int, SufficientStatistics]]:
        """Return statistics, and those of mixtures that had to be evaluated by themselves."""
        moment, k = family.held.moment, parameters.groups.sizes[0]
        about, theta, accurate = self._natural(places, parameters, moment, find == self._in_loops)
        posterior = Posterior.of([parameters])
        shaped = theta.reshape(len(places), k, -1)
        moments, tally = find(places, shaped, posterior, moment, about)
        counted = posterior.counted(tally)
        found = moments_to_statistics(moments, about.repeat(k, axis=0), moment, **counted)
        found = family.gathered(posterior.told_apart(found, tally))
        return found, {
            g: self._alone(int(places[g]), one_of((parameters, g)), family)
            for g in np.flatnonzero(~accurate).tolist()
        }

    def _natural(
        self, places: AnyArray, parameters: Parameters, moment: Moment, free: bool
    ) -> tuple[Array, Array, AnyArray]:
        """Return natural parameters, where they are about, and for which mixtures they are good.

        Those are about the middle of the rows; or where that is not accurate for one component,
        and `free` says that any center will do, about its mean.

        Returns
        -------
        about : ndarray (R, d)
        theta : ndarray (R K, n_terms)
        accurate : ndarray of bool (R,)
        """
        r, k = len(places), parameters.groups.sizes[0]
        own = np.zeros(r, dtype=int) if self.shared else places
        about, reach = self.centers[own], self.reach[own]
        theta = parameters.natural(about.repeat(k, axis=0), moment)
        accurate = are_accurate(theta, reach.repeat(k, axis=0), moment)
        if accurate.all():
            return about, theta, np.ones(r, dtype=bool)
        narrow = ~accurate.reshape(r, k)
        single = narrow.sum(axis=1) == 1
        if not (free and single.any()):
            return about, theta, np.asarray(~narrow.any(axis=1))
        means = parameters.means.reshape(r, k, -1)[np.arange(r), narrow.argmax(axis=1)]
        moved = np.where(single[:, None], means, about)
        theta = parameters.natural(moved.repeat(k, axis=0), moment)
        reach = (reach + np.abs(moved - about)).repeat(k, axis=0)
        # Far from itself it counts for nothing, whatever is lost there.
        near = NEAR * np.sqrt(parameters.each.variances())
        reach = np.where(narrow.reshape(-1, 1), np.minimum(reach, near), reach)
        accurate = are_accurate(theta, reach, moment).reshape(r, k)
        return moved, theta, np.asarray(accurate.all(axis=1))

    def _in_products(
        self, places: AnyArray, theta: Array, posterior: Posterior, moment: Moment, about: Array
    ) -> tuple[Array, Tally]:
        """Return the sums of features (J, n_terms), and what the posterior counts."""
        (r, k, _), tally = theta.shape, posterior.open()
        features = self._features_at(places, moment)
        joint = np.matmul(theta, features.swapaxes(1, 2)).reshape(r * k, -1)
        weights = None if self.weights is None else self.weights[places]
        masses = posterior(joint, weights, self.known, tally)
        return np.matmul(masses.reshape(r, k, -1), features).reshape(r * k, -1), tally

    def _in_loops(
        self, places: AnyArray, theta: Array, posterior: Posterior, moment: Moment, about: Array
    ) -> tuple[Array, Tally]:
        """Return the same by compiled loops."""
        (r, k, _), tally = theta.shape, posterior.open()
        if posterior.backgrounds is not None:
            theta = with_constants(theta, posterior.backgrounds)
        moments, (rows, which, weights, whose) = np.empty(theta.shape), self.given(places)
        pairs = pairs_of(moment, self.rows.shape[2])

        def some(begin: int) -> None:
            own = slice(begin, begin + step)
            expect_each(
                (rows, which[own], weights, whose[own], about[own], theta[own], pairs),
                (moments[own], tally.log_likelihood[own]),
            )

        step = max(1, r)
        if self.pool.n_threads > 1:
            step = max(_LEAST_FITS, -(-r // (_PIECES * self.pool.n_threads)))
        for _ in self.pool.map(some, range(0, r, step)):
            pass
        tally.n_rows += self.rows.shape[1]
        tally.noise += moments[:, k:, 0].sum(axis=1)
        return moments[:, :k].reshape(r * k, -1), tally

    def _alone(self, place: int, parameters: Parameters, family: Family) -> SufficientStatistics:
        source = self.source(place)
        summary = source.reduce(SummaryFold(family.held.moment, source.n_features))
        return expectation(source, summary, parameters, family, self.known)

    def _features_at(self, places: AnyArray, moment: Moment) -> Array:
        """Return features (R, n, n_terms), or (1, n, n_terms) of rows that all share."""
        n, d = self.rows.shape[1:]
        wanted = 8 * self.rows.shape[0] * n * (1 + d + moment.n_terms(d))
        if wanted > _KEPT_BYTES:
            return self._written(np.zeros(1, dtype=int) if self.shared else places, moment)
        if self._features is None or self._features[0] is not moment:
            self._features = moment, self._written(np.arange(len(self.rows)), moment)
        return self._features[1] if self.shared else self._features[1][places]

    def _written(self, places: AnyArray, moment: Moment) -> Array:
        each = [
            features_of(self.rows[place], self.centers[place], moment, Workspace()).T
            for place in places
        ]
        return np.ascontiguousarray(each)
