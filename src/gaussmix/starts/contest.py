"""Many starts fitted as one batch: R mixtures of K components are one stack of R * K.

Each iteration is one E-step for all, two matrix products around a softmax.  The worse half
drops out again and again, and so does a start that has reached the same optimum as another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import join_parameters, join_statistics
from ..em.mstep import maximization_of_several, mixture_at
from ..estep.natural import moments_to_statistics
from ..estep.several import SeveralForm
from ..numerics.groups import Groups
from ..rows.threads import Pool
from .base import softened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.parameters import Parameters, Place
    from ..components.statistics import SufficientStatistics
    from ..em.mstep import Constraints
    from ..mixture.mixture import Mixture
    from .base import StartData

__all__ = ["contest"]

# Log-likelihoods a row that are closer than this are the same optimum; a start that gains less
# than this in an iteration has settled.
_SAME = 1e-5
_SETTLED = 1e-6
# Starts that stay although worse halves have dropped out; and those that have dropped out
# which take the winner's place if it collapses.
_FEWEST = 3
_RESERVE = 5
# A start is dropped that would not reach the best one's value by so many steps like its last.
_PATIENCE = 20


def contest(
    data: StartData, constraints: Constraints, labels: AnyArray, halvings: Sequence[int]
) -> list[Mixture]:
    """Return the best of the mixtures that EM makes of several divisions of the same rows.

    Parameters
    ----------
    data : StartData
        Its rows (m, d) and weights (m,) are all that is looked at.
    constraints : Constraints
        For rows centred as those are.
    labels : ndarray of int (R, m)
    halvings : sequence of int
        Iterations, ascending, after which half of the starts drop out.

    Returns
    -------
    list of Mixture
        At most six, best first, in the coordinates of ``data.rows``.  They need not have
        converged; those with a covariance that has collapsed, or will for want of rows,
        come last.

    Raises
    ------
    LinAlgError
        If covariances cannot be had from these rows by float64 arithmetic.
    """
    with Pool(data.source.n_threads) as pool:
        return _finalists(_Field(data, constraints, labels, pool), halvings)


def _finalists(field: _Field, halvings: Sequence[int]) -> list[Mixture]:
    most = len(field)
    reserve: list[Place[Parameters]] = []
    for iteration in range(halvings[-1] + 1):
        field.expect()
        if iteration in halvings:
            most = max(_FEWEST, -(-most // 2))
        settled = field.has_settled()
        places = field.distinct()
        hopeful = most
        if iteration >= halvings[0]:
            hopeful = min(most, field.count_hopeful(places[:most]))
            settled |= hopeful == 1
            dropped = [(field.now, r) for r in places[hopeful : hopeful + _RESERVE]]
            reserve = [*dropped, *reserve][:_RESERVE]
        chosen = places[:hopeful]
        if len(chosen) == 1 or settled or iteration == halvings[-1]:
            break
        field.keep(chosen)
        field.maximise()
    found = [*((field.now, r) for r in chosen), *reserve]
    return [field.mixture(place) for place in found[: 1 + _RESERVE]]


class _Field:
    """The starts still in the contest; `now` are their parameters."""

    def __init__(
        self, data: StartData, constraints: Constraints, labels: AnyArray, pool: Pool
    ) -> None:
        self.data, self.family, self.constraints = data, data.family, constraints
        self.moment = data.family.held.moment
        self.k, self.n = data.n_components, float(data.weights.sum())
        self._form = SeveralForm(
            data.rows, data.weights, self.moment, data.source.rows_drawn_from, pool
        )
        self.values = np.full(len(labels), -np.inf)
        self._before = self.values
        divided = softened(self._statistics(self._form.divided(labels, self.k)))
        share = 0.0 if data.background is None else data.background.weight
        noise = share / (1.0 - share) * divided.groups.sum(divided.counts)
        self.now: Parameters
        self._estimate(replace(divided, noise=noise, log_likelihood=self.values), None)
        if data.background is not None:
            self.now = replace(self.now, noise=np.full(len(labels), share))

    def __len__(self) -> int:
        return len(self.values)

    # -- one iteration ------------------------------------------------------------

    def _statistics(self, moments: Array) -> SufficientStatistics:
        found = moments_to_statistics(moments, self._form.center, self.moment)
        return replace(found, mixtures=Groups.of((self.k,) * (len(moments) // self.k)))

    def expect(self) -> None:
        """E-step of all mixtures."""
        theta = self._natural()
        moments, values = self._form.expect(theta)
        found = self._statistics(moments[:, : self.k].reshape(-1, theta.shape[2]))
        noise = moments[:, self.k :, 0].sum(axis=1)
        self.statistics = replace(found, noise=noise, log_likelihood=values)
        self._before, self.values = self.values, values + self._log_priors()

    def _natural(self) -> Array:
        """Return natural parameters (R, J, n_terms); a background comes last."""
        now, background = self.now, self.data.background
        natural = self._covariances.natural(now.means)
        assert natural.quadratic is not None
        with np.errstate(divide="ignore"):
            constant = (natural.constant + np.log(now.weights))[:, None]
            theta = np.concatenate([constant, natural.linear, natural.quadratic], axis=1)
            theta = theta.reshape(len(self), self.k, -1)
            if background is None or now.noise is None:
                return theta
            last = np.zeros((len(self), 1, theta.shape[2]))
            last[:, 0, 0] = np.log(now.noise) - background.log_volume
        return np.concatenate([theta, last], axis=1)

    @property
    def _covariances(self) -> Covariances:
        """Of each component, one of its own."""
        held, means = self.now.covariances, self.now.means
        if not self.family.shared:
            return held
        return self.family.held(np.repeat(held.values, self.k, axis=0), *means.shape)

    def maximise(self) -> None:
        """M-step of all mixtures."""
        self._estimate(self.statistics, self.now)

    def _estimate(self, statistics: SufficientStatistics, previous: Parameters | None) -> None:
        pooled = statistics.pool() if self.family.shared else statistics
        constraints = [self.constraints] * len(self)
        self.now, collapsed = maximization_of_several(pooled, self.family, constraints, previous)
        self.collapsed: AnyArray = np.asarray(collapsed.reshape(len(self), -1).any(axis=1))

    # -- who stays ------------------------------------------------------------------

    def distinct(self) -> AnyArray:
        """Return the places of the starts, best first, without those that equal a better one."""
        values = np.where(np.isnan(self.values), -np.inf, self.values)
        doomed = self.collapsed | self._is_thin()
        order = np.lexsort((-values, doomed))
        values, doomed = values[order], doomed[order]
        apart = np.ones(len(order), dtype=bool)
        apart[1:] = ~(values[:-1] - values[1:] < _SAME * self.n)
        apart[1:] |= doomed[1:] != doomed[:-1]
        return order[apart]

    def count_hopeful(self, places: AnyArray) -> int:
        """Return how many of some starts, best first, may still catch up with the best."""
        values = self.values[places]
        with np.errstate(invalid="ignore"):
            gains = values - self._before[places]
            hopeful = np.flatnonzero(values + _PATIENCE * gains > values[0])
        return int(hopeful[-1]) + 1 if len(hopeful) else 1

    def _is_thin(self) -> AnyArray:
        """Whether a component of each mixture has too few rows to keep its width, (R,)."""
        if self.family.shared:
            return np.zeros(len(self), dtype=bool)
        rows = self.statistics.counts * (len(self.data.rows) / self.n)
        fewest = self.moment.rows_to_span(self.now.means.shape[1])
        return np.asarray((rows.reshape(-1, self.k) < fewest).any(axis=1))

    def has_settled(self) -> bool:
        """Whether no start gains anything worth waiting for."""
        return bool((self.values - self._before < _SETTLED * self.n).all())

    def keep(self, places: AnyArray) -> None:
        """Leave only the starts at these places."""
        if len(places) == len(self):
            return
        self.values = self.values[places]
        self.now = join_parameters([(self.now, r) for r in places], self.family)
        self.statistics = join_statistics([(self.statistics, r) for r in places])

    # -- parts ----------------------------------------------------------------------

    def mixture(self, place: Place[Parameters]) -> Mixture:
        """Return one of the mixtures, of now or of an earlier iteration, with its background."""
        return mixture_at(place, self.family, noise=self.data.background)

    def _log_priors(self) -> Array | float:
        prior = self.constraints.prior
        if prior is None:
            return 0.0
        mixtures = (self.mixture((self.now, r)) for r in range(len(self)))
        return np.array([prior.log_density(m.means, m.covariances, self.family) for m in mixtures])
