"""Starts from k-means: k-means++ centers, with or without Lloyd's iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Division, StartData
from .centers import lloyd, nearest, plus_plus

if TYPE_CHECKING:
    import numpy as np

    from .._typing import AnyArray

_MOST_ITERATIONS = 300


class PlusPlus(Division):
    """k-means++ centers (Arthur & Vassilvitskii 2007), each row to its nearest."""

    name = "k-means++"

    def divide(self, data: StartData, rng: np.random.Generator) -> AnyArray:
        centers = plus_plus(data.rows, data.weights, data.n_components, 1, rng)
        return nearest(data.rows, centers)[0]


class KMeans(Division):
    """k-means (Lloyd 1982) from k-means++ centers."""

    name = "kmeans"

    def divide(self, data: StartData, rng: np.random.Generator) -> AnyArray:
        centers = plus_plus(data.rows, data.weights, data.n_components, 1, rng)
        centers = lloyd(data.rows, data.weights, centers, _MOST_ITERATIONS)
        return nearest(data.rows, centers)[0]
