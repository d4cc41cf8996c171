"""Random starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .base import Start, StartData, from_centers, from_soft_labels

if TYPE_CHECKING:
    from ..mixture import Mixture


class RandomResponsibilities(Start):
    """Random responsibilities: components that all begin near the overall mean."""

    name = "random"

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        draws = rng.uniform(size=(len(data.rows), data.n_components))
        return from_soft_labels(data, draws / draws.sum(axis=1, keepdims=True))


class RandomPoints(Start):
    """Different rows drawn at random as centers, each row to its nearest."""

    name = "random_from_data"

    def __call__(self, data: StartData, rng: np.random.Generator) -> Mixture:
        probabilities = data.weights / data.weights.sum()
        order = rng.choice(len(data.rows), len(data.rows), replace=False, p=probabilities)
        distinct, first = np.unique(data.rows[order], axis=0, return_index=True)
        chosen = np.argsort(first)[: data.n_components]
        return from_centers(data, distinct[chosen])
