"""The contract of an E-step kernel, and the softmax that all kernels share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from ..blocks import Fold, Workspace
from ..statistics import SufficientStatistics

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..covariances import Covariances

__all__ = ["Kernel", "normalise"]

# exp() of less than about -708 is denormal, which costs many times a normal exp.
_LOWEST_LOG = -700.0
# A responsibility below exp(-50) = 2e-22 adds less than rounding to any sum it enters.
_NEGLIGIBLE_LOG = -50.0
# Picking out the entries worth an exp() pays while they are at most this share (measured).
_SPARSE_SHARE = 0.6
_SPARSE_SIZE = 10_000


def normalise(
    log_joint: Array, weights: AnyArray | None = None, *, drop_negligible: bool = False
) -> Array:
    """Turn log-joint densities (K, B) into responsibilities, in place.

    Parameters
    ----------
    log_joint : ndarray (K, B)
        Contiguous; overwritten with softmax over components, times `weights` if given.
    weights : ndarray (B,), optional
    drop_negligible : bool, default False
        Whether responsibilities too small to matter in a sum may become 0, which
        saves most of the exponentials when components are separated.

    Returns
    -------
    ndarray (B,)
        Log-sum-exp over components: each row's log-density.
    """
    log_density = log_joint.max(axis=0)
    np.subtract(log_joint, log_density, out=log_joint)
    _exp(log_joint, drop_negligible)
    total = log_joint.sum(axis=0)
    log_joint *= (1.0 if weights is None else weights) / total
    np.log(total, out=total)
    log_density += total
    return log_density


def _exp(values: Array, drop_negligible: bool) -> None:
    """Exponentiate non-positive values in place."""
    if drop_negligible and values.size >= _SPARSE_SIZE:
        flat = values.reshape(-1)
        kept = flat > _NEGLIGIBLE_LOG
        if np.count_nonzero(kept) < _SPARSE_SHARE * flat.size:
            places = np.flatnonzero(kept)
            exponentials = np.exp(flat[places])
            values.fill(0.0)
            flat[places] = exponentials
            return
    np.maximum(values, _LOWEST_LOG, out=values)
    np.exp(values, out=values)


class Kernel(Fold[SufficientStatistics]):
    """The E-step for fixed parameters, as a fold over blocks of rows.

    Parameters
    ----------
    log_weights : ndarray (K,)
    means : ndarray (K, d)
    covariances : Covariances
    """

    def __init__(self, log_weights: Array, means: Array, covariances: Covariances) -> None:
        self.log_weights = log_weights
        self.means = means
        self.covariances = covariances
        self.n_components, self.n_features = means.shape

    @abstractmethod
    def log_joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return log(w_k N(x_i | k)) less ``row_terms``, shape (K, B), in workspace memory."""

    def row_terms(self, rows: AnyArray) -> Array | float:
        """Return what `log_joint` leaves out because it is the same for all components."""
        return 0.0
