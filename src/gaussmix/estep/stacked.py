"""Several mixtures in one E-step: their components stacked, the softmax taken mixture by mixture.

On few rows an E-step costs the calls of NumPy, not the arithmetic; stacked, many
mixtures cost hardly more calls than one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances import FullCovariances
from ..components.moments import PRODUCTS
from ..components.statistics import SufficientStatistics
from ..numerics.groups import Groups
from ..rows.folds import Fold, Index, Workspace
from .base import exp_all, keep_known
from .choice import TOLERANCE
from .natural import features_of, moments_to_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["StackedForm"]


class _Sums:
    def __init__(self, n_joint: int, n_terms: int, n_mixtures: int) -> None:
        self.moments = np.zeros((n_joint, n_terms))
        self.log_likelihoods = np.zeros(n_mixtures)
        self.n_rows = 0


class StackedForm(Fold[SufficientStatistics]):
    """The natural form of several mixtures (see `NaturalForm`), with products as moments.

    Parameters
    ----------
    log_weights : ndarray (J,)
    means : ndarray (J, d)
    dense : ndarray (J, d, d)
        Covariances.
    groups : Groups
        Whose the components are: of G mixtures.
    backgrounds : sequence of float or None (G,)
        Log of weight times density of a uniform background.
    known : sequence of ndarray (n,) or None (G,)
        Known components of rows, -1 where unknown.
    center, extent : ndarray (d,)
        All rows lie in the box center +- extent.

    Attributes
    ----------
    accurate : ndarray of bool (G,)
        Which mixtures the natural form is accurate enough for.

    Raises
    ------
    LinAlgError
        If a covariance is singular.
    """

    def __init__(
        self,
        log_weights: Array,
        means: Array,
        dense: Array,
        groups: Groups,
        backgrounds: Sequence[float | None],
        known: Sequence[AnyArray | None],
        center: Array,
        extent: Array,
    ) -> None:
        self.groups, self.center = groups, center
        covariances = FullCovariances(dense, *means.shape)
        natural = covariances.natural(means - center)
        assert natural.quadratic is not None
        constant = (natural.constant + log_weights)[:, None]
        theta = np.concatenate([constant, natural.linear, natural.quadratic], axis=1)
        self._arrange(theta, backgrounds)
        self._known = [(g, own) for g, own in enumerate(known) if own is not None]
        reach = np.maximum(extent, np.abs(means - center).max(axis=0))
        errors = np.finfo(float).eps * covariances.magnitudes(reach)
        self.accurate = ~groups.any(~(errors <= TOLERANCE))
        self._inverse_factors = covariances.inverse_factors
        self.bytes_per_row = 8 * (sum(self.theta.shape) + 4 * len(groups))

    def _arrange(self, theta: Array, backgrounds: Sequence[float | None]) -> None:
        """Put the row of each background after its mixture's components."""
        groups = self.groups
        noisy = [background is not None for background in backgrounds]
        self.joint_groups = groups
        self._noisy = np.array(noisy)
        if not any(noisy):
            self.theta = theta
            return
        sizes = [size + extra for size, extra in zip(groups.sizes, noisy, strict=True)]
        self.joint_groups = Groups.of(tuple(sizes))
        ends = np.array(groups.bounds[1:])[self._noisy]
        rows = np.zeros((len(ends), theta.shape[1]))
        rows[:, 0] = [background for background in backgrounds if background is not None]
        self.theta = np.insert(theta, ends, rows, axis=0)

    def may_be_below(self, floors: Array) -> AnyArray:
        """Say for each mixture whether a covariance may be below its diag(floor), floors (J, d)."""
        # trace(S^-1 diag(floor)) >= 1 / smallest eigenvalue of the scaled matrix.
        traces = np.einsum("kij,kij,kj->k", self._inverse_factors, self._inverse_factors, floors)
        return self.groups.any(~(traces <= 1.0))

    # -- the fold -------------------------------------------------------------

    def open(self) -> _Sums:
        n_joint, n_terms = self.theta.shape
        return _Sums(n_joint, n_terms, len(self.groups))

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
        for g, known in self._known:
            keep_known(self.joint_groups.part(joint, g), known[index])
        log_density = self._normalise(joint)
        state.n_rows += len(rows)
        if weights is None:
            state.log_likelihoods += log_density.sum(axis=1)
        else:
            state.log_likelihoods += log_density @ weights
            joint *= weights
        state.moments += joint @ features.T

    def _normalise(self, joint: Array) -> Array:
        """Turn log-joint densities into responsibilities, in place; return log-densities (G, B)."""
        groups = self.joint_groups
        largest = groups.max(joint)
        joint -= groups.spread(largest)
        exp_all(joint)
        total = groups.sum(joint)
        joint *= groups.spread(1.0 / total)
        largest += np.log(total)
        return largest

    def close(self, state: _Sums) -> SufficientStatistics:
        moments, noise = state.moments, np.zeros(len(self.groups))
        if self._noisy.any():
            last = np.array(self.joint_groups.bounds[1:])[self._noisy] - 1
            noise[self._noisy] = moments[last, 0]
            moments = np.delete(moments, last, axis=0)
        return replace(
            moments_to_statistics(moments, self.center, PRODUCTS),
            log_likelihood=state.log_likelihoods,
            n_rows=state.n_rows,
            noise=noise,
            mixtures=self.groups,
        )
