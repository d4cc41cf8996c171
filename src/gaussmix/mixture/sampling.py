"""Rows drawn from a mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .mixture import Mixture

__all__ = ["draw"]


def draw(
    mixture: Mixture, n_samples: int, rng: np.random.Generator, *, shuffle: bool
) -> tuple[Array, AnyArray]:
    """Return rows (n, d) and the components (n,) that they come from; see `Mixture.sample`."""
    weights, noise, k = mixture.weights, mixture.noise, mixture.n_components
    if noise is not None:
        weights = np.append(weights, noise.weight)
    counts = rng.multinomial(n_samples, weights / weights.sum())
    n_noise = n_samples - int(counts[:k].sum())
    counts = counts[:k]
    labels = np.repeat([*range(k), -1], [*counts, n_noise])
    X = rng.standard_normal((n_samples, mixture.n_features))
    ends = np.cumsum(counts)
    for own, (first, last) in enumerate(zip(ends - counts, ends, strict=True)):
        drawn = mixture.scales.unwhiten(own, X[first:last])
        stretches = mixture.density.stretches(own, last - first, rng)
        X[first:last] = mixture.means[own] + (
            drawn if stretches is None else drawn * stretches[:, None]
        )
    if noise is not None:
        X[ends[-1] :] = noise.sample(n_noise, rng)
    if shuffle:
        order = rng.permutation(n_samples)
        return X[order], labels[order]
    return X, labels
