"""Highest density regions: where the density is above the level that leaves a mass inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv, ndtr

from ..numerics.roots import bracketed_roots
from .line import Line

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .mixture import Mixture

__all__ = ["log_levels"]

# Standard deviations around each mean where slopes are looked at, and beyond which nothing is.
_NEAR = np.linspace(-9.0, 9.0, 361)
_FAR = 38.0
# Below the top of a density, in its logarithm: all that can be computed lies higher.
_DEEPEST = 1e5


def log_levels(
    mixture: Mixture, masses: Array, n_samples: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return the log-densities (m,) whose regions hold such masses, and standard errors (m,)."""
    used = np.flatnonzero(mixture.weights > 0)
    if len(used) == 1 and mixture.noise is None:
        return _of_normal(mixture, int(used[0]), masses), np.zeros(len(masses))
    if mixture.n_features == 1:
        return Hills(Line.of(mixture)).levels(masses), np.zeros(len(masses))
    return _of_draws(mixture.logpdf(mixture.sample(n_samples, rng)[0]), masses)


def _of_normal(mixture: Mixture, k: int, masses: Array) -> Array:
    """Return the levels of one ellipsoid: squared distances are chi-squared."""
    top = np.log(mixture.weights[k]) + mixture.covariances.log_norm()[k]
    return np.asarray(top - gammaincinv(mixture.n_features / 2, masses))


def _of_draws(log_density: Array, masses: Array) -> tuple[Array, Array]:
    """Return levels as quantiles of the density at draws (Hyndman 1996, section 3.2)."""
    n, ordered = len(log_density), np.sort(log_density)
    spread = np.sqrt(n * masses * (1.0 - masses))
    places = n * (1.0 - masses)

    def at(place: Array) -> Array:
        return ordered[np.clip(np.rint(place).astype(np.intp), 0, n - 1)]

    # How many draws lie below a level is binomial: its error is read off among the draws.
    low, high = at(places - 1.0 - spread), at(places + 1.0 + spread)
    return np.asarray(np.quantile(log_density, 1.0 - masses)), (high - low) / 2.0


class Hills:
    """A univariate density cut into pieces that only rise or only fall.

    A uniform part lifts all of it: as in `logpdf`, it counts outside of its interval too.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        ends = line.means + np.array([[-_FAR], [_FAR]]) * line.widths
        turns = self._turns()
        self.ends = np.unique(np.concatenate([[ends.min()], turns, [ends.max()]]))
        self.heights = line.log_normals(self.ends)
        self.rises = self.heights[1:] > self.heights[:-1]

    def _turns(self) -> Array:
        """Return the places (m,) of modes and of the dips between them."""
        line = self.line
        grid = np.unique(line.means + _NEAR[:, None] * line.widths)
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
        pulls = (line.means - x[:, None]) / line.widths * (line.widths.min() / line.widths)
        return np.asarray((shares * pulls).sum(axis=1) / shares.sum(axis=1))

    def mass(self, height: float) -> float:
        """Return the probability that the log-density of the normals is above a height."""
        line, low, high = self.line, self.ends[:-1].copy(), self.ends[1:].copy()
        first, last = self.heights[:-1], self.heights[1:]
        crossed = np.flatnonzero((first >= height) != (last >= height))
        signs = np.where(self.rises[crossed], 1.0, -1.0)

        def function(x: Array, which: AnyArray) -> tuple[Array, Array]:
            return signs[which] * (line.log_normals(x) - height), np.full(len(x), np.nan)

        roots = bracketed_roots(function, low[crossed], high[crossed])
        low[crossed] = np.where(self.rises[crossed], roots, low[crossed])
        high[crossed] = np.where(self.rises[crossed], high[crossed], roots)
        inside = (first >= height) | (last >= height)
        return self._between(low[inside], high[inside])

    def _between(self, low: Array, high: Array) -> float:
        line = self.line
        z = (np.stack([low, high])[:, :, None] - line.means) / line.widths
        # From the nearer end: differences of a distribution function near 1 have no digits.
        z = np.where((z > 0).all(axis=0), -z[::-1], z)
        normals = float(((ndtr(z[1]) - ndtr(z[0])) @ line.weights).sum())
        if not line.share:
            return normals
        within = np.clip(np.stack([low, high]), *line.edges)
        width = float(line.edges[1] - line.edges[0])
        return normals + line.share * float((within[1] - within[0]).sum()) / width

    def levels(self, masses: Array) -> Array:
        """Return the log-densities (m,) whose regions hold such masses."""
        from scipy.optimize import brentq

        top = float(self.heights.max())
        found = np.empty(len(masses))
        for i, mass in enumerate(masses):
            depth = 1.0
            while self.mass(top - depth) < mass and depth < _DEEPEST:
                depth *= 2.0

            def excess(below: float, mass: float = float(mass)) -> float:
                return self.mass(top - below) - mass

            if excess(depth) > 0:
                depth = brentq(excess, 0.0, depth, xtol=1e-13, rtol=1e-14)
            found[i] = top - depth
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(found, np.log(self.line.plain)))
