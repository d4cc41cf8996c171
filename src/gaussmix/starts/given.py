"""Starts that the user gives: labels, responsibilities, or a mixture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.statistics import SufficientStatistics
from ..exceptions import ParameterError
from ..mixture.mixture import Mixture
from ..mixture.parts import WEIGHT_TOLERANCE
from ..numerics.arguments import LARGEST, LARGEST_SQUARE, as_numbers, require_moderate
from ..rows.folds import Fold, Index, Workspace
from .base import Beginning, Start

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..em.problem import Problem
    from ..rows import Source

__all__ = [
    "GivenMixture",
    "GivenResponsibilities",
    "Overridden",
    "ResponsibilityFold",
    "given_start",
]


def given_start(given: Any) -> Start:
    """Return the start for labels (n,), responsibilities (n, K) or a Mixture."""
    if isinstance(given, Mixture):
        return GivenMixture(given)
    expected = "init_params: expected a name, labels (n,), responsibilities (n, K) or a Mixture"
    try:
        array = np.asarray(given)
    except ValueError:  # rows of different lengths
        raise ParameterError(f"{expected}, got {type(given).__name__}") from None
    if array.ndim not in (1, 2) or array.dtype.kind not in "iufb":
        raise ParameterError(
            f"{expected}, got {type(given).__name__} of shape {array.shape} and dtype {array.dtype}"
        )
    return GivenResponsibilities(array)


class GivenMixture(Start):
    """Start from a mixture; messages call it `argument`, and tell what to do instead.

    `trail` is that of a fit which is to go on.
    """

    given = True

    def __init__(
        self,
        mixture: Mixture,
        argument: str = "init_params",
        remedy: str = "give one of that size, or the name of a start",
        trail: tuple[float, ...] = (),
    ) -> None:
        self.mixture, self.argument, self.remedy = mixture, argument, remedy
        self.trail = trail

    def beginning(self, problem: Problem, rng: np.random.Generator) -> Beginning:
        return Beginning(self(problem, rng), trail=self.trail)

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        source = problem.data.source
        found = (self.mixture.n_components, self.mixture.n_features)
        expected = (problem.n_components, source.n_features)
        if found != expected:
            raise ParameterError(
                f"{self.argument}: the mixture has {found[0]} components of {found[1]} features, "
                f"expected {expected[0]} of {expected[1]}; {self.remedy}"
            )
        require_moderate(f"{self.argument}: means", self.mixture.means)
        values = self.mixture.scales.values
        require_moderate(f"{self.argument}: covariances", values, LARGEST_SQUARE)
        return replace(self.mixture, feature_names=source.feature_names)


class Overridden(Start):
    """Another start with some of its parameters replaced by given ones.

    Parameters
    ----------
    start : Start
    weights, means, precisions : array-like or None
        As ``weights_init``, ``means_init`` and ``precisions_init`` of the estimator.
    """

    def __init__(self, start: Start, weights: Any, means: Any, precisions: Any) -> None:
        self.start, self.weights, self.means, self.precisions = start, weights, means, precisions
        self.given = start.given or means is not None  # type: ignore[misc]
        self.divides = start.divides and means is None and precisions is None  # type: ignore[misc]

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        parts = self._parts(problem)
        if len(parts) == 3:
            return Mixture(**parts, feature_names=problem.data.source.feature_names)
        return replace(self.start(problem, rng), **parts)

    def _parts(self, problem: Problem) -> dict[str, Any]:
        """Return the given parameters, checked."""
        n_components, n_features = problem.n_components, problem.data.source.n_features
        parts: dict[str, Any] = {}
        if self.weights is not None:
            weights = _shaped("weights_init", self.weights, (n_components,))
            if (weights <= 0).any() or abs(weights.sum() - 1.0) > WEIGHT_TOLERANCE:
                raise ParameterError(
                    f"weights_init: must be positive and sum to 1, got sum {weights.sum():.6g} "
                    f"and smallest {weights.min():.3g}"
                )
            parts["weights"] = weights
        if self.means is not None:
            parts["means"] = _shaped("means_init", self.means, (n_components, n_features))
        if self.precisions is not None:
            family = problem.family
            shape = family.held.value_shape(n_features)
            shape = shape if family.shared else (n_components, *shape)
            values = _shaped("precisions_init", self.precisions, shape, LARGEST_SQUARE)
            held = family.hold(values[None] if family.shared else values, n_components, n_features)
            held.require_positive_definite("precisions_init")
            found = held.inverted()
            require_moderate("precisions_init: their inverse", found.values, LARGEST_SQUARE)
            parts["scales"] = found
        return parts


def _shaped(argument: str, value: Any, shape: tuple[int, ...], largest: float = LARGEST) -> Array:
    array = as_numbers(argument, value)
    if array.shape != shape:
        raise ParameterError(f"{argument}: expected shape {shape}, got {array.shape}")
    require_moderate(argument, array, largest)
    return array


class GivenResponsibilities(Start):
    """Start from an M-step on responsibilities (n, K), or hard labels (n,) from 0 to K - 1."""

    given = divides = True

    def __init__(self, array: AnyArray) -> None:
        self.array = array

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Mixture:
        self._check(problem)
        source, k = problem.data.facts.clean, problem.n_components
        moment = problem.family.held.moment
        if problem.summary.incomplete:
            statistics = _of_seen(source, self.array, k, problem.summary.center, moment)
        else:
            fold = ResponsibilityFold(self.array, k, source.n_features, moment)
            statistics = source.reduce(fold)
        empty = np.flatnonzero(statistics.counts <= 0)
        if len(empty):
            raise ParameterError(
                f"init_params: component {empty[0]} is given no rows of positive weight; "
                f"every one of the {k} components needs some"
            )
        found, _ = problem.objective.update(statistics)
        return Mixture.of_parameters(found, source.feature_names)

    def _check(self, problem: Problem) -> None:
        n_rows, n_components = problem.data.source.n_rows, problem.n_components
        array = self.array
        if array.ndim == 1:
            if array.shape != (n_rows,):
                raise ParameterError(
                    f"init_params: expected {n_rows} labels, one a row, got {len(array)}"
                )
            if (array != np.floor(array)).any() or array.min() < 0 or array.max() >= n_components:
                raise ParameterError(
                    f"init_params: labels must be integers from 0 to {n_components - 1}, "
                    f"got values from {array.min()} to {array.max()}"
                )
            return
        if array.shape != (n_rows, n_components):
            raise ParameterError(
                f"init_params: expected responsibilities of shape {(n_rows, n_components)}, "
                f"got {array.shape}"
            )
        if not (array >= 0).all() or not np.allclose(array.sum(axis=1), 1.0, atol=1e-4):
            raise ParameterError(
                "init_params: responsibilities must not be negative and each row must sum to 1"
            )


class ResponsibilityFold(Fold[SufficientStatistics]):
    """Statistics under responsibilities that are aligned with the rows."""

    by_row = ("array",)

    def __init__(self, array: AnyArray, n_components: int, n_features: int, moment: Moment) -> None:
        self.array, self.n_components, self.moment = array, n_components, moment
        self.n_features = n_features
        self.bytes_per_row = 8 * 3 * (n_features + n_components)

    def open(self) -> list[SufficientStatistics]:
        return []

    def add(
        self,
        state: list[SufficientStatistics],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        given = self.array[index]
        if given.ndim == 1:
            given = np.eye(self.n_components)[given.astype(np.intp)]
        block = SufficientStatistics.from_responsibilities(
            rows.astype(np.float64, copy=False),
            given.astype(np.float64, copy=False),
            self.moment,
            weights,
        )
        state[:] = [state[0].merge(block)] if state else [block]

    def close(self, state: list[SufficientStatistics]) -> SufficientStatistics:
        if state:
            return state[0]
        zero = np.zeros((self.n_components, self.n_features))
        scatters = self.moment.outer(zero)
        return SufficientStatistics(np.zeros(self.n_components), zero, scatters, self.moment)


def _of_seen(
    source: Source, array: AnyArray, n_components: int, center: Array, moment: Moment
) -> SufficientStatistics:
    """Return counts, and the means and variances of what is seen of each component's rows."""
    sums = source.reduce(_SeenFold(array, n_components, center)).sums
    counts, (weights, first, second) = sums[0, :, 0], sums[1:]
    seen = weights > 0
    safe = np.where(seen, weights, 1.0)
    offsets = np.where(seen, first / safe, 0.0)
    variances = np.maximum(np.where(seen, second / safe - offsets**2, 0.0), 0.0)
    scatters = moment.of_diagonals(counts[:, None] * variances)
    return SufficientStatistics(counts, center + offsets, scatters, moment)


