"""Several mixtures in one E-step: their components stacked, the softmax taken mixture by mixture.

On few rows an E-step costs the calls of NumPy, not the arithmetic; stacked, many
mixtures cost hardly more calls than one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..blocks import Fold, Index, Workspace
from ..covariances import FullCovariances
from ..moments import PRODUCTS
from ..statistics import SufficientStatistics
from .base import LOWEST_LOG, keep_known
from .choice import TOLERANCE
from .natural import features_of, moments_to_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["Part", "StackedForm", "StackedStatistics"]


@dataclass(frozen=True, eq=False)
class Part:
    """One mixture of a stack.

    Attributes
    ----------
    log_weights : ndarray (K,)
    means : ndarray (K, d)
    dense : ndarray (K, d, d)
        Covariances.
    background : float or None
        Log of weight times density of a uniform background.
    known : ndarray (n,) or None
        Known components of rows, -1 where unknown.
    """

    log_weights: Array
    means: Array
    dense: Array
    background: float | None = None
    known: AnyArray | None = None

    @property
    def n_joint(self) -> int:
        return len(self.means) + (self.background is not None)


@dataclass(frozen=True, eq=False)
class StackedStatistics:
    """Statistics of all components of a stack (J, ...), and the log-likelihoods (m,)."""

    statistics: SufficientStatistics
    log_likelihoods: Array

    def merge(self, other: StackedStatistics) -> StackedStatistics:
        return StackedStatistics(
            self.statistics.merge(other.statistics),
            self.log_likelihoods + other.log_likelihoods,
        )


class _Sums:
    def __init__(self, n_joint: int, n_terms: int, n_parts: int) -> None:
        self.moments = np.zeros((n_joint, n_terms))
        self.log_likelihoods = np.zeros(n_parts)
        self.n_rows = 0


class StackedForm(Fold[StackedStatistics]):
    """The natural form of several mixtures (see `NaturalForm`), with products as moments.

    Parameters
    ----------
    parts : sequence of Part
    center, extent : ndarray (d,)
        All rows lie in the box center +- extent.

    Attributes
    ----------
    accurate : list of bool
        Which mixtures the natural form is accurate enough for.

    Raises
    ------
    LinAlgError
        If a covariance is singular.
    """

    def __init__(self, parts: Sequence[Part], center: Array, extent: Array) -> None:
        self.parts, self.center = parts, center
        self.sizes = np.array([part.n_joint for part in parts])
        self.first = np.cumsum(self.sizes) - self.sizes
        means = np.concatenate([part.means for part in parts])
        dense = np.concatenate([part.dense for part in parts])
        covariances = FullCovariances(dense, *means.shape)
        natural = covariances.natural(means - center)
        assert natural.quadratic is not None
        d = len(center)
        theta = np.empty((len(means), 1 + d + natural.quadratic.shape[1]))
        theta[:, 0] = natural.constant + np.concatenate([part.log_weights for part in parts])
        theta[:, 1 : d + 1] = natural.linear
        theta[:, d + 1 :] = natural.quadratic
        self.theta = self._with_backgrounds(theta)
        self._ends = np.cumsum([len(part.means) for part in parts])
        self.accurate = self._accurate(covariances, means, extent)
        self._inverse_factors = covariances.inverse_factors
        n_joint, n_terms = self.theta.shape
        self.bytes_per_row = 8 * (n_terms + n_joint + 4 * len(parts))

    def _with_backgrounds(self, theta: Array) -> Array:
        """Insert the row of each background after its mixture's components."""
        ends = np.cumsum([len(part.means) for part in self.parts])
        has = [i for i, part in enumerate(self.parts) if part.background is not None]
        if not has:
            return theta
        rows = np.zeros((len(has), theta.shape[1]))
        rows[:, 0] = [self.parts[i].background for i in has]
        return np.insert(theta, ends[has], rows, axis=0)

    def _accurate(self, covariances: FullCovariances, means: Array, extent: Array) -> list[bool]:
        reach = np.maximum(extent, np.abs(means - self.center).max(axis=0))
        errors = np.finfo(float).eps * covariances.magnitudes(reach)
        return [bool((own <= TOLERANCE).all()) for own in np.split(errors, self._ends[:-1])]

    def may_be_below(self, floors: Sequence[Array]) -> list[bool]:
        """Say for each mixture whether a covariance may be below its diag(floor), floor (d,)."""
        floor = np.repeat(floors, [len(part.means) for part in self.parts], axis=0)
        # trace(S^-1 diag(floor)) >= 1 / smallest eigenvalue of the scaled matrix.
        traces = np.einsum("kij,kij,kj->k", self._inverse_factors, self._inverse_factors, floor)
        return [not (own <= 1.0).all() for own in np.split(traces, self._ends[:-1])]

    # -- the fold -------------------------------------------------------------

    def open(self) -> _Sums:
        n_joint, n_terms = self.theta.shape
        return _Sums(n_joint, n_terms, len(self.parts))

    def add(
        self,
        state: _Sums,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        features = features_of(rows, self.center, PRODUCTS, workspace)
        joint = workspace.array("joint", len(self.theta), len(rows))
        np.matmul(self.theta, features, out=joint)
        for part, first, size in zip(self.parts, self.first, self.sizes, strict=True):
            if part.known is not None:
                keep_known(joint[first : first + size], part.known[index])
        log_density = self._normalise(joint)
        state.n_rows += len(rows)
        if weights is None:
            state.log_likelihoods += log_density.sum(axis=1)
        else:
            state.log_likelihoods += log_density @ weights
            joint *= weights
        state.moments += joint @ features.T

    def _normalise(self, joint: Array) -> Array:
        """Turn log-joint densities into responsibilities, in place; return log-densities (m, B)."""
        largest = np.maximum.reduceat(joint, self.first, axis=0)
        joint -= np.repeat(largest, self.sizes, axis=0)
        np.maximum(joint, LOWEST_LOG, out=joint)
        np.exp(joint, out=joint)
        total = np.add.reduceat(joint, self.first, axis=0)
        joint /= np.repeat(total, self.sizes, axis=0)
        largest += np.log(total)
        return largest

    def close(self, state: _Sums) -> StackedStatistics:
        statistics = moments_to_statistics(state.moments, self.center, PRODUCTS)
        return StackedStatistics(replace(statistics, n_rows=state.n_rows), state.log_likelihoods)

    def split(self, stacked: StackedStatistics) -> list[SufficientStatistics]:
        """Return the statistics of each mixture."""
        return [
            _of_part(stacked, i, int(first), len(part.means), part.background is not None)
            for i, (part, first) in enumerate(zip(self.parts, self.first, strict=True))
        ]


def _of_part(
    stacked: StackedStatistics, i: int, first: int, n_components: int, noisy: bool
) -> SufficientStatistics:
    whole = stacked.statistics
    assert whole.scatters is not None
    own = slice(first, first + n_components)
    return SufficientStatistics(
        whole.counts[own],
        whole.means[own],
        whole.scatters[own],
        PRODUCTS,
        float(stacked.log_likelihoods[i]),
        whole.n_rows,
        float(whole.counts[first + n_components]) if noisy else 0.0,
    )
