"""Starts from k-means: k-means++ centers, with or without Lloyd's iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .base import Start, StartData, from_centers

if TYPE_CHECKING:
    from .._typing import Array
    from ..mixture import Mixture


class PlusPlus(Start):
    """k-means++ centers (Arthur & Vassilvitskii 2007), each row to its nearest."""

    name = "k-means++"

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        return from_centers(data, _plus_plus(data, rng))


class KMeans(Start):
    """k-means (Lloyd 1982) from k-means++ centers: the default."""

    name = "kmeans"

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        from sklearn.cluster import KMeans as Lloyd
        from threadpoolctl import threadpool_limits

        if data.n_components == 1:
            return from_centers(data, np.zeros((1, data.rows.shape[1])))
        model = Lloyd(data.n_components, init=_plus_plus(data, rng), n_init=1)
        # OpenMP's threads do not survive a fork: one thread leaves nothing behind, and a
        # subsample needs no more.
        with threadpool_limits(1, user_api="openmp"):
            model.fit(data.rows, sample_weight=data.weights)
        return from_centers(data, model.cluster_centers_)


def _plus_plus(data: StartData, rng: np.random.Generator) -> Array:
    from sklearn.cluster import kmeans_plusplus

    seed = int(rng.integers(2**31))
    centers, _ = kmeans_plusplus(
        data.rows, data.n_components, sample_weight=data.weights, random_state=seed
    )
    return np.asarray(centers)
