"""Means of functions of a row under a mixture: entropy is one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import shown
from .line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._typing import Array
    from .mixture import Mixture

__all__ = ["entropy", "expected"]

# Standard deviations: the normal density is below 1e-300 beyond.  Of heavy tails no float is.
_FAR, _FURTHEST = 37.5, 700.0
# Logs of what a tail may leave out.
_LEFT_OUT = 80.0
_POINTS = (-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0)
_PRECISION = 1e-12
# How many times as narrow a component is that quadrature may overlook, and how many are looked at.
_NARROW, _MOST_SPIKES = 10.0, 200
# Enough for steps; what rounding makes rough no number of them would smooth.
_MOST_PIECES = 400


def entropy(mixture: Mixture, n_samples: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the differential entropy, in nats, and its standard error."""
    used = np.flatnonzero(mixture.weights > 0)
    if len(used) == 1 and mixture.noise is None:
        k, own = used[0], mixture.density.take(used).entropies(mixture.n_features)
        return float(own[0] + 0.5 * mixture.scales.log_det()[k]), 0.0
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

    def components(z: float) -> Array:
        values = _values(function, (line.means + line.widths * z)[:, None])
        shares = line.weights * np.exp(line.density.log_density(np.full(len(line.means), z)))
        return np.asarray(np.tensordot(shares, values, axes=1))

    def with_tails(s: float) -> Array:  # z = sinh(s): tails that fall as powers are exponential
        return components(float(np.sinh(s))) * float(np.cosh(s))

    def uniform(u: float) -> Array:
        return np.asarray(line.share * _values(function, np.array([[low + u * (high - low)]]))[0])

    points = np.concatenate([_POINTS, _spikes(line)])
    most = _MOST_PIECES + 2 * len(points)
    options = {"epsabs": 1e-300, "epsrel": _PRECISION, "limit": most, "norm": "max"}
    if line.density.plain:
        points = points[np.abs(points) < _FAR]
        found, error = quad_vec(components, -_FAR, _FAR, points=points, **options)
    else:
        slowest = float(line.density.numbers(len(line.means)).min())
        far = min(_FURTHEST, np.arcsinh(_FAR) + _LEFT_OUT / slowest)
        points = np.arcsinh(points)
        points = points[np.abs(points) < far]
        found, error = quad_vec(with_tails, -far, far, points=points, **options)
    if line.share:
        more, wider = quad_vec(uniform, 0.0, 1.0, **options)
        found, error = found + more, error + wider
    return np.asarray(found), np.broadcast_to(error, np.shape(found))


def _spikes(line: Line) -> Array:
    """Return where components much narrower than others are, in the units of those."""
    own, other = np.nonzero(line.widths * _NARROW < line.widths[:, None])
    if len(own) > _MOST_SPIKES:
        return np.empty(0)
    edges = line.means[other] + np.multiply.outer((-6.0, -1.0, 1.0, 6.0), line.widths[other])
    return np.asarray((edges - line.means[own]) / line.widths[own]).ravel()


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
