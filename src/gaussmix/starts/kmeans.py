"""Starts from k-means: k-means++ centers, with or without Lloyd's iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Division
from .centers import lloyd, nearest, plus_plus

if TYPE_CHECKING:
    import numpy as np

    from .._typing import AnyArray
    from ..em.problem import Problem

_MOST_ITERATIONS = 300


class PlusPlus(Division):
    """k-means++ centers (Arthur & Vassilvitskii 2007), each row to its nearest."""

    name = "k-means++"

    def divide(self, problem: Problem, rng: np.random.Generator) -> AnyArray:
        data = problem.data
        centers = plus_plus(data.sample, data.weights, problem.n_components, 1, rng)
        return nearest(data.sample, centers)[0]


class KMeans(Division):
    """k-means (Lloyd 1982) from k-means++ centers."""

    name = "kmeans"

    def divide(self, problem: Problem, rng: np.random.Generator) -> AnyArray:
        data = problem.data
        centers = plus_plus(data.sample, data.weights, problem.n_components, 1, rng)
        centers = lloyd(data.sample, data.weights, centers, _MOST_ITERATIONS)
        return nearest(data.sample, centers)[0]
