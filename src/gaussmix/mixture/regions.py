"""Highest density regions: where the density is above the level that leaves a mass inside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..numerics.roots import bracketed_roots
from .line import Line

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .mixture import Mixture

__all__ = ["log_levels"]

# Scales around each mean where slopes are looked at: of heavy tails further out, too.
_NEAR = np.linspace(-9.0, 9.0, 361)
_FURTHER = np.geomspace(10.0, 1e6, 60)
# Beyond it nothing is that any level could leave outside, and what floats hold.
_LEAST, _MOST = 1e-300, 1e290
# Of rows that are held at once.
_NUMBERS = 4_000_000
# Below the top of a density, in its logarithm: all that can be computed lies higher.
_DEEPEST = 1e5


def log_levels(
    mixture: Mixture, outside: Array, n_samples: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return the log-densities (m,) below which such masses lie, and standard errors (m,)."""
    used = np.flatnonzero(mixture.weights > 0)
    if len(used) == 1 and mixture.noise is None:
        return _of_one(mixture, int(used[0]), outside), np.zeros(len(outside))
    if mixture.n_features == 1:
        return Hills(Line.of(mixture)).levels(outside), np.zeros(len(outside))
    if mixture.noise is not None:
        drawn = _densities(mixture, [mixture], n_samples, rng)[0]
        return _of_draws(drawn, np.ones(n_samples), outside)
    found = [_of_wide_draws(mixture, own, n_samples, rng) for own in outside]
    return np.array([level for level, _ in found]), np.array([error for _, error in found])


def _of_one(mixture: Mixture, k: int, outside: Array) -> Array:
    """Return the levels of one ellipsoid, by the law of squared distances."""
    density, parameters = mixture.density.take(slice(k, k + 1)), mixture.parameters
    radii = density.squared_radii(outside[:, None], mixture.n_features)[:, 0]
    found = parameters.log_constants()[k] - 0.5 * radii[None]
    scales = parameters.log_scales()[k : k + 1]
    density.log_joint(found, density.terms(scales, mixture.n_features))
    return np.asarray(found[0])


