"""Means of functions of a row under a mixture: entropy is one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.covariances.base import LOG_2PI
from ..exceptions import ParameterError
from ..numerics.arguments import shown
from .line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._typing import Array
    from .mixture import Mixture

__all__ = ["entropy", "expected"]

# Standard deviations: the normal density is below 1e-300 beyond.
_FAR = 37.5
_POINTS = (-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0)
_PRECISION = 1e-12
# Enough for steps; what rounding makes rough no number of them would smooth.
_MOST_PIECES = 400


def entropy(mixture: Mixture, n_samples: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the differential entropy, in nats, and its standard error."""
    used = np.flatnonzero(mixture.weights > 0)
    if len(used) == 1 and mixture.noise is None:
        log_det = float(mixture.covariances.log_det()[used[0]])
        return 0.5 * (mixture.n_features * (LOG_2PI + 1.0) + log_det), 0.0
    if mixture.n_features == 1:
        line = Line.of(mixture)
        found, error = _on_a_line(line, lambda X: -line.log_density(X[:, 0]))
    else:
        found, error = expected(mixture, lambda X: -mixture.logpdf(X), n_samples, rng)
    return float(found), float(error)


def expected(
    mixture: Mixture, function: Callable[[Array], Any], n_samples: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return the mean of a function of rows, and its error: by draws, or on a line exactly."""
    if mixture.n_features == 1:
        return _on_a_line(Line.of(mixture), function)
    values = _values(function, mixture.sample(n_samples, rng)[0])
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.asarray(values.mean(axis=0)), np.asarray(error)


def _on_a_line(line: Line, function: Callable[[Array], Any]) -> tuple[Array, Array]:
    """Return both by adaptive quadrature, over each component in its own units."""
    from scipy.integrate import quad_vec

    low, high = line.edges

    def normals(z: float) -> Array:
        values = _values(function, (line.means + line.widths * z)[:, None])
        density = np.exp(-0.5 * (LOG_2PI + z * z))
        return np.asarray(np.tensordot(line.weights, values, axes=1) * density)

    def uniform(u: float) -> Array:
        return np.asarray(line.share * _values(function, np.array([[low + u * (high - low)]]))[0])

    options = {"epsabs": 1e-300, "epsrel": _PRECISION, "limit": _MOST_PIECES, "norm": "max"}
    found, error = quad_vec(normals, -_FAR, _FAR, points=_POINTS, **options)
    if line.share:
        more, wider = quad_vec(uniform, 0.0, 1.0, **options)
        found, error = found + more, error + wider
    return np.asarray(found), np.broadcast_to(error, np.shape(found))


def _values(function: Callable[[Array], Any], X: Array) -> Array:
    """Return what a function makes of rows; raise ParameterError if it is not one thing a row."""
    if not callable(function):
        raise ParameterError(f"function: expected a callable, got {shown(function)}")
    values = np.asarray(function(X), dtype=np.float64)
    if values.ndim == 0 or len(values) != len(X):
        raise ParameterError(
            "function: expected a value for each row, an array of shape (n, ...) for rows (n, d), "
            f"got shape {values.shape} for {len(X)} rows"
        )
    return values
