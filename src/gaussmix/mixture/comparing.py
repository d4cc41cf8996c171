"""Two mixtures compared: whether they are the same, and which components are closest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances import FullCovariances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters
    from .mixture import Mixture

__all__ = ["are_close", "are_equal", "bhattacharyya", "closest_order", "closest_orders"]


def are_equal(a: Mixture, b: Mixture) -> bool:
    """Whether two mixtures have exactly the same parameters and names."""
    return (
        a.feature_names == b.feature_names
        and a.density.equals(b.density, a.n_components)
        and type(a.scales) is type(b.scales)
        and a.scales.shared == b.scales.shared
        and np.array_equal(a.weights, b.weights)
        and np.array_equal(a.means, b.means)
        and np.array_equal(a.scales.values, b.scales.values)
        and (b.noise is None if a.noise is None else a.noise.equals(b.noise))
    )


def are_close(a: Mixture, b: Mixture, rtol: float, atol: float) -> bool:
    """Whether two mixtures have the same parameters, component by component, to a tolerance."""
    pairs = (
        (a.weights, b.weights),
        (a.means, b.means),
        (a.scales.to_dense(), b.scales.to_dense()),
    )
    if a.n_components != b.n_components or not a.density.equals(
        b.density, a.n_components, rtol=rtol
    ):
        return False
    if a.noise is None or b.noise is None:
        same_noise = a.noise is b.noise
    else:
        same_noise = a.noise.allclose(b.noise, rtol, atol)
    return same_noise and all(
        x.shape == y.shape and np.allclose(x, y, rtol=rtol, atol=atol) for x, y in pairs
    )


def best_assignment(counts: AnyArray) -> AnyArray:
    """Return which column stands for each row (K,), so that most is counted (Kuhn 1955).

    One each, of as many rows as columns.  Of more rows each column has at least one; of fewer,
    some columns have none.

    Examples
    --------
    >>> best_assignment(np.array([[5, 4], [6, 0]])).tolist()
    [1, 0]
    >>> best_assignment(np.array([[5, 4], [6, 0], [7, 0]])).tolist()
    [1, 0, 0]
    """
    from scipy.optimize import linear_sum_assignment

    found = np.asarray(counts.argmax(axis=1))  # of rows that are left over
    lost = counts.max(axis=1, keepdims=True) - counts
    rows, columns = linear_sum_assignment(lost)
    found[rows] = columns
    return found


def closest_order(a: Mixture, b: Mixture, held: Sequence[int] | AnyArray = ()) -> AnyArray:
    """Return the order (K,) of a mixture's components in which they are closest to another's.

    Those that are `held` keep their places.
    """
    return closest_orders(a.parameters, b, held)[0]


def closest_orders(
    stack: Parameters, other: Mixture, held: Sequence[int] | AnyArray = ()
) -> AnyArray:
    """Return the same of R mixtures of as many components as another, (R, K)."""
    from scipy.optimize import linear_sum_assignment

    k, count = other.n_components, len(stack.groups)
    orders = np.tile(np.arange(k), (count, 1))
    free = np.delete(np.arange(k), held)
    if len(free) < 2:
        return orders
    distances = _distances(other.parameters, stack).reshape(k, count, k).swapaxes(0, 1)
    distances = distances[:, free[:, None], free]
    # Where each has a closest one of its own there is no better way.
    chosen = distances.argmin(axis=2)
    for r in np.flatnonzero((np.sort(chosen, axis=1) != np.arange(len(free))).any(axis=1)):
        chosen[r] = linear_sum_assignment(distances[r])[1]
    orders[:, free] = free[chosen]
    return orders


def bhattacharyya(a: Mixture, b: Mixture) -> Array:
    """Return distances (K_a, K_b) between the components of two mixtures (Bhattacharyya 1943).

    As if they were normal, of their scales.
    """
    return _distances(a.parameters, b.parameters)


def _distances(a: Parameters, b: Parameters) -> Array:
    """Return the distances (J_a, J_b) between components of stacks."""
    first, second = a.each.to_dense(), b.each.to_dense()
    log_dets_a, log_dets_b = a.each.log_det(), b.each.log_det()
    distances = np.empty((len(a.weights), len(b.weights)))
    for i, own in enumerate(first):
        between = FullCovariances((own + second) / 2, len(second), b.n_features)
        offsets = b.means - a.means[i]
        mahalanobis = np.einsum("ki,ki->k", offsets, between.precision_times(offsets))
        log_dets = log_dets_a[i] + log_dets_b
        distances[i] = mahalanobis / 8 + between.log_det() / 2 - log_dets / 4
    return distances
