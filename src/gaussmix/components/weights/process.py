"""The Dirichlet process: any number of components, of which as many as are fitted have rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betaln, psi

from ...numerics.groups import Groups
from .base import WeightPrior

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array


class _Sticks(NamedTuple):
    """The sticks of G mixtures, in their order: arrays (G, K), K the largest.

    Attributes
    ----------
    places : ndarray of int
        Of their components.
    present : ndarray of bool
        Which there are; those that a mixture lacks come last.
    broken, left : ndarray
        Parameters of the beta distribution of the share that is broken off.
    """

    places: AnyArray
    present: AnyArray
    broken: Array
    left: Array


class DirichletProcess(WeightPrior):
    """Weights by breaking sticks (Sethuraman 1994; Blei & Jordan 2006, equations 18-22).

    Each component breaks a share off what those before it have left, by a beta distribution
    of its own.  Components after those that are fitted have no rows, and keep the prior's
    (Kurihara, Welling & Teh 2007).  Of all orders the bound is highest for that by size.
    """

    leaves_room = True
    name = "dirichlet_process"
    summary = "an infinite mixture: as many components as n_components may have rows"

    def expected_logs(self, counts: Array, groups: Groups) -> Array:
        sticks = self._sticks(counts, groups)
        both = psi(sticks.broken + sticks.left)
        passed = np.cumsum(psi(sticks.left) - both, axis=1)
        logs = psi(sticks.broken) - both
        logs[:, 1:] += passed[:, :-1]
        found = np.empty(len(counts))
        found[sticks.places[sticks.present]] = logs[sticks.present]
        return found

    def divergence(self, counts: Array, groups: Groups) -> Array:
        sticks = self._sticks(counts, groups)
        a, b = sticks.broken, sticks.left
        tail = b - self.concentration
        expected = (a - 1.0) * psi(a) + tail * psi(b) - (a - 1.0 + tail) * psi(a + b)
        each = expected - np.log(self.concentration) - betaln(a, b)
        return np.asarray(np.where(sticks.present, each, 0.0).sum(axis=1))

    def posterior(self, counts: Array) -> tuple[Array, Array]:
        sticks = self._sticks(counts, Groups.of((len(counts),)))
        found = np.empty((2, len(counts)))
        found[:, sticks.places[0]] = sticks.broken[0], sticks.left[0]
        return found[0], found[1]

    def means(self, counts: Array) -> Array:
        return self._moment(counts, 1)

    def variances(self, counts: Array) -> Array:
        return self._moment(counts, 2) - self._moment(counts, 1) ** 2

    def _moment(self, counts: Array, power: int) -> Array:
        """Return the expectation of a power of the weights (K,): shares are independent."""
        sticks = self._sticks(counts, Groups.of((len(counts),)))
        a, b = sticks.broken[0], sticks.left[0]
        own, passed = np.ones_like(a), np.ones_like(a)
        for i in range(power):
            own = own * (a + i) / (a + b + i)
            passed = passed * (b + i) / (a + b + i)
        found = np.empty(len(counts))
        found[sticks.places[0]] = own * np.concatenate([[1.0], np.cumprod(passed[:-1])])
        return found

    def _sticks(self, counts: Array, groups: Groups) -> _Sticks:
        places, present = groups.places, groups.present
        held = np.where(present, counts[places], -1.0)
        if self.by_size:
            rows = np.arange(len(held))[:, None]
            order = np.argsort(-held, axis=1, kind="stable")
            places, present, held = places[rows, order], present[rows, order], held[rows, order]
        held = np.where(present, held, 0.0)
        # Summed from the end: a difference of sums would not be exact where few rows are left.
        after = np.cumsum(held[:, ::-1], axis=1)[:, ::-1]
        tails = np.concatenate([after[:, 1:], np.zeros((len(after), 1))], axis=1)
        return _Sticks(places, present, 1.0 + held, self.concentration + tails)
