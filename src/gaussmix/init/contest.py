"""Many starts fitted as one batch: R mixtures of K components are one stack of R * K.

Each iteration is one E-step for all, two matrix products around a softmax.  The worse half
drops out again and again, and so does a start that has reached the same optimum as another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..blocks import Workspace
from ..groups import Groups
from ..kernels.base import LOWEST_LOG
from ..kernels.natural import features_of, moments_to_statistics
from ..mixture import Mixture
from ..mstep import maximization_of_several
from ..stacks import Parameters
from .base import softened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray, Array
    from ..mstep import Constraints
    from ..statistics import SufficientStatistics
    from .base import StartData

__all__ = ["contest"]

# Bytes of joint densities, and of features, that are held at a time.
_JOINT_BYTES = 2**25
_FEATURE_BYTES = 2**26
# Log-likelihoods a row that are closer than this are the same optimum; a start that gains less
# than this in an iteration has settled.
_SAME = 1e-5
_SETTLED = 1e-6
_FINALISTS = 3
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
        At most three, best first, in the coordinates of ``data.rows``.  They need not have
        converged; those with a covariance that has collapsed, or will for want of rows,
        come last.

    Raises
    ------
    LinAlgError
        If covariances cannot be had from these rows by float64 arithmetic.
    """
    field = _Field(data, constraints, labels)
    most = len(labels)
    for iteration in range(halvings[-1] + 1):
        field.expect()
        if iteration in halvings:
            most = max(_FINALISTS, -(-most // 2))
        settled = field.has_settled()
        kept = field.distinct()[:most]
        if iteration >= halvings[0]:
            hopeful = field.count_hopeful(kept)
            kept = kept[: max(hopeful, _FINALISTS)]
            settled |= hopeful == 1
        field.keep(kept)
        if len(field) == 1 or settled or iteration == halvings[-1]:
            break
        field.maximise()
    return [field.mixture(r) for r in range(min(_FINALISTS, len(field)))]


class _Field:
    """The starts still in the contest."""

    def __init__(self, data: StartData, constraints: Constraints, labels: AnyArray) -> None:
        self.data, self.family, self.constraints = data, data.family, constraints
        self.moment = data.family.held.moment
        self.k, self.n = data.n_components, float(data.weights.sum())
        self._features = _Features(data, len(labels))
        self.values = np.full(len(labels), -np.inf)
        self._before = self.values
        share = 0.0 if data.background is None else data.background.weight
        self.noise = np.full(len(labels), share)
        self._estimate(softened(self._divided(labels)), None)

    def __len__(self) -> int:
        return len(self.values)

    # -- one iteration ------------------------------------------------------------

    def _divided(self, labels: AnyArray) -> SufficientStatistics:
        """Return the statistics of all components of hard divisions (R, m)."""
        numbers = np.arange(self.k)[:, None]
        moments = np.zeros((len(labels) * self.k, self._features.n_terms))
        for block, features in self._features:
            chosen = labels[:, None, block] == numbers
            weighted = np.where(chosen, self.data.weights[block], 0.0)
            moments += weighted.reshape(-1, features.shape[1]) @ features.T
        return self._statistics(moments)

    def _statistics(self, moments: Array) -> SufficientStatistics:
        found = moments_to_statistics(moments, self._features.center, self.moment)
        return replace(found, mixtures=Groups.of((self.k,) * (len(moments) // self.k)))

    def expect(self) -> None:
        """E-step of all mixtures."""
        theta, background = self._natural()
        moments = np.zeros_like(theta)
        values, noise = np.zeros(len(self)), np.zeros(len(self))
        for block, features in self._features:
            weights = self.data.weights[block]
            joint = (theta @ features).reshape(len(self), self.k, -1)
            largest = np.maximum(joint.max(axis=1), background)
            joint -= largest[:, None]
            np.maximum(joint, LOWEST_LOG, out=joint)
            np.exp(joint, out=joint)
            own = np.exp(np.maximum(background - largest, LOWEST_LOG))
            own *= background > -np.inf
            total = joint.sum(axis=1) + own
            shares = weights / total
            joint *= shares[:, None]
            noise += (own * shares).sum(axis=1)
            values += (largest + np.log(total)) @ weights
            moments += joint.reshape(len(theta), -1) @ features.T
        self.statistics = self._statistics(moments)
        self._before, self.values = self.values, values + self._log_priors()
        self._found_noise = noise / self.n

    def _natural(self) -> tuple[Array, Array]:
        """Return natural parameters (R * K, n_terms), and log-joint backgrounds (R, 1)."""
        natural = self.covariances.natural(self.means)
        assert natural.quadratic is not None
        with np.errstate(divide="ignore"):
            constant = natural.constant + np.log(self.weights.ravel())
            background = np.full((len(self), 1), -np.inf)
            if self.data.background is not None:
                background[:, 0] = np.log(self.noise) - self.data.background.log_volume
        return np.column_stack([constant, natural.linear, natural.quadratic]), background

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


class _Features:
    """Blocks of rows with their features [1, x, second(x)], kept if they are few."""

    def __init__(self, data: StartData, n_starts: int) -> None:
        self.rows, self.moment = data.rows, data.family.held.moment
        n_rows, n_features = data.rows.shape
        self.center = np.zeros(n_features)
        self.n_terms = n_terms = 1 + n_features + self.moment.n_terms(n_features)
        size = min(
            _JOINT_BYTES // (8 * n_starts * data.n_components), _FEATURE_BYTES // (8 * n_terms)
        )
        size = max(1, min(n_rows, size))
        self.blocks = [slice(i, i + size) for i in range(0, n_rows, size)]
        self._kept: list[Array] | None = None
        if 8 * n_rows * n_terms <= _FEATURE_BYTES:
            self._kept = [self._of(block, Workspace()) for block in self.blocks]

    def _of(self, block: slice, workspace: Workspace) -> Array:
        return features_of(self.rows[block], self.center, self.moment, workspace)

    def __iter__(self) -> Iterator[tuple[slice, Array]]:
        if self._kept is not None:
            yield from zip(self.blocks, self._kept, strict=True)
            return
        workspace = Workspace()
        for block in self.blocks:
            yield block, self._of(block, workspace)
