"""E-steps of many mixtures, each of rows of its own, or of the same rows under weights of its own.

On few rows an E-step costs calls, not arithmetic: here all are a few products of stacked
matrices.  Bootstrap replicates, simulated data sets and fits to many small data sets are such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_statistics, one_of
from ..numerics.groups import Groups
from ..rows import MemorySource
from ..rows.folds import Workspace
from ..rows.summary import SummaryFold
from .choice import are_accurate
from .expectation import expectation
from .natural import features_of, moments_to_statistics
from .posterior import Posterior

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.moments import Moment
    from ..components.parameters import Parameters, Place
    from ..components.statistics import SufficientStatistics

__all__ = ["ManyRows"]

# Bytes of features that are kept from one E-step to the next, and of a block of data sets, whose
# densities stay in the cache.
_KEPT_BYTES = 2**27
_BLOCK_BYTES = 2**21


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
    """

    rows: Array
    weights: Array | None = None
    known: AnyArray | None = None

    def __post_init__(self) -> None:
        self.centers = self._centers()
        self.reach = np.abs(self.rows - self.centers[:, None]).max(axis=1)
        self._features: tuple[Moment, Array] | None = None

    def _centers(self) -> Array:
        """Return the mean of each data set (G or 1, d)."""
        if self.weights is None or len(self.rows) == 1:
            return np.asarray(self.rows.mean(axis=1))
        totals = self.weights.sum(axis=1)[:, None]
        return np.asarray(np.einsum("gn,gnd->gd", self.weights, self.rows) / totals)

    @property
    def shared(self) -> bool:
        """Whether all data sets are the same rows."""
        return len(self.rows) == 1

    def total(self, place: int) -> float:
        """Return the sum of the weights of one data set."""
        return float(self.rows.shape[1] if self.weights is None else self.weights[place].sum())

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
        moment, k = family.held.moment, parameters.groups.sizes[0]
        n, d = self.rows.shape[1:]
        step = max(1, _BLOCK_BYTES // (8 * n * (1 + d + moment.n_terms(d) + k)))
        pieces = []
        for begin in range(0, len(places), step):
            own = places[begin : begin + step]
            here, groups = slice(begin, begin + len(own)), Groups.of((k,) * len(own))
            components = slice(here.start * k, here.stop * k)
            pieces += self._of_some(own, parameters.cut(components, here, groups), family)
        return join_statistics(pieces)

    def divided(self, masses: Array, family: Family) -> SufficientStatistics:
        """Return the statistics of each data set under given masses (G, K, n)."""
        moment, (g, k, _) = family.held.moment, masses.shape
        groups, none = Groups.of((k,) * g), np.zeros(g)
        features = self._features_at(np.arange(g), moment)
        moments = np.matmul(masses, features).reshape(g * k, -1)
        centers = np.broadcast_to(self.centers, (g, self.centers.shape[1])).repeat(k, axis=0)
        counted = {"groups": groups, "log_likelihood": none, "noise": none}
        return moments_to_statistics(moments, centers, moment, **counted)

    def _of_some(
        self, places: AnyArray, parameters: Parameters, family: Family
    ) -> list[Place[SufficientStatistics]]:
        moment, r, k = family.held.moment, len(places), parameters.groups.sizes[0]
        own = np.zeros(r, dtype=int) if self.shared else places
        centers = self.centers[own].repeat(k, axis=0)
        theta = parameters.natural(centers, moment)
        features = self._features_at(places, moment)
        posterior = Posterior.of([parameters])
        tally = posterior.open()
        joint = np.matmul(theta.reshape(r, k, -1), features.swapaxes(1, 2)).reshape(r * k, -1)
        weights = None if self.weights is None else self.weights[places]
        masses = posterior(joint, weights, self.known, tally)
        moments = np.matmul(masses.reshape(r, k, -1), features).reshape(r * k, -1)
        found = moments_to_statistics(moments, centers, moment, **posterior.counted(tally))
        found = family.gathered(posterior.told_apart(found, tally))
        pieces = [(found, g) for g in range(r)]
        accurate = are_accurate(theta, self.reach[own].repeat(k, axis=0), moment)
        for g in np.flatnonzero(~accurate.reshape(r, k).all(axis=1)):
            pieces[g] = self._alone(int(places[g]), one_of((parameters, int(g))), family), 0
        return pieces

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
