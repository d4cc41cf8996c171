"""E-steps of several mixtures of one size, of the same rows: those of a race."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..rows.folds import Workspace
from .base import exp_all
from .compiled import expect_in_tiles, loops_for, pairs_of
from .natural import features_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..rows.threads import Pool

__all__ = ["SeveralForm"]

# Rows of a block: joint densities of some hundred components stay in cache.
_BLOCK_ROWS = 1024
# Bytes of features that are kept; more are written anew at each E-step.
_FEATURE_BYTES = 2**26


class SeveralForm:
    """Natural forms of several mixtures (see `NaturalForm`), all in one product a block.

    In compiled loops a tile of rows stays in the first cache for one mixture after the other.

    Parameters
    ----------
    rows, weights : ndarray (m, d), (m,)
        Centred rows.
    moment : Moment
        The second moment that covariances need.
    n_rows : int or None
        Rows of the data that these were drawn from, None if unknown.
    pool : Pool
    """

    def __init__(
        self,
        rows: Array,
        weights: Array,
        moment: Moment,
        n_rows: int | None,
        pool: Pool,
    ) -> None:
        self.rows, self.weights, self.moment = rows, weights, moment
        self.n_rows, self._pool = n_rows, pool
        m, d = rows.shape
        self.center = np.zeros(d)
        self.n_terms = 1 + d + moment.n_terms(d)
        self._unit = bool((weights == 1.0).all())
        self._blocks = [slice(i, min(i + _BLOCK_ROWS, m)) for i in range(0, m, _BLOCK_ROWS)]
        self._kept: dict[int, Array] | None = {} if 8 * m * self.n_terms <= _FEATURE_BYTES else None

    def _features(self, block: slice) -> Array:
        if self._kept is not None and block.start in self._kept:
            return self._kept[block.start]
        found = features_of(self.rows[block], self.center, self.moment, Workspace())
        if self._kept is not None:
            self._kept[block.start] = found
        return found

    def divided(self, labels: AnyArray, n_components: int) -> Array:
        """Return the moments (R * K, n_terms) of the components of hard divisions (R, m)."""
        numbers = np.arange(n_components)[:, None]

        def work(block: slice) -> Array:
            chosen = labels[:, None, block] == numbers
            weighted = np.where(chosen, self.weights[block], 0.0)
            return weighted.reshape(-1, weighted.shape[2]) @ self._features(block).T

        return _total(self._pool.map(work, self._blocks))

    def expect(self, theta: Array) -> tuple[Array, Array]:
        """Return moments (R, J, n_terms) and log-likelihoods (R,) of all mixtures.

        `theta` (R, J, n_terms) are natural parameters; a background is a component that has
        a constant alone.
        """
        loops = loops_for(theta.shape[1], theta.shape[2], self.n_rows)
        return self._in_products(theta) if loops is None else self._in_tiles(loops, theta)

    def _in_tiles(self, loops: ModuleType, theta: Array) -> tuple[Array, Array]:
        pairs = pairs_of(self.moment, self.rows.shape[1])
        weights = None if self._unit else self.weights

        def work(some: Array) -> tuple[Array, Array]:
            found = expect_in_tiles(
                loops, self.rows, weights, self.center, some, pairs, Workspace()
            )
            moments, largest, total = found
            largest += np.log(total, out=total)
            return moments, largest @ self.weights

        parts = np.array_split(theta, min(self._pool.n_threads, len(theta)))
        moments, values = zip(*self._pool.map(work, parts), strict=True)
        return np.concatenate(moments), np.concatenate(values)

    def _in_products(self, theta: Array) -> tuple[Array, Array]:
        flat = theta.reshape(-1, self.n_terms)

        def work(block: slice) -> tuple[Array, Array]:
            features, weights = self._features(block), self.weights[block]
            joint = (flat @ features).reshape(*theta.shape[:2], -1)
            largest = joint.max(axis=1)
            joint -= largest[:, None]
            exp_all(joint)
            total = joint.sum(axis=1)
            joint *= (weights / total)[:, None]
            largest += np.log(total)
            return joint.reshape(len(flat), -1) @ features.T, largest @ weights

        moments, values = zip(*self._pool.map(work, self._blocks), strict=True)
        return _total(iter(moments)).reshape(theta.shape), _total(iter(values))


def _total(parts: Iterator[Array]) -> Array:
    """Return the sum of arrays, in their order."""
    total = next(parts).copy()
    for part in parts:
        total += part
    return total
