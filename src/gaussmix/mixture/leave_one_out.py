"""How well mixtures foretell each row without it, at the cost of one E-step.

A row's own influence is taken out of the components it is in: their weights, means and
scatters without it are known in closed form (a downdate of rank one), so nothing is fitted
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances.base import LOG_2PI, Removal
from ..rows.folds import Fold, Index, Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.parameters import Parameters

__all__ = ["Estimated", "LeaveOneOut", "LeaveOneOutFold"]

# A row may be nearly all of a component, but not more: what is left has a mean and a width.
_MOST = 1.0 - 1e-6
# A component with less than this share of the rows is empty, and foretells none.
_EMPTY = 1e-12


@dataclass(frozen=True, eq=False)
class Estimated:
    """The parameters of one mixture, and what they were estimated from.

    Attributes
    ----------
    parameters : Parameters
        Of a normal density.
    counts : ndarray (K,)
        Rows, by weight, that the components are of.
    family : Family
    equal_weights : bool
        Whether the mixing weights were held equal.
    """

    parameters: Parameters
    counts: Array
    family: Family
    equal_weights: bool = False

    @property
    def pools(self) -> Array:
        """What the covariance of each component is of (K,): its rows, and some of the others'.

        All rows where it is shared.  Where a part of it is, as many times its own rows as
        there are fewer free numbers.
        """
        counts, covariances = self.counts, self.parameters.covariances
        total, d = counts.sum(), covariances.n_features
        if self.family.shared:
            return np.full(len(counts), total)
        free = len(counts) * covariances.moment.n_terms(d)
        share = free / self.family.n_parameters(len(counts), d)
        return np.minimum(counts * max(1.0, share), np.maximum(total, counts))


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Sums over rows, of R mixtures.

    Attributes
    ----------
    n : float
        Sum of the rows' weights.
    log_likelihood : ndarray (R,)
        Sums of log-densities, each row's under the mixture without it.
    entropy : ndarray (R,)
        Of the responsibilities.
    certainty : ndarray (R,)
        Sums of the logs of the largest responsibilities.
    products : ndarray (R, R)
        Of the rows' log-densities less their mean over mixtures: how differences vary.
    """

    n: float
    log_likelihood: Array
    entropy: Array
    certainty: Array
    products: Array

    def merge(self, other: LeaveOneOut) -> LeaveOneOut:
        return LeaveOneOut(
            self.n + other.n,
            self.log_likelihood + other.log_likelihood,
            self.entropy + other.entropy,
            self.certainty + other.certainty,
            self.products + other.products,
        )

    def gain(self, of: int, over: int) -> tuple[float, float]:
        """Return how much one mixture is above another, and the standard error of that."""
        gain = float(self.log_likelihood[of] - self.log_likelihood[over])
        p = self.products
        squares = float(p[of, of] + p[over, over] - 2.0 * p[of, over])
        return gain, float(np.sqrt(max(squares - gain**2 / self.n, 0.0)))


class LeaveOneOutFold(Fold[LeaveOneOut]):
    """Collect `LeaveOneOut`.

    Parameters
    ----------
    several : sequence of Estimated
    total : float
        Sum of the weights of all rows.
    log_volume : float
        Of a box around the rows.  A row that no component expects counts as one of a
        uniform background of weight 1 / total there: how far it is does not decide.
    """

    def __init__(self, several: Sequence[Estimated], total: float, log_volume: float) -> None:
        self.several, self.total = several, total
        self.rare = -np.log(total) - log_volume
        widest = max(len(own.counts) for own in several)
        d = several[0].parameters.n_features
        self.bytes_per_row = 8 * (4 * widest + 4 * d + 2 * len(several))

    @cached_property
    def _views(self) -> list[_View]:
        return [_View(own, self.total) for own in self.several]

    def open(self) -> list[LeaveOneOut]:
        none = np.zeros(len(self.several))
        return [LeaveOneOut(0.0, none, none, none, np.zeros((len(none), len(none))))]

    def add(
        self,
        state: list[LeaveOneOut],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        rows = rows.astype(np.float64, copy=False)
        unit = np.ones(len(rows)) if weights is None else weights.astype(np.float64, copy=False)
        found = [view.of_rows(rows, unit) for view in self._views]
        values = np.logaddexp([own for own, _, _ in found], self.rare)
        apart = values - values.mean(axis=0)
        state[0] = state[0].merge(
            LeaveOneOut(
                float(unit.sum()),
                values @ unit,
                np.array([entropy @ unit for _, entropy, _ in found]),
                np.array([certainty @ unit for _, _, certainty in found]),
                (apart * unit) @ apart.T,
            )
        )

    def close(self, state: list[LeaveOneOut]) -> LeaveOneOut:
        return state[0]


class _View:
    """One mixture, ready to look at rows."""

    def __init__(self, estimated: Estimated, total: float) -> None:
        own = estimated.parameters
        self.covariances, self.means, self.total = own.covariances, own.means, total
        self.constants = np.log(own.weights) + own.covariances.log_norm()
        self.counts, self.pools = estimated.counts, estimated.pools
        self.weights = own.weights if estimated.equal_weights else None
        self.background = own.backgrounds

    def of_rows(self, rows: Array, weights: Array) -> tuple[Array, Array, Array]:
        """Return three arrays (B,): log-densities, each row's without it; entropies of
        responsibilities; logs of the largest of them.
        """
        k = len(self.means)
        joint = np.empty((k + (self.background is not None), len(rows)))
        for j in range(k):
            distances = self.covariances.mahalanobis(j, rows - self.means[j])
            joint[j] = self.constants[j] - 0.5 * distances
        if self.background is not None:
            joint[k:] = self.background[:, None]
        peaks = joint.max(axis=0)
        responsibilities = np.exp(joint - peaks)
        responsibilities /= responsibilities.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(responsibilities > 0, np.log(responsibilities), 0.0)
        entropy = -(responsibilities * logs).sum(axis=0)
        certainty = np.log(responsibilities.max(axis=0))
        # A row of weight w is w rows, of which one is left out.
        one = np.minimum(weights, 1.0)
        log_rest = np.log(self.total - _MOST * one)
        for j in range(k):
            joint[j] = self._without(j, rows - self.means[j], one * responsibilities[j], log_rest)
        peaks = joint.max(axis=0)
        return peaks + np.log(np.exp(joint - peaks).sum(axis=0)), entropy, certainty

    def _without(self, j: int, centred: Array, taken: Array, log_rest: Array) -> Array:
        """Return a component's log-joint densities (B,), each row's without it."""
        count = float(self.counts[j])
        if count <= _EMPTY * self.total:
            return np.full(len(centred), -np.inf)
        removal = Removal(np.minimum(taken, _MOST * count), count, float(self.pools[j]))
        distances, log_det = self.covariances.left_out(j, centred, removal)
        if self.weights is None:
            log_weight = np.log(self.counts[j] - removal.masses) - log_rest
        else:
            log_weight = np.log(self.weights[j])
        return log_weight - 0.5 * (self.covariances.n_directions * LOG_2PI + log_det + distances)