def _of_wide_draws(
    mixture: Mixture, outside: float, n_samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return a level by draws half of which reach as far as it lies.

    They are drawn from the mixture and from a wider one, and count for the density that they
    should have had (Owen & Zhou 2000, section 2).
    """
    d = mixture.n_features
    radii = mixture.density.squared_radii(np.array([outside]), d)
    stretch = max(1.0, float(radii.max()) / d)
    wider = replace(mixture, scales=mixture.scales.times(stretch))
    half, both = n_samples // 2, [mixture, wider]
    draws = [_densities(mixture, both, half, rng), _densities(wider, both, n_samples - half, rng)]
    drawn, wide = np.concatenate(draws, axis=1)
    counts = 2.0 / (1.0 + np.exp(np.minimum(wide - drawn, 700.0)))
    level, error = _of_draws(drawn, counts, np.array([outside]))
    return float(level[0]), float(error[0])


def _densities(
    mixture: Mixture, several: list[Mixture], n_samples: int, rng: np.random.Generator
) -> Array:
    """Return the log-densities (m, n) of draws from a mixture under several, a part at a time."""
    size = max(1, _NUMBERS // mixture.n_features)
    parts = []
    for first in range(0, n_samples, size):
        X = mixture.sample(min(size, n_samples - first), rng)[0]
        parts.append(np.stack([own.logpdf(X) for own in several]))
    return np.concatenate(parts, axis=1)


def _of_draws(log_density: Array, counts: Array, outside: Array) -> tuple[Array, Array]:
    """Return levels as quantiles of the density at draws (Hyndman 1996, section 3.2)."""
    order, n = np.argsort(log_density), len(log_density)
    ordered, counts = log_density[order], counts[order]
    # Each draw stands in the middle of the mass that it counts for.
    masses = (np.cumsum(counts) - counts / 2.0) / n
    squares = np.cumsum(counts**2) / n

    def at(mass: Array) -> Array:
        return np.asarray(np.interp(mass, masses, ordered))

    # How much mass a level has below it varies; where the levels are that have as much more.
    place = np.minimum(np.searchsorted(masses, outside), n - 1)
    spread = np.sqrt(np.maximum(squares[place] - outside**2, 0.0) / n)
    return at(outside), (at(outside + spread) - at(outside - spread)) / 2.0


class Hills:
    """A univariate density cut into pieces that only rise or only fall.

    A uniform part lifts all of it: as in `logpdf`, it counts outside of its interval too.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        with np.errstate(over="ignore"):
            most = _MOST / line.widths.max()
        far = np.minimum(-line.density.quantiles(np.array([_LEAST])), most)
        ends = line.means + np.array([[-1.0], [1.0]]) * far * line.widths
        turns = self._turns()
        self.ends = np.unique(np.concatenate([[ends.min()], turns, [ends.max()]]))
        self.heights = line.log_normals(self.ends)
        self.rises = self.heights[1:] > self.heights[:-1]

    def _turns(self) -> Array:
        """Return the places (m,) of modes and of the dips between them."""
        line = self.line
        near = _NEAR if line.density.plain else np.concatenate([-_FURTHER, _NEAR, _FURTHER])
        grid = np.unique(line.means + near[:, None] * line.widths)
        slopes = self._slope(grid)
        at = np.flatnonzero(np.sign(slopes[1:]) != np.sign(slopes[:-1]))
        signs = np.where(slopes[at + 1] > slopes[at], 1.0, -1.0)

        def function(x: Array, which: AnyArray) -> tuple[Array, Array]:
            return signs[which] * self._slope(x), np.full(len(x), np.nan)

        return bracketed_roots(function, grid[at], grid[at + 1])

    def _slope(self, x: Array) -> Array:
        """Return the slope of the log-density (n,), in units of the narrowest component."""
        line = self.line
        parts = line.log_parts(x)
        shares = np.exp(parts - parts.max(axis=1, keepdims=True))
        pulls = line.density.slope((x[:, None] - line.means) / line.widths)
        pulls *= line.widths.min() / line.widths
        return np.asarray((shares * pulls).sum(axis=1) / shares.sum(axis=1))

    def outside(self, height: float) -> float:
        """Return the probability that the log-density of the normals is below a height."""
        line, low, high = self.line, self.ends[:-1].copy(), self.ends[1:].copy()
        first, last = self.heights[:-1], self.heights[1:]
        crossed = np.flatnonzero((first >= height) != (last >= height))
        signs = np.where(self.rises[crossed], 1.0, -1.0)

        def function(x: Array, which: AnyArray) -> tuple[Array, Array]:
            return signs[which] * (line.log_normals(x) - height), np.full(len(x), np.nan)

        roots = bracketed_roots(function, low[crossed], high[crossed])
        low[crossed] = np.where(self.rises[crossed], low[crossed], roots)
        high[crossed] = np.where(self.rises[crossed], roots, high[crossed])
        left = (first < height) | (last < height)
        tails = [-np.inf, self.ends[0]], [self.ends[-1], np.inf]
        return self._between(*np.column_stack([[low[left], high[left]], np.transpose(tails)]))

    def _between(self, low: Array, high: Array) -> float:
        line = self.line
        z = (np.stack([low, high])[:, :, None] - line.means) / line.widths
        # From the nearer end: differences of a distribution function near 1 have no digits.
        z = np.where((z > 0).all(axis=0), -z[::-1], z)
        below = line.density.below
        normals = float(((below(z[1]) - below(z[0])) @ line.weights).sum())
        if not line.share:
            return normals
        within = np.clip(np.stack([low, high]), *line.edges)
        width = float(line.edges[1] - line.edges[0])
        return normals + line.share * float((within[1] - within[0]).sum()) / width

    def levels(self, outside: Array) -> Array:
        """Return the log-densities (m,) below which such masses lie."""
        from scipy.optimize import brentq

        top = float(self.heights.max())
        found = np.empty(len(outside))
        for i, mass in enumerate(outside):
            depth = 1.0
            while self.outside(top - depth) > mass and depth < _DEEPEST:
                depth *= 2.0

            def excess(below: float, mass: float = float(mass)) -> float:
                return mass - self.outside(top - below)

            if excess(depth) > 0:
                depth = brentq(excess, 0.0, depth, xtol=1e-13, rtol=1e-14)
            found[i] = top - depth
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(found, np.log(self.line.plain)))
