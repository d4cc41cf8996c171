"""A mixture seen in one or two of its features, its uniform background too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._style import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import AnyArray, Array
    from ..components.noise import Noise
    from ..mixture.mixture import Mixture

__all__ = ["Background", "Flat", "draw_box", "flatten"]

# Points of a turned box that stand for the features not seen; of a low-discrepancy sequence.
_POINTS = 1024
_BLOCK = 64
# A component of fewer steps of a grid is drawn at points of its own, in deviations from its mean.
_NARROW = 3.0
_ACROSS = np.linspace(-4.0, 4.0, 25)
# Halvings of an interval: the width of the data over it is lost in rounding.
_BISECTIONS = 64


@dataclass(frozen=True, eq=False)
class Flat:
    """A mixture of one or two features: Gaussians, and a background with its own density.

    Attributes
    ----------
    whole : Mixture
        Of all features.
    columns : ndarray (m,)
        The features seen.
    gaussians : Mixture
        The components in these, with weights that sum to 1.
    background : Background or None
    """

    whole: Mixture
    columns: AnyArray
    gaussians: Mixture
    background: Background | None

    @property
    def weights(self) -> Array:
        """Weights (K,) of the components: with that of the background they sum to 1."""
        return self.whole.weights

    def components(self, points: Array) -> Array:
        """Return weight times density of each component, (n, K)."""
        share = self.weights.sum() if self.background is not None else 1.0
        density = share * self.gaussians.pdf(points)
        return density[:, None] * self.gaussians.responsibilities(points)

    def noise(self, points: Array) -> Array:
        """Return weight times density of the background, (n,)."""
        if self.background is None:
            return np.zeros(len(points))
        return self.background.weight * self.background.density(points)

    def pdf(self, points: Array) -> Array:
        """Return the density of the whole, (n,)."""
        if self.background is None:
            return self.gaussians.pdf(points)
        return self.weights.sum() * self.gaussians.pdf(points) + self.noise(points)

    def cdf(self, points: Array) -> Array:
        """Return the probability (n,) of at most each value of the one feature seen."""
        values = np.asarray(points, dtype=np.float64)
        below = self.gaussians.cdf(values)
        if self.background is None:
            return below
        noise = self.background.weight * self.background.cdf(values)
        return np.asarray(self.weights.sum() * below + noise)

    def ppf(self, shares: Array) -> Array:
        """Return the quantiles (n,) of the one feature seen."""
        shares = np.asarray(shares, dtype=np.float64)
        if self.background is None:
            return np.asarray(self.gaussians.ppf(shares))
        # Between the mixture's and the box; halved, as the box may be turned.
        own, corners = self.gaussians.ppf(shares), self.background.corners()[:, 0]
        low, high = np.minimum(own, corners[0]), np.maximum(own, corners[1])
        for _ in range(_BISECTIONS):
            middle = low + (high - low) / 2
            below = self.cdf(middle) < shares
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(low + (high - low) / 2)

    def posterior(self, points: Array) -> Array:
        """Return probabilities (n, K) of the components, and a column more for a background."""
        found = self.gaussians.responsibilities(points)
        if self.background is None:
            return found
        noise, density = self.noise(points), self.weights.sum() * self.gaussians.pdf(points)
        both = noise + density
        share = np.divide(noise, both, out=np.zeros(len(both)), where=both > 0)
        return np.column_stack([found * (1.0 - share)[:, None], share])

    def labels(self, posterior: Array) -> AnyArray:
        """Return the most probable component (n,), -1 for the background."""
        found = posterior.argmax(axis=1)
        return np.where(found == self.whole.n_components, -1, found)

    def _deviations(self) -> Array:
        """Standard deviations (K, m)."""
        return np.asarray(np.sqrt(self.gaussians.scales.variances()))

    def grid(self, axis: int, low: float, high: float, count: int) -> Array:
        """Return `count` values from low to high, and more across components that slip through."""
        found = [np.linspace(low, high, count)]
        step = (high - low) / (count - 1)
        for mean, width in zip(
            self.gaussians.means[:, axis], self._deviations()[:, axis], strict=True
        ):
            if width < _NARROW * step:
                found.append(mean + width * _ACROSS)
        values = np.unique(np.concatenate(found))
        return np.asarray(values[(values >= low) & (values <= high)])

    def sample(self, n_samples: int) -> Array:
        """Draw rows (n, m), the same each time."""
        if self.background is None:
            return self.gaussians.sample(n_samples, 0)[0]
        return self.whole.sample(n_samples, 0)[0][:, self.columns]

    def limits(self, sigmas: float) -> Array:
        """Return the lowest and highest corner (2, m) of what there is to see."""
        reach = sigmas * self._deviations()
        low = (self.gaussians.means - reach).min(axis=0)
        high = (self.gaussians.means + reach).max(axis=0)
        if self.background is None:
            return np.array([low, high])
        corners = self.background.corners()
        return np.array([np.minimum(low, corners[0]), np.maximum(high, corners[1])])


@dataclass(frozen=True, eq=False)
class Background:
    """The shadow (marginal) that a uniform box throws on one or two features.

    Attributes
    ----------
    weight : float
    start : ndarray (m,)
        A corner of the box.
    edges : ndarray (m, d)
        What each edge of the box adds to it.
    """

    weight: float
    start: Array
    edges: Array

    @classmethod
    def of(cls, noise: Noise, columns: AnyArray) -> Background:
        axes = noise.axes[columns]
        return cls(noise.weight, axes @ noise.lower, axes * (noise.upper - noise.lower))

    def density(self, points: Array) -> Array:
        """Return the density, (n,).

        Of all features it is constant, outside of the box too, as `Noise` says.  Of some it is
        a parallelogram's, averaged over the edges that are left: exactly where these are
        along other features, else over many points of them.
        """
        points = np.asarray(points).reshape(-1, len(self.start))
        m, d = self.edges.shape
        chosen = _widest(self.edges)
        base = self.edges[:, chosen]
        height = 1.0 / abs(np.linalg.det(base))
        if m == d:
            return np.full(len(points), height)
        rest = np.delete(self.edges, chosen, axis=1)
        rest = rest[:, np.abs(rest).max(axis=0) > 1e-9 * np.abs(base).max()]
        inverse = np.linalg.inv(base)
        within = np.zeros(len(points))
        shifts = (_spread(rest.shape[1]) @ rest.T) @ inverse.T
        places = (points - self.start) @ inverse.T
        for block in np.split(shifts, range(_BLOCK, len(shifts), _BLOCK)):
            inside = np.ones((len(block), len(points)), bool)
            for shift, place in zip(block.T, places.T, strict=True):
                offset = place - shift[:, None]
                inside &= (offset >= 0) & (offset <= 1)
            within += inside.sum(axis=0)
        return height * within / len(shifts)

    def cdf(self, values: Array) -> Array:
        """Return the probability (n,) of at most each value, of one feature."""
        chosen = _widest(self.edges)
        base = float(self.edges[0, chosen[0]])
        rest = np.delete(self.edges[0], chosen)
        rest = rest[np.abs(rest) > 1e-9 * abs(base)]
        shifts = _spread(len(rest)) @ rest if len(rest) else np.zeros(1)
        low = self.start[0] + min(base, 0.0)
        total = np.zeros(len(values))
        for shift in shifts:
            total += np.clip((values - low - shift) / abs(base), 0.0, 1.0)
        return np.asarray(total / len(shifts))

    def corners(self) -> Array:
        """Return the lowest and highest corner (2, m) of the shadow."""
        low, high = np.minimum(self.edges, 0).sum(axis=1), np.maximum(self.edges, 0).sum(axis=1)
        return self.start + np.array([low, high])

    def outline(self) -> Array:
        """Return the corners (p, 2) of the shadow on two features, in their order around it."""
        edges = self.edges.T[np.abs(self.edges).max(axis=0) > 1e-9 * np.abs(self.edges).max()]
        # All edges upwards, from the lowest corner: by their slope they go around one side.
        down = (edges[:, 1] < 0) | ((edges[:, 1] == 0) & (edges[:, 0] < 0))
        lowest = self.start + edges[down].sum(axis=0)
        edges = np.where(down[:, None], -edges, edges)
        edges = edges[np.argsort(np.arctan2(edges[:, 1], edges[:, 0]))]
        return lowest + np.cumsum(np.vstack([edges, -edges]), axis=0)


def flatten(mixture: Mixture, columns: AnyArray | int) -> Flat:
    """Return a mixture seen in some features (m,), one or two."""
    columns = np.atleast_1d(np.asarray(columns))
    if mixture.noise is None:
        return Flat(mixture, columns, mixture.marginal(columns), None)
    gaussians = mixture.without_noise().marginal(columns)
    return Flat(mixture, columns, gaussians, Background.of(mixture.noise, columns))


def draw_box(ax: Axes, flat: Flat) -> bool:
    """Draw the edges of the background, once; return whether there is one."""
    from matplotlib.patches import Polygon

    if flat.background is None:
        return False
    name = f"box of the noise, weight {flat.background.weight:.2f}"
    if name not in ax.get_legend_handles_labels()[1]:
        style: dict[str, Any] = {
            "fill": False,
            "edgecolor": GREY,
            "linestyle": (0, (4, 3)),
            "linewidth": 1.2,
        }
        ax.add_patch(Polygon(flat.background.outline(), label=name, zorder=2, **style))
    return True


def _widest(edges: Array) -> list[int]:
    """Return the one edge, or the two, that span most."""
    if len(edges) == 1:
        return [int(np.argmax(np.abs(edges[0])))]
    areas = np.abs(np.outer(edges[0], edges[1]) - np.outer(edges[1], edges[0]))
    return sorted(int(j) for j in np.unravel_index(np.argmax(areas), areas.shape))


def _spread(dimensions: int) -> Array:
    """Return points that fill a cube evenly, (n, dimensions); one if there are none."""
    if dimensions == 0:
        return np.zeros((1, 0))
    from scipy.stats.qmc import Sobol

    return np.asarray(Sobol(dimensions, scramble=False).random(_POINTS)) + 0.5 / _POINTS
