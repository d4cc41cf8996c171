"""Bayes' theorem on log-joint densities (J, B): the one softmax of NumPy's forms.

Components of several mixtures stand one after the other, as `Groups` say; each mixture's
sum to one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..numerics.groups import Groups

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from .._typing import AnyArray, Array

__all__ = [
    "NEGLIGIBLE_LOG",
    "exponentiate",
    "lowest_log",
    "most_probable",
    "normalise",
    "sums_of_logs",
]

# A responsibility below exp(-50) = 2e-22 adds less than rounding to any sum it enters.
NEGLIGIBLE_LOG = -50.0
# exp() of less than about -708 (-87 in float32) is denormal, which costs many times a normal exp.
_LOWEST_LOGS = {8: -700.0, 4: -85.0}
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


def exponentiate(
    joint: Array, groups: Groups, backgrounds: Array | None = None, *, sparse: bool = False
) -> tuple[Array, Array, Array | None]:
    """Turn log-joint densities (J, B) into exp(joint - largest), in place.

    Parameters
    ----------
    joint : ndarray (J, B)
        Contiguous.
    groups : Groups
    backgrounds : ndarray (G, 1) or (G, B), optional
        Log-joint densities of one more component of each mixture, -inf where there is none.
    sparse : bool
        Whether what is too small to matter in a sum may become 0.

    Returns
    -------
    largest, total : ndarray (G, B)
        Of each mixture and row; log-densities are largest + log(total).
    noise : ndarray (G, B) or None
        The same of the background as `joint` holds of components.
    """
    largest = groups.max(joint)
    if backgrounds is not None:
        np.maximum(largest, backgrounds, out=largest)
    groups.subtract(joint, largest)
    if sparse:
        _exp_worthwhile(joint)
    else:
        _exp_all(joint)
    total, noise = groups.sum(joint), None
    if total is joint:  # each mixture is one component, and a sum of its own
        total = joint.copy()
    if backgrounds is not None:
        noise = np.where(np.isneginf(backgrounds), -np.inf, backgrounds - largest)
        np.exp(np.maximum(noise, lowest_log(noise.dtype), where=noise > -np.inf, out=noise), noise)
        total += noise
    return largest, total, noise


def normalise(log_joint: Array) -> Array:
    """Turn log-joint densities of one mixture (K, B) into responsibilities, in place.

    Returns
    -------
    ndarray (B,)
        Log-sum-exp over components: each row's log-density.
    """
    largest, total, _ = exponentiate(log_joint, Groups.of((len(log_joint),)))
    log_joint /= total
    largest += np.log(total)
    return largest[0]


def most_probable(log_joint: Array) -> AnyArray:
    """Return the place of each row's largest value in an array (K, B); the first of equal ones."""
    largest = log_joint.max(axis=0)
    labels = np.zeros(log_joint.shape[1], dtype=np.intp)
    # Along the rows: argmax over the first axis would jump through memory.
    for k in range(len(log_joint) - 1, -1, -1):
        np.copyto(labels, k, where=log_joint[k] == largest)
    return labels


def _exp_all(values: Array) -> None:
    """Exponentiate non-positive values in place."""
    np.maximum(values, lowest_log(values.dtype), out=values)
    np.exp(values, out=values)


def _exp_worthwhile(values: Array) -> None:
    """Exponentiate non-positive values in place, or make them 0 if they are negligible."""
    if len(values) < _SPARSE_COMPONENTS or values.size < _SPARSE_SIZE or _has_fast_exp():
        _exp_all(values)
        return
    flat = values.reshape(-1)
    kept = flat > NEGLIGIBLE_LOG
    if np.count_nonzero(kept) >= _SPARSE_SHARE * flat.size:
        _exp_all(values)
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


def sums_of_logs(values: Array) -> Array:
    """Return the sums (G,) of logs of values (G, B) between 1 and K: logs of products of eight.

    A logarithm costs ten multiplications, and K to the eighth is far from overflow.
    """
    n_rows = values.shape[1]
    if n_rows < _FEW_ROWS:
        return np.log(values).sum(axis=1, dtype=np.float64)
    n = n_rows // 8 * 8
    products = np.multiply.reduce(values[:, :n].reshape(len(values), 8, -1), axis=1)
    logs = np.log(products).sum(axis=1, dtype=np.float64)
    return logs + np.log(values[:, n:]).sum(axis=1, dtype=np.float64)
