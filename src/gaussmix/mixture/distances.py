"""Distances between Gaussian components."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances import FullCovariances

if TYPE_CHECKING:
    from .._typing import Array
    from .mixture import Mixture

__all__ = ["bhattacharyya"]


def bhattacharyya(a: Mixture, b: Mixture) -> Array:
    """Return distances (K_a, K_b) between the components of two mixtures (Bhattacharyya 1943)."""
    first, second = a.covariances.to_dense(), b.covariances.to_dense()
    distances = np.empty((a.n_components, b.n_components))
    for i in range(a.n_components):
        between = FullCovariances((first[i] + second) / 2, b.n_components, b.n_features)
        offsets = b.means - a.means[i]
        mahalanobis = np.einsum("ki,ki->k", offsets, between.precision_times(offsets))
        log_dets = a.covariances.log_det()[i] + b.covariances.log_det()
        distances[i] = mahalanobis / 8 + between.log_det() / 2 - log_dets / 4
    return distances
