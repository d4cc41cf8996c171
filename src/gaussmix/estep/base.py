"""The contract of an E-step kernel, and the softmax that all kernels share."""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..components.statistics import SufficientStatistics
from ..rows.folds import Fold, Index, Workspace

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances

__all__ = [
    "LOWEST_LOG",
    "NEGLIGIBLE_LOG",
    "Kernel",
    "Sums",
    "exp_all",
    "keep_known",
    "lowest_log",
    "most_probable",
    "normalise",
    "sum_of_logs",
    "weigh",
]

# exp() of less than about -708 (-87 in float32) is denormal, which costs many times a normal exp.
LOWEST_LOG = -700.0
_LOWEST_LOGS = {8: LOWEST_LOG, 4: -85.0}
# A responsibility below exp(-50) = 2e-22 adds less than rounding to any sum it enters.
NEGLIGIBLE_LOG = -50.0
# Picking out the entries worth an exp() pays while they are at most this share of many
# components (measured).
_SPARSE_SHARE = 0.6
_SPARSE_COMPONENTS = 6
_SPARSE_SIZE = 10_000
# Below this a NumPy call costs more than the logarithms it saves.
_FEW_ROWS = 2_000


def lowest_log(dtype: DTypeLike) -> float:
    """Return the least value whose exp() is a normal number of a type."""
    return _LOWEST_LOGS[np.dtype(dtype).itemsize]


def normalise(log_joint: Array) -> Array:
    """Turn log-joint densities (K, B) into responsibilities, in place.

    Returns
    -------
    ndarray (B,)
        Log-sum-exp over components: each row's log-density.
    """
    log_density = _shift(log_joint)
    exp_all(log_joint)
    total = log_joint.sum(axis=0)
    log_joint /= total
    log_density += np.log(total, out=total)
    return log_density


def weigh(log_joint: Array, weights: AnyArray | None = None) -> float:
    """Turn log-joint densities (K, B) into weighted responsibilities for sums, in place.

    As `normalise`, but responsibilities too small to matter in a sum may become 0,
    which saves their exponentials, and only the sum of the log-densities is wanted,
    which saves most logarithms.

    Parameters
    ----------
    log_joint : ndarray (K, B)
        Contiguous; overwritten with responsibilities times `weights`.
    weights : ndarray (B,), optional

    Returns
    -------
    float
        The rows' (weighted) total log-density.
    """
    largest = _shift(log_joint)
    _exp_worthwhile(log_joint)
    total = log_joint.sum(axis=0)
    if weights is None:
        log_joint *= 1.0 / total
        return float(largest.sum(dtype=np.float64)) + sum_of_logs(total)
    log_joint *= (weights / total).astype(log_joint.dtype, copy=False)
    largest += np.log(total, out=total)
    return float(weights @ largest)


def most_probable(log_joint: Array) -> AnyArray:
    """Return the place of each row's largest value in an array (K, B); the first of equal ones."""
    largest = log_joint.max(axis=0)
    labels = np.zeros(log_joint.shape[1], dtype=np.intp)
    # Along the rows: argmax over the first axis would jump through memory.
    for k in range(len(log_joint) - 1, -1, -1):
        np.copyto(labels, k, where=log_joint[k] == largest)
    return labels


def _shift(log_joint: Array) -> Array:
    """Subtract each row's largest value, and return it."""
    largest = log_joint.max(axis=0)
    np.subtract(log_joint, largest, out=log_joint)
    return largest


def exp_all(values: Array) -> None:
    """Exponentiate non-positive values in place."""
    np.maximum(values, lowest_log(values.dtype), out=values)
    np.exp(values, out=values)


def _exp_worthwhile(values: Array) -> None:
    """Exponentiate non-positive values in place, or make them 0 if they are negligible."""
    if len(values) < _SPARSE_COMPONENTS or values.size < _SPARSE_SIZE or _has_fast_exp():
        exp_all(values)
        return
    flat = values.reshape(-1)
    kept = flat > NEGLIGIBLE_LOG
    if np.count_nonzero(kept) >= _SPARSE_SHARE * flat.size:
        exp_all(values)
        return
    places = np.flatnonzero(kept)
    exponentials = np.exp(flat[places])
    values.fill(0.0)
    flat[places] = exponentials


@lru_cache(maxsize=1)
def _has_fast_exp() -> bool:
    """Whether NumPy's exp() costs less than finding out where it is needed.

    It does with vectors of 512 bits: a nanosecond, against five to nine.
    """
    try:
        from numpy.lib.introspect import opt_func_info
    except ImportError:  # NumPy before 2.1
        return False
    current = opt_func_info(func_name="^exp$").get("exp", {}).get("dd", {}).get("current", "")
    return "AVX512" in current or "V4" in current


def sum_of_logs(values: Array) -> float:
    """Return the sum of logs of values between 1 and K: logs of products of eight.

    A logarithm costs ten multiplications, and K to the eighth is far from overflow.
    """
    if len(values) < _FEW_ROWS:
        return float(np.log(values).sum(dtype=np.float64))
    n = len(values) // 8 * 8
    products = np.multiply.reduce(values[:n].reshape(8, -1), axis=0)
    logs = np.log(products).sum(dtype=np.float64) + np.log(values[n:]).sum(dtype=np.float64)
    return float(logs)


class Sums:
    """Running sums that every kernel has."""

    def __init__(self) -> None:
        self.log_likelihood = 0.0
        self.n_rows = 0
        self.noise = 0.0


class Kernel(Fold[SufficientStatistics]):
    """The E-step for fixed parameters, as a fold over blocks of rows.

    Parameters
    ----------
    log_weights : ndarray (K,)
    means : ndarray (K, d)
    covariances : Covariances
    background : float, optional
        Log of weight times density of a uniform background: one more row of every
        array of joint densities.
    """

    by_row = ("known",)
    #: Known components of rows (n,), -1 where unknown: those keep their component.
    known: AnyArray | None = None

    def __init__(
        self,
        log_weights: Array,
        means: Array,
        covariances: Covariances,
        background: float | None = None,
    ) -> None:
        self.log_weights = log_weights
        self.background = background
        self.means = means
        self.covariances = covariances
        self.n_components, self.n_features = means.shape
        #: Rows of an array of joint densities.
        self.n_joint = self.n_components + (background is not None)

    @property
    def bytes_of_joint(self) -> int:
        """Workspace bytes that one row needs where `log_joint` is what is wanted."""
        return self.bytes_per_row

    @abstractmethod
    def log_joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return log(w_k N(x_i | k)) less ``row_terms`` in workspace memory.

        Shape (n_joint, B): the background, if there is one, comes last.
        """

    def row_terms(self, rows: AnyArray) -> Array | float:
        """Return what `log_joint` leaves out because it is the same for all components."""
        return 0.0

    def responsibilities(
        self, sums: Sums, joint: Array, weights: AnyArray | None, index: Index
    ) -> Array:
        """Turn joint densities (n_joint, B) into weighted responsibilities (K, B), in place.

        Counts what is not a component's.
        """
        if self.known is not None:
            keep_known(joint, self.known[index])
        sums.log_likelihood += weigh(joint, weights)
        sums.n_rows += joint.shape[1]
        if self.background is not None:
            sums.noise += float(joint[-1].sum())
        return joint[: self.n_components]


def keep_known(joint: Array, known: AnyArray) -> None:
    """Leave rows of joint densities (K, B) whose component (B,) is known no other choice."""
    rows = np.flatnonzero(known >= 0)
    own = joint[known[rows], rows]
    joint[:, rows] = -np.inf
    joint[known[rows], rows] = own
