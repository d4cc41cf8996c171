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

# Below this a log-responsibility is as good as zero, while exp() of less than about -708
# is denormal, which costs many times a normal exp.
_LOWEST_LOG = -700.0


def normalise(log_joint: Array, weights: AnyArray | None = None) -> Array:
    """Turn log-joint densities (K, B) into responsibilities, in place.

    Parameters
    ----------
    log_joint : ndarray (K, B)
        Overwritten with softmax over components, times `weights` if given.
    weights : ndarray (B,), optional

    Returns
    -------
    ndarray (B,)
        Log-sum-exp over components: each row's log-density.
    """
    log_density = log_joint.max(axis=0)
    np.subtract(log_joint, log_density, out=log_joint)
    np.maximum(log_joint, _LOWEST_LOG, out=log_joint)
    np.exp(log_joint, out=log_joint)
    total = log_joint.sum(axis=0)
    log_joint *= (1.0 if weights is None else weights) / total
    np.log(total, out=total)
    log_density += total
    return log_density


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
