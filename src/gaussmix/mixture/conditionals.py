"""What is known of some features of many rows says where their others are, at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp

from ..components.covariances.base import LOG_2PI
from ..components.densities import NORMAL
from ..exceptions import ParameterError
from ..numerics.arguments import as_generator, check_integer
from .line import Line
from .mixture import Mixture
from .whole import checked_shares

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.densities import Density

__all__ = ["Conditionals", "conditioned_rows"]


@dataclass(frozen=True, eq=False)
class Conditionals:
    """A mixture for each of n rows: of features that are not known, given those that are.

    Made by `Mixture.conditionals` and ``MixtureRegressor.predict_distribution``; item i is
    the `Mixture` of row i.

    Attributes
    ----------
    log_weights : ndarray (n, K)
        Logs of what the known features make of the mixing weights; finite however far.
    means : ndarray (n, K, m)
    patterns : ndarray of int (n,)
        Which of `covariances` each row has: they depend on which features are known.
    covariances : tuple of Covariances
        Scales, of components that are not normal.
    feature_names : tuple of str (m,), optional
    densities : tuple of Density
        Of the components, of each pattern.
    factors : ndarray (n, K) or None
        What scales are multiplied by in each row: those of Student's t are the wider, the further
        what is known is from where it was expected.
    """

    log_weights: Array
    means: Array
    patterns: AnyArray
    covariances: tuple[Covariances, ...]
    feature_names: tuple[str, ...] | None = None
    densities: tuple[Density, ...] = (NORMAL,)
    factors: Array | None = None

    def __len__(self) -> int:
        return len(self.log_weights)

    @property
    def n_features(self) -> int:
        """Number of features that the mixtures are of, m."""
        return self.means.shape[2]

    @property
    def weights(self) -> Array:
        """Mixing weights (n, K); rows sum to 1."""
        return np.asarray(np.exp(self.log_weights))

    def __getitem__(self, row: int) -> Mixture:
        """Return the mixture of one row; components of no weight at all have the least float."""
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        weights = np.maximum(self.weights[row], np.finfo(float).tiny)
        pattern = self.patterns[row]
        scales = self.covariances[pattern]
        if self.factors is not None:
            scales = scales.times(self.factors[row])
        names, density = self.feature_names, self.densities[pattern]
        return Mixture(weights, self.means[row], scales, names, density=density)

    def of_features(self, columns: AnyArray) -> Conditionals:
        """Return the mixtures of some of their features (m,), in the order of these."""
        names = self.feature_names
        return replace(
            self,
            means=self.means[:, :, columns],
            covariances=tuple(held.marginal(columns) for held in self.covariances),
            feature_names=None if names is None else tuple(names[j] for j in columns),
        )

    def mean(self) -> Array:
        """Return the mean of each row's mixture, shape (n, m)."""
        return np.einsum("nk,nkj->nj", self.weights, self.means)

    def covariance(self) -> Array:
        """Return the covariance of each row's mixture, (n, m, m): within plus between."""
        weights, offsets = self.weights, self.means - self.mean()[:, None]
        between = np.einsum("nk,nki,nkj->nij", weights, offsets, offsets)
        within = np.empty_like(between)
        for rows, held, density in self._by_pattern():
            wide = weights[rows] * self._factors(rows) * density.inflation(weights.shape[1])
            within[rows] = np.einsum("nk,kij->nij", wide, held.to_dense())
        return within + between

    def std(self) -> Array:
        """Return the standard deviations of each row's mixture, shape (n, m)."""
        weights, offsets = self.weights, self.means - self.mean()[:, None]
        variances = np.einsum("nk,nkj->nj", weights, offsets**2)
        for rows, held, density in self._by_pattern():
            wide = weights[rows] * self._factors(rows) * density.inflation(weights.shape[1])
            variances[rows] += wide @ held.variances()
        return np.asarray(np.sqrt(variances))

    def logpdf(self, Y: ArrayLike) -> Array:
        """Return the log-density of each row's own values Y (n, m), shape (n,)."""
        Y = self._values(Y)
        joint = self.log_weights.copy()
        for rows, held, density in self._by_pattern():
            d, log_dets = self.n_features, np.broadcast_to(held.log_det(), joint.shape[1])
            factors = self._factors(rows)
            for k in range(joint.shape[1]):
                distances = held.mahalanobis(k, Y[rows] - self.means[rows, k]) / factors[:, k]
                own = _at_distances(density, k, distances, d)
                joint[rows, k] += own - 0.5 * (log_dets[k] + d * np.log(factors[:, k]))
        return np.asarray(logsumexp(joint, axis=1))

    def cdf(self, Y: ArrayLike) -> Array:
        """Return P(feature <= value) for each row's own values, feature by feature, (n, m).

        Uniform between 0 and 1 where the model is right: what calibration is seen by.
        """
        Y = self._values(Y)
        found = np.empty(Y.shape)
        for rows, held, density in self._by_pattern():
            for j in range(self.n_features):
                found[rows, j] = self._line(j, rows, held, density).cdf(Y[rows, j])
        return found

    def ppf(self, q: ArrayLike) -> Array:
        """Return quantiles of each feature, shape (n, *q.shape, m)."""
        shares = checked_shares("q", q)
        found = np.empty((len(self), shares.size, self.n_features))
        for rows, held, density in self._by_pattern():
            for j in range(self.n_features):
                line = self._line(j, rows, held, density)
                for place, share in enumerate(shares.ravel()):
                    found[rows, place, j] = line.ppf(np.full(len(rows), share))
        return found.reshape(len(self), *shares.shape, self.n_features)

    def sample(self, n_samples: int = 1, random_state: Any = None) -> Array:
        """Draw from each row's mixture, shape (n, n_samples, m)."""
        n_samples = check_integer("n_samples", n_samples, minimum=1)
        rng, n = as_generator(random_state), len(self)
        ends = np.cumsum(self.weights, axis=1)
        ends /= ends[:, -1:]
        places = rng.random((n, n_samples))
        components = (places[:, :, None] > ends[:, None, :]).sum(axis=2)
        white = rng.standard_normal((n, n_samples, self.n_features))
        found = self.means[np.arange(n)[:, None], components]
        for rows, held, density in self._by_pattern():
            own, factors = np.zeros(n, dtype=bool), np.ones(self.log_weights.shape)
            own[rows] = True
            factors[rows] = self._factors(rows)
            for k in np.unique(components[rows]).tolist():
                which = own[:, None] & (components == k)
                drawn = held.unwhiten(k, white[which])
                stretches = density.stretches(k, len(drawn), rng)
                if stretches is not None:
                    drawn = drawn * stretches[:, None]
                if self.factors is not None:
                    drawn = drawn * np.sqrt(factors[np.nonzero(which)[0], k])[:, None]
                found[which] += drawn
        return found

    def _by_pattern(self) -> list[tuple[AnyArray, Covariances, Density]]:
        """Return the rows of each pattern, and what they have in common."""
        both = zip(self.covariances, self.densities, strict=True)
        if len(self.covariances) == 1:
            return [(np.arange(len(self)), *next(both))]
        return [(np.flatnonzero(self.patterns == p), *own) for p, own in enumerate(both)]

    def _factors(self, rows: AnyArray) -> Array:
        """Return what scales of some rows are multiplied by (m, K)."""
        if self.factors is None:
            return np.ones((len(rows), self.log_weights.shape[1]))
        return self.factors[rows]

    def _line(self, feature: int, rows: AnyArray, held: Covariances, density: Density) -> Line:
        widths = np.sqrt(held.variances()[:, feature] * self._factors(rows))
        means = self.means[rows][:, :, feature]
        return Line(self.log_weights[rows], means, widths, density=density)

    def _values(self, Y: ArrayLike) -> Array:
        values = np.asarray(Y, dtype=np.float64)
        values = values[:, None] if values.ndim == 1 else values
        if values.shape != (len(self), self.n_features):
            raise ParameterError(
                f"Y: expected values of shape ({len(self)}, {self.n_features}), one row for each "
                f"mixture, got {np.shape(Y)}"
            )
        return values


