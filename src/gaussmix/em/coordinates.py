"""Sufficient statistics as points of a vector space, so that a fit can be carried on along lines.

Sums and multiples of points are statistics again: counts go by their logarithms, scatters by
their Cholesky factors.  The M-step turns any of them into covariances of its family, so no
family needs a parametrisation of its own, and the forms of the E-step share this one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.statistics import SufficientStatistics
    from ..numerics.groups import Groups

__all__ = ["from_vectors", "lengths", "metric", "to_vectors"]


def to_vectors(statistics: SufficientStatistics) -> tuple[Array, AnyArray]:
    """Return the coordinates of each mixture's statistics (G, p), and which are finite (G,).

    Those with a singular scatter are not.  Mixtures of fewer components have zeros at the end.

    Of each component the log of its count, its mean, the logs of what its density adds up, a
    row, and its scatter by the factor unless scatters are pooled; then of the mixture the
    pooled scatter and the log of the noise.
    """
    counts, noise = statistics.counts, statistics.noise[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        covariances = statistics.scatters / statistics.moment.expand(_weights(statistics))
        shapes = statistics.moment.coordinates(covariances)
        parts = [np.log(counts)[:, None], statistics.means]
        if statistics.tally is not None:
            parts.append(np.log(statistics.tally / counts[:, None]))
        whole = np.log(noise, where=noise > 0, out=np.zeros_like(noise))
    if statistics.pooled:
        whole = np.concatenate([shapes, whole], axis=1)
    else:
        parts.append(shapes)
    vectors = _joined(np.concatenate(parts, axis=1), whole, statistics.groups)
    return vectors, np.asarray(np.isfinite(vectors).all(axis=1))


def lengths(statistics: SufficientStatistics) -> AnyArray:
    """Return how many coordinates each mixture's statistics have (G,)."""
    d, pooled = statistics.n_features, statistics.pooled
    n_shape = _n_shape(statistics)
    width = 1 + d + _n_tally(statistics) + (0 if pooled else n_shape)
    return statistics.groups.counts * width + 1 + (n_shape if pooled else 0)


def metric(statistics: SufficientStatistics) -> Array:
    """Return by what to multiply differences of coordinates, those of each mixture (G, p).

    Their squares are then about the information that complete rows would hold, a row: a
    component has its share of it, and a mean is known as well as its features are narrow.
    """
    groups, d = statistics.groups, statistics.n_features
    totals = groups.sum(statistics.counts) + statistics.noise
    shares = np.sqrt(statistics.counts / groups.spread(totals))[:, None]
    scatters = statistics.scatters / statistics.moment.expand(_weights(statistics))
    variances = statistics.moment.diagonal(scatters, d)
    if statistics.pooled:
        variances = groups.spread(variances)
    n_shape = 0 if statistics.pooled else _n_shape(statistics)
    own = np.repeat(shares, 1 + d + _n_tally(statistics) + n_shape, axis=1)
    own[:, 1 : 1 + d] /= np.sqrt(np.where(variances > 0, variances, 1.0))
    whole = np.ones((len(groups), 1 + (_n_shape(statistics) if statistics.pooled else 0)))
    whole[:, -1] = np.sqrt(statistics.noise / totals)
    return _joined(own, whole, groups)


def from_vectors(vectors: Array, like: SufficientStatistics) -> tuple[SufficientStatistics, Array]:
    """Return the statistics at some coordinates, with the total weight of others.

    Parameters
    ----------
    vectors : ndarray (G, p)
        As `to_vectors` returns them.
    like : SufficientStatistics
        Of the same mixtures.

    Returns
    -------
    statistics : SufficientStatistics
    vectors : ndarray (G, p)
        Its coordinates: those given, but for the total weight.
    """
    groups, d = like.groups, like.n_features
    first = 1 + d + _n_tally(like)
    width = first + (0 if like.pooled else _n_shape(like))
    own, whole = _apart(vectors, groups, width)
    present = like.noise > 0
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        counts, noise = np.exp(own[:, 0]), np.where(present, np.exp(whole[:, -1]), 0.0)
        share = (groups.sum(like.counts) + like.noise) / (groups.sum(counts) + noise)
        own[:, 0] += groups.spread(np.log(share))
        whole[present, -1] += np.log(share[present])
        noise = noise * share
        scatters = like.moment.from_coordinates(whole[:, :-1] if like.pooled else own[:, first:], d)
        counts = counts * groups.spread(share)
        found = like.changed(
            counts=counts,
            means=own[:, 1 : 1 + d],
            noise=noise,
            masses=None if like.masses is None else like.masses * counts / like.counts,
            tally=None if like.tally is None else np.exp(own[:, 1 + d : first]) * counts[:, None],
        )
        found = found.changed(scatters=scatters * like.moment.expand(_weights(found)))
    return found, _joined(own, whole, groups)


def _joined(own: Array, whole: Array, groups: Groups) -> Array:
    """Return the vectors of the mixtures: what is of components (J, r), then the rest (G, q)."""
    if groups.size:
        return np.concatenate([own.reshape(len(groups), -1), whole], axis=1)
    first, rest = _layout(groups, own.shape[1], whole.shape[1])
    found = np.zeros((len(groups), int(groups.counts.max()) * own.shape[1] + whole.shape[1]))
    flat = found.reshape(-1)
    flat[first], flat[rest] = own, whole
    return found


def _apart(vectors: Array, groups: Groups, width: int) -> tuple[Array, Array]:
    """Return what `_joined` has joined, as new arrays."""
    most = int(groups.counts.max()) * width
    if groups.size:
        return vectors[:, :most].reshape(-1, width).copy(), vectors[:, most:].copy()
    first, rest = _layout(groups, width, vectors.shape[1] - most)
    flat = vectors.reshape(-1)
    return flat[first], flat[rest]


@lru_cache(maxsize=64)
def _layout(groups: Groups, width: int, n_rest: int) -> tuple[AnyArray, AnyArray]:
    """Return the places (J, width) and (G, n_rest) in vectors, one after the other."""
    length = int(groups.counts.max()) * width + n_rest
    begins = np.arange(len(groups)) * length
    within = np.arange(groups.n_components) - groups.first[groups.owner]
    first = begins[groups.owner] + within * width
    rest = begins + groups.counts * width
    return first[:, None] + np.arange(width), rest[:, None] + np.arange(n_rest)


def _n_tally(statistics: SufficientStatistics) -> int:
    """Return how many numbers the density of a component adds up."""
    return 0 if statistics.tally is None else statistics.tally.shape[1]


def _n_shape(statistics: SufficientStatistics) -> int:
    """Return how many coordinates the shape of a scatter has."""
    return statistics.moment.n_terms(statistics.n_features)


def _weights(statistics: SufficientStatistics) -> Array:
    """Return the weight that each scatter is a sum over."""
    counts = statistics.counts
    return statistics.groups.sum(counts) if statistics.pooled else counts
