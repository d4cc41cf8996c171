"""A univariate mixture: its distribution function, and the quantiles that invert it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp, ndtri_exp

from ..components.densities import NORMAL
from ..numerics.roots import bracketed_roots

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.densities import Density
    from .mixture import Mixture

__all__ = ["Line"]

_NOWHERE = np.zeros(2)
_LARGEST = float(np.finfo(float).max)
# Values whose distances to all components are held at once.
_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Line:
    """Components on a line, and maybe a uniform part over an interval.

    Or one for each of n values: then its arrays are (n, K).

    Attributes
    ----------
    log_weights, means, widths : ndarray (K,) or (n, K)
        Logs of weights, which with `share` sum to 1, means and standard deviations, or scales.
    share : float
        Weight of the uniform part.
    edges : ndarray (2,)
        Its interval.
    density : Density
        Of the K components.
    """

    log_weights: Array
    means: Array
    widths: Array
    share: float = 0.0
    edges: Array = field(default_factory=lambda: _NOWHERE)
    density: Density = NORMAL

    @classmethod
    def of(cls, mixture: Mixture, feature: int = 0) -> Line:
        """Return the marginal of one feature; raise ParameterError if a box is in the way."""
        used = mixture.weights > 0  # a component that lost its rows has none
        noise = mixture.noise
        share, edges = 0.0, _NOWHERE
        if noise is not None:
            share, edges = float(noise.weight), np.array(noise.along_features())[:, feature]
        weights = mixture.weights[used]
        whole = weights.sum() + share  # 1, but for rounding when it was written
        widths = np.sqrt(mixture.scales.variances()[used, feature])
        means, log_weights = mixture.means[used, feature], np.log(weights / whole)
        density = mixture.density.take(used)
        return cls(log_weights, means, widths, share / whole, edges, density)

    def reflected(self) -> Line:
        """Return the mixture of -x."""
        return replace(self, means=-self.means, edges=-self.edges[::-1])

    @cached_property
    def weights(self) -> Array:
        """Weights, shaped like their logs."""
        return np.asarray(np.exp(self.log_weights))

    def at(self, values: slice | AnyArray) -> Line:
        """Return what some of the values have to do with: itself, if all have one."""
        if self.means.ndim == 1:
            return self
        arrays = (self.log_weights, self.means, self.widths)
        weights, means, widths = (array[values] for array in arrays)
        return replace(self, log_weights=weights, means=means, widths=widths)

    # -- density ----------------------------------------------------------------------

    def log_parts(self, x: Array) -> Array:
        """Return the log-joint densities (n, K) of the normals."""
        z = (x[:, None] - self.means) / self.widths
        return self.log_weights - np.log(self.widths) + self.density.log_density(z)

    def log_normals(self, x: Array) -> Array:
        """Return the log-density (n,) of the normals, the uniform part left out."""
        return np.asarray(logsumexp(self.log_parts(x), axis=1))

    def log_density(self, x: Array) -> Array:
        """Return the log-density (n,); the uniform part counts everywhere, as in `logpdf`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(self.log_normals(x), np.log(self.plain)))

    @property
    def plain(self) -> float:
        """Density of the uniform part."""
        return self.share / float(self.edges[1] - self.edges[0]) if self.share else 0.0

    # -- distribution -----------------------------------------------------------------

    def cdf(self, x: Array) -> Array:
        """Return P(X <= x), shape (n,)."""
        found = np.empty(len(x))
        for rows in _blocks(len(x)):
            own = self.at(rows)
            z = (x[rows, None] - own.means) / own.widths
            below = (own.density.below(z) * own.weights).sum(axis=1)
            found[rows] = below + self.share * self._uniform(x[rows])
        return np.minimum(found, 1.0)

    def _uniform(self, x: Array) -> Array:
        low, high = self.edges
        return np.clip((x - low) / (high - low), 0.0, 1.0) if self.share else np.zeros(len(x))

    def _log_cdf(self, x: Array) -> tuple[Array, Array]:
        """Return the log of the distribution function, right far below too, and its slope."""
        z = (x[:, None] - self.means) / self.widths
        parts = self.log_weights + self.density.log_below(z)
        log_cdf, log_pdf = logsumexp(parts, axis=1), self.log_normals(x)
        if self.share:
            low, high = self.edges
            with np.errstate(divide="ignore"):
                log_cdf = np.logaddexp(log_cdf, np.log(self.share * self._uniform(x)))
                inside = np.where((low < x) & (x < high), np.log(self.plain), -np.inf)
            log_pdf = np.logaddexp(log_pdf, inside)
        return log_cdf, np.exp(np.minimum(log_pdf - log_cdf, 700.0))

    # -- quantiles --------------------------------------------------------------------

    def ppf(self, q: Array) -> Array:
        """Return the values (n,) that are exceeded with probability 1 - q."""
        found = np.empty(len(q))
        below = q <= 0.5
        # 1 - q is exact above a half, so each tail is solved for in its own logarithm.
        found[below] = self.at(below)._lower_tail(q[below])
        found[~below] = -self.reflected().at(~below)._lower_tail(1.0 - q[~below])
        return found

    def _lower_tail(self, q: Array) -> Array:
        found = np.full(len(q), -np.inf)
        inner = np.flatnonzero(q > 0)
        for rows in _blocks(len(inner)):
            found[inner[rows]] = self.at(inner[rows])._roots(np.log(q[inner[rows]]))
        return found

    def _roots(self, log_q: Array) -> Array:
        """Return quantiles between those of the components, where they must be."""
        if not self.density.plain:
            return self._far_roots(log_q)
        own = self.means + self.widths * ndtri_exp(log_q)[:, None]
        if self.share:
            low, high = self.edges
            own = np.column_stack([own, low + np.exp(log_q) * (high - low)])
        slack = 1e-12 * (np.abs(own) + self.widths.max(axis=-1, keepdims=True))
        lower, upper = (own - slack).min(axis=1), (own + slack).max(axis=1)

        def function(x: Array, which: AnyArray) -> tuple[Array, Array]:
            log_cdf, slope = self.at(which)._log_cdf(x)
            return log_cdf - log_q[which], slope

        return bracketed_roots(function, lower, upper)

    def _far_roots(self, log_q: Array) -> Array:
        """Return quantiles wherever they are: of heavy tails they may be beyond all floats."""
        ends = np.full(len(log_q), _LARGEST)

        def function(x: Array, which: AnyArray) -> tuple[Array, Array]:
            with np.errstate(over="ignore", invalid="ignore"):  # so far out there is no slope
                log_cdf, slope = self.at(which)._log_cdf(x)
            return log_cdf - log_q[which], slope

        found = np.full(len(log_q), -np.inf)
        (inside,) = np.nonzero(function(-ends, np.arange(len(log_q)))[0] < 0)
        some = ends[inside]
        found[inside] = bracketed_roots(lambda x, of: function(x, inside[of]), -some, some)
        return found


def _blocks(n: int) -> list[slice]:
    return [slice(first, min(first + _ROWS, n)) for first in range(0, n, _ROWS)]
