"""Many starts fitted as one batch: R mixtures of K components are one stack of R * K.

Each iteration is one E-step for all, two matrix products around a softmax.  The worse half
drops out again and again, and so does a start that has reached the same optimum as another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..groups import Groups
from ..kernels.natural import moments_to_statistics
from ..kernels.several import SeveralForm
from ..mixture import Mixture
from ..mstep import maximization_of_several
from ..sources.threads import Pool
from ..stacks import Parameters
from .base import softened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..mstep import Constraints
    from ..statistics import SufficientStatistics
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
    most, reserve = len(field), list[Mixture]()
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
            dropped = [field.mixture(r) for r in places[hopeful : hopeful + _RESERVE]]
            reserve = [*dropped, *reserve][:_RESERVE]
        field.keep(places[:hopeful])
        if len(field) == 1 or settled or iteration == halvings[-1]:
            break
        field.maximise()
    finalists = [field.mixture(r) for r in range(len(field))]
    return [*finalists, *reserve][: 1 + _RESERVE]


class _Field:
    """The starts still in the contest."""

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
        share = 0.0 if data.background is None else data.background.weight
        self.noise = np.full(len(labels), share)
        divided = self._form.divided(labels, self.k)
        self._estimate(softened(self._statistics(divided)), None)

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
        self._found_noise = moments[:, self.k :, 0].sum(axis=1) / self.n
        self.statistics = self._statistics(moments[:, : self.k].reshape(-1, theta.shape[2]))
        self._before, self.values = self.values, values + self._log_priors()

    def _natural(self) -> Array:
        """Return natural parameters (R, J, n_terms); a background comes last."""
        natural = self.covariances.natural(self.means)
        assert natural.quadratic is not None
        background = self.data.background
        with np.errstate(divide="ignore"):
            constant = natural.constant + np.log(self.weights.ravel())
            theta = np.column_stack([constant, natural.linear, natural.quadratic])
            theta = theta.reshape(len(self), self.k, -1)
            if background is None:
                return theta
            last = np.zeros((len(self), 1, theta.shape[2]))
            last[:, 0, 0] = np.log(self.noise) - background.log_volume
        return np.concatenate([theta, last], axis=1)

    def maximise(self) -> None:
        """M-step of all mixtures."""
        self.noise = self._found_noise
        self._estimate(self.statistics, self._parameters())

    def _estimate(self, statistics: SufficientStatistics, previous: Parameters | None) -> None:
        pooled = statistics.pool() if self.family.shared else statistics
        constraints = [self.constraints] * len(self)
        found, collapsed = maximization_of_several(pooled, self.family, constraints, previous)
        weights = found.weights.reshape(-1, self.k)
        self.weights = weights * ((1.0 - self.noise) / weights.sum(axis=1))[:, None]
        self.means = found.means
        values = found.covariances.values
        if self.family.shared:
            values = np.repeat(values, self.k, axis=0)
        self.covariances = self.family.held(values, *self.means.shape)
        self.collapsed: AnyArray = np.asarray(collapsed.reshape(len(self), -1).any(axis=1))

    # -- who stays ------------------------------------------------------------------

    def distinct(self) -> AnyArray:
        """Return the places of the starts, best first, without those that equal a better one."""
        values = np.nan_to_num(self.values, nan=-np.inf)
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
        gains = np.nan_to_num(values - self._before[places])
        hopeful = np.flatnonzero(values + _PATIENCE * gains > values[0])
        return int(hopeful[-1]) + 1 if len(hopeful) else 1

    def _is_thin(self) -> AnyArray:
        """Whether a component of each mixture has too few rows to keep its width, (R,)."""
        if self.family.shared:
            return np.zeros(len(self), dtype=bool)
        rows = self.statistics.counts * (len(self.data.rows) / self.n)
        fewest = self.moment.rows_to_span(self.means.shape[1])
        return np.asarray((rows.reshape(-1, self.k) < fewest).any(axis=1))

    def has_settled(self) -> bool:
        """Whether no start gains anything worth waiting for."""
        return bool((self.values - self._before < _SETTLED * self.n).all())

    def keep(self, places: AnyArray) -> None:
        """Leave only the starts at these places."""
        self.values, self._before = self.values[places], self._before[places]
        self.noise, self.weights = self.noise[places], self.weights[places]
        self._found_noise = self._found_noise[places]
        self.collapsed = self.collapsed[places]
        components = (self.k * places[:, None] + np.arange(self.k)).ravel()
        self.means, self.covariances = self.means[components], self.covariances.take(components)
        groups = Groups.of((self.k,) * len(places))
        self.statistics = replace(self.statistics.take(components), mixtures=groups)

    def mixture(self, r: int) -> Mixture:
        """Return one of the mixtures, with its background."""
        noise = self.data.background
        if noise is not None:
            noise = noise.weighing(float(self.noise[r]))
        return replace(self._mixture(r), noise=noise)

    # -- parts ----------------------------------------------------------------------

    def _parameters(self) -> Parameters:
        """Return the parameters of all mixtures, as M-steps take them."""
        values = (
            self.covariances.values[:: self.k] if self.family.shared else self.covariances.values
        )
        held = self.family.hold(values, *self.means.shape)
        groups = self.statistics.groups
        return Parameters(self.weights.ravel(), self.means, held, None, groups)

    def _mixture(self, r: int) -> Mixture:
        own = np.arange(self.k * r, self.k * (r + 1))
        taken = self.covariances.take(own[:1] if self.family.shared else own)
        held = self.family.hold(taken.values, self.k, self.means.shape[1])
        return Mixture._of_fit(self.weights[r].copy(), self.means[own], held, None)

    def _log_priors(self) -> Array | float:
        prior = self.constraints.prior
        if prior is None:
            return 0.0
        each = [prior.log_density(self._mixture(r), self.family) for r in range(len(self))]
        return np.array(each)
