"""Random starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .base import Division
from .centers import distinct_rows, nearest

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..em.problem import Problem


# Random responsibilities of many rows average out: all components would begin alike, at a
# saddle of the likelihood.  So each component has a few rows for each of its parameters.
_ROWS_PER_COMPONENT = 10
# Dirichlet draws of a small concentration are mostly one component's.
_CONCENTRATION = 0.1


class RandomResponsibilities(Division):
    """Random responsibilities of some rows drawn at random; the others have none."""

    name = "random"

    def divide(self, problem: Problem, rng: np.random.Generator) -> AnyArray:
        n_rows, n_features = problem.data.sample.shape
        wanted = _ROWS_PER_COMPONENT * problem.n_components * (n_features + 1)
        chosen = np.arange(n_rows)
        if n_rows > wanted:
            chosen = rng.choice(n_rows, wanted, replace=False)
        concentration = np.full(problem.n_components, _CONCENTRATION)
        responsibilities = np.zeros((n_rows, problem.n_components))
        responsibilities[chosen] = rng.dirichlet(concentration, size=len(chosen))
        return responsibilities


class RandomPoints(Division):
    """Different rows drawn at random as centers, each row to its nearest."""

    name = "random_from_data"

    def divide(self, problem: Problem, rng: np.random.Generator) -> AnyArray:
        data = problem.data
        (centers,) = distinct_rows(data.sample, data.weights, problem.n_components, 1, rng)
        return nearest(data.sample, centers)
