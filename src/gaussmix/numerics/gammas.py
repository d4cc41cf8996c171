"""Differences of logarithms and gamma functions, to all digits for large arguments too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, gammaln

if TYPE_CHECKING:
    from .._typing import Array

__all__ = ["log_excess", "log_excess_slope", "log_gamma_ratio"]

# From here on Stirling's and the digamma's series are as good as the functions.
_LARGE = 20.0


def log_excess(x: Array) -> Array:
    """Return log(x) - digamma(x), to all digits for large x too."""
    x = np.asarray(x, dtype=np.float64)
    y = 1.0 / np.maximum(x, _LARGE)
    y2 = y * y
    series = y * (0.5 + y * (1 / 12 - y2 * (1 / 120 - y2 * (1 / 252 - y2 * (1 / 240 - y2 / 132)))))
    small = np.minimum(x, _LARGE)
    return np.where(x >= _LARGE, series, np.log(small) - digamma(small))


def log_excess_slope(x: Array) -> Array:
    """Return the derivative of `log_excess`: 1 / x - trigamma(x)."""
    from scipy.special import polygamma

    y = 1.0 / np.maximum(x, _LARGE)
    y2 = y * y
    series = -y2 * (0.5 + y * (1 / 6 - y2 * (1 / 30 - y2 * (1 / 42 - y2 * (1 / 30)))))
    small = np.minimum(x, _LARGE)
    return np.where(x >= _LARGE, series, 1.0 / small - polygamma(1, small))


def log_gamma_ratio(x: Array, a: float) -> Array:
    """Return log Gamma(x + a) - log Gamma(x) - a log(x), to all digits for large x too."""
    large = np.maximum(x, _LARGE)
    stirling = (large + a - 0.5) * np.log1p(a / large) - a
    # (x + a) log1p(a / x) - a is lost to rounding where a / x is tiny: a^2 / 2x.
    tiny = a / large < 1e-6
    stirling = np.where(tiny, 0.5 * a * (a - 1.0) / large, stirling)
    stirling += np.where(tiny, 0.0, _stirling_rest(large + a) - _stirling_rest(large))
    small = np.minimum(x, _LARGE)
    exact = gammaln(small + a) - gammaln(small) - a * np.log(small)
    return np.where(x >= _LARGE, stirling, exact)


def _stirling_rest(x: Array) -> Array:
    y = 1.0 / x
    y2 = y * y
    return y * (1 / 12 - y2 * (1 / 360 - y2 * (1 / 1260 - y2 * (1 / 1680 - y2 / 1188))))