@dataclass(frozen=True, eq=False)
class _SeenSums:
    """By component and feature (4, K, d): weight of rows, of values; values; their squares."""

    sums: Array

    def merge(self, other: _SeenSums) -> _SeenSums:
        return _SeenSums(self.sums + other.sums)


class _SeenFold(Fold[_SeenSums]):
    """Sums of what is seen of rows about a center, under responsibilities."""

    by_row = ("array",)

    def __init__(self, array: AnyArray, n_components: int, center: Array) -> None:
        self.array, self.n_components, self.center = array, n_components, center
        self.bytes_per_row = 8 * 4 * (len(center) + n_components)

    def open(self) -> list[_SeenSums]:
        return [_SeenSums(np.zeros((4, self.n_components, len(self.center))))]

    def add(
        self,
        state: list[_SeenSums],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        given = self.array[index]
        if given.ndim == 1:
            given = np.eye(self.n_components)[given.astype(np.intp)]
        shares = given if weights is None else given * weights[:, None]
        missing: AnyArray = np.isnan(rows)
        some = np.repeat(np.any(~missing, axis=1, keepdims=True), rows.shape[1], axis=1)
        values = np.where(missing, 0.0, rows - self.center)
        found = [shares.T @ part for part in (some, ~missing, values, values**2)]
        state[0] = state[0].merge(_SeenSums(np.array(found)))

    def close(self, state: list[_SeenSums]) -> _SeenSums:
        return state[0]
