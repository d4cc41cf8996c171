"""Starts from k-means: k-means++ centers, with or without Lloyd's iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..sources.threads import single_threaded_blas
from .base import Division, StartData, nearest

if TYPE_CHECKING:
    from .._typing import AnyArray, Array


class PlusPlus(Division):
    """k-means++ centers (Arthur & Vassilvitskii 2007), each row to its nearest."""

    name = "k-means++"

    def divide(self, data: StartData, rng: np.random.Generator) -> AnyArray:
        return nearest(data, _plus_plus(data, rng))


class KMeans(Division):
    """k-means (Lloyd 1982) from k-means++ centers: the default."""

    name = "kmeans"

    def divide(self, data: StartData, rng: np.random.Generator) -> AnyArray:
        from sklearn.cluster import KMeans as Lloyd
        from threadpoolctl import threadpool_limits

        if data.n_components == 1:
            return np.zeros(len(data.rows), dtype=np.intp)
        model = Lloyd(data.n_components, init=_plus_plus(data, rng), n_init=1)
        # OpenMP's threads do not survive a fork: one thread leaves nothing behind, and a
        # subsample needs no more.
        with single_threaded_blas, threadpool_limits(1, user_api="openmp"):
            model.fit(data.rows, sample_weight=data.weights)
        return nearest(data, model.cluster_centers_)


# BLAS is held to one thread the way our own threads hold it: scikit-learn sets it too, and
# restores what it found, which in concurrent fits may be another one's single thread.
def _plus_plus(data: StartData, rng: np.random.Generator) -> Array:
    from sklearn.cluster import kmeans_plusplus

    seed = int(rng.integers(2**31))
    with single_threaded_blas:
        centers, _ = kmeans_plusplus(
            data.rows, data.n_components, sample_weight=data.weights, random_state=seed
        )
    return np.asarray(centers)
