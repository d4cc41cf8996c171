"""The law of Student's t: of one feature, of distances, and as normals of all widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainccinv, betaincinv, betaln, stdtr, stdtrit

from ...numerics.gammas import log_excess, log_gamma_ratio
from .base import LOG_2PI

if TYPE_CHECKING:
    from ..._typing import Array

__all__ = [
    "LARGEST",
    "NORMAL",
    "below",
    "entropies",
    "log_below",
    "log_density",
    "mixing",
    "quantiles",
    "slope",
    "squared_radii",
]

#: Stands for infinity in the arithmetic, of float32 too: the normal density to the last digit.
NORMAL = 1e30
#: Beyond it quantiles are those of the normal density to nine digits.
LARGEST = 1e9
# Logs of what floats hold, and scales from the middle where a tail is the first of its series.
_DEEP, _FAR_OUT = -680.0, 1e60
# The step of a rule in the logarithm of w, where w is spread by 1; what it may leave out.
_FINEST, _DEEPEST = 0.2, 40.0


def log_density(dofs: Array, values: Array) -> Array:
    """Return log-densities of values (..., K) in scales from the middle."""
    dofs = np.minimum(dofs, NORMAL)
    peaks = log_gamma_ratio(0.5 * dofs, 0.5) - 0.5 * LOG_2PI
    return np.asarray(peaks - 0.5 * (dofs + 1.0) * _log1p_square(values, dofs))


def slope(dofs: Array, values: Array) -> Array:
    """Return the derivatives of those."""
    dofs = np.minimum(dofs, NORMAL)
    with np.errstate(over="ignore"):
        return np.asarray(-(1.0 + 1.0 / dofs) * values / (1.0 + values / dofs * values))


def below(dofs: Array, values: Array) -> Array:
    """Return the distribution function."""
    return np.asarray(stdtr(np.minimum(dofs, NORMAL), values))


def log_below(dofs: Array, values: Array) -> Array:
    """Return its logarithm, which does not underflow."""
    dofs = np.minimum(dofs, NORMAL)
    with np.errstate(divide="ignore"):
        found = np.log(stdtr(dofs, values))
    # The first term of the tail's series: all of it far out, and below what floats hold.
    far = -0.5 * dofs * _log1p_square(values, dofs) - _log_tail(dofs)
    found = np.where(found < _DEEP, np.minimum(far, _DEEP), found)
    return np.where(values < -_FAR_OUT, far, found)


def quantiles(dofs: Array, shares: Array) -> Array:
    """Return the values (..., K) of shares (..., 1) or (..., K)."""
    dofs, least = np.minimum(dofs, LARGEST), np.minimum(shares, 1.0 - shares)
    with np.errstate(divide="ignore", over="ignore"):
        found = np.asarray(stdtrit(dofs, shares))
        tail = np.sqrt(dofs) * np.exp(-(np.log(least) + _log_tail(dofs)) / dofs)
    return np.where(tail > _FAR_OUT, np.where(shares < 0.5, -tail, tail), found)


def squared_radii(dofs: Array, outside: Array, n_features: int) -> Array:
    """Return squared distances (..., K) beyond which are such shares (..., 1) of rows."""
    dofs, half = np.minimum(dofs, LARGEST), 0.5 * n_features
    near = betainccinv(half, 0.5 * dofs, outside)  # of distance / (nu + distance)
    far = betaincinv(0.5 * dofs, half, outside)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(dofs * np.where(near < 0.5, near / (1.0 - near), (1.0 - far) / far))


def entropies(dofs: Array, n_features: int) -> Array:
    """Return differential entropies (K,) where scales are 1, to all digits for large dofs too."""
    half, a = 0.5 * np.minimum(dofs, NORMAL), 0.5 * n_features
    slopes = np.log1p(a / half) + log_excess(half) - log_excess(half + a)
    return np.asarray((half + a) * slopes - log_gamma_ratio(half, a) + a * LOG_2PI)


def mixing(dof: float) -> tuple[Array, Array]:
    """Return roots of w (m,), and shares (m,), by the trapezoidal rule in the logarithm of w."""
    half = 0.5 * dof
    # Its density falls as exp(half t) to the left, and faster to the right.
    step = _FINEST / np.sqrt(max(half, 1.0))
    logs = np.arange(max(-_DEEPEST / half, -1400.0), 4.0, step)
    depths = half * (logs + 1.0 - np.exp(logs))
    logs, depths = logs[depths > -_DEEPEST], depths[depths > -_DEEPEST]
    shares = np.exp(depths)
    return np.exp(0.5 * logs), shares / shares.sum()


def _log_tail(dofs: Array) -> Array:
    """Of P(feature < -z), about (nu / z^2)^(nu / 2) by its exponential."""
    half = 0.5 * np.minimum(dofs, LARGEST)
    return np.asarray(np.log(2.0 * half) + betaln(half, 0.5))


def _log1p_square(values: Array, dofs: Array) -> Array:
    """Return log(1 + values^2 / dofs), of values whose squares are no floats too."""
    size = np.abs(values)
    with np.errstate(over="ignore"):
        near = np.log1p(values / dofs * values)
    far = 2.0 * np.log(np.maximum(size, 1.0)) - np.log(dofs)
    return np.where(size > 1e100, far, near)