def _at_distances(density: Density, k: int, distances: Array, d: int) -> Array:
    """Return log-densities (n,) of a component of unit scale at squared distances (n,)."""
    own, joint = density.take(slice(k, k + 1)), -0.5 * distances[None]
    if not density.needs_distances:
        joint -= 0.5 * d * LOG_2PI
    own.log_joint(joint, own.terms(np.zeros((1, 1)), d))
    return np.asarray(joint[0])


def conditioned_rows(mixture: Mixture, given: AnyArray, rows: Array) -> Conditionals:
    """Return the mixtures of the other features, given values of some (n, l).

    A NaN among the values is not known: the others alone count, whatever it would be.
    """
    kept = np.setdiff1d(np.arange(mixture.n_features), given)
    if len(kept) == 0:
        raise ParameterError("columns: all features are given, none is left")
    known = ~np.isnan(rows)
    kinds, patterns = np.unique(known, axis=0, return_inverse=True)
    n, k = len(rows), mixture.n_components
    log_weights, means, factors = np.empty((n, k)), np.empty((n, k, len(kept))), np.empty((n, k))
    held: list[Covariances] = []
    densities: list[Density] = []
    for number, kind in enumerate(kinds):
        places, seen = np.flatnonzero(patterns.reshape(-1) == number), np.flatnonzero(kind)
        own = _of_pattern(mixture, kept, given[seen], rows[np.ix_(places, seen)])
        log_weights[places], means[places], factors[places] = own[:3]
        held.append(own[3])
        densities.append(own[4])
    names = mixture.feature_names
    return Conditionals(
        log_weights,
        means,
        patterns.reshape(-1),
        tuple(held),
        None if names is None else tuple(names[j] for j in kept),
        tuple(densities),
        None if mixture.density.plain else factors,
    )


def _of_pattern(
    mixture: Mixture, kept: AnyArray, given: AnyArray, rows: Array
) -> tuple[Array, Array, Array, Covariances, Density]:
    """Return log-weights (n, K), means (n, K, m), factors (n, K), scales and the density."""
    n, density = len(rows), mixture.density
    if len(given) == 0:
        with np.errstate(divide="ignore"):
            log_weights = np.log(mixture.weights / mixture.weights.sum())
        means = np.broadcast_to(mixture.means[:, kept], (n, *mixture.means[:, kept].shape))
        one = np.ones((n, len(log_weights)))
        return np.tile(log_weights, (n, 1)), means, one, mixture.scales.marginal(kept), density
    gains, scales = mixture.scales.conditional(kept, given)
    alone = np.arange(mixture.n_components)
    known = mixture.scales.marginal(given)
    log_weights = mixture.marginal(given)._evaluator(rows).log_shares(alone, len(alone))
    means, distances = np.empty((n, mixture.n_components, len(kept))), np.zeros((len(alone), n))
    for k in alone.tolist():
        offsets = rows - mixture.means[k, given]
        means[:, k] = mixture.means[k, kept] + offsets @ gains[k].T
        if not density.plain:
            distances[k] = known.mahalanobis(k, offsets)
    density, factors = density.conditional(distances, len(given))
    return log_weights, means, factors.T, scales, density
