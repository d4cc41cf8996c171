"""What a mixture is made of, checked; and its features, found by index or by name."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..components.covariances import hold_covariances
from ..components.densities import Density
from ..components.families import get_family
from ..exceptions import ParameterError
from ..numerics.arguments import as_numbers, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.families import Family
    from ..components.noise import Noise

    #: Features by index or by name: one, or several.
    Columns: TypeAlias = Sequence[int | str] | AnyArray | int | str

__all__ = [
    "WEIGHT_TOLERANCE",
    "checked_covariances",
    "checked_density",
    "checked_means",
    "checked_names",
    "checked_order",
    "checked_parameters",
    "chosen_columns",
    "given_scales",
    "require_normal",
    "with_density",
]

# How far from 1 weights may sum, for those that were rounded when written.
WEIGHT_TOLERANCE = 1e-6


def checked_parameters(weights: Any, means: Any, noise: Noise | None) -> tuple[Array, Array]:
    """Return weights (K,) and means (K, d) as arrays of their own; or raise ParameterError.

    The noise is looked at, too.
    """
    weights = np.array(as_numbers("weights", weights))
    if weights.ndim != 1 or len(weights) == 0:
        raise ParameterError(f"weights: expected shape (n_components,), got {weights.shape}")
    means = np.array(as_numbers("means", means))
    means = means[:, None] if means.ndim == 1 else means
    if means.ndim != 2 or len(means) != len(weights) or means.shape[1] == 0:
        raise ParameterError(
            f"means: expected shape ({len(weights)}, n_features) to match "
            f"{len(weights)} weights, got {means.shape}"
        )
    if not (np.isfinite(weights).all() and np.isfinite(means).all()):
        raise ParameterError("weights and means: contain NaN or infinity")
    if noise is not None:
        noise.require_valid(means.shape[1])
    whole = weights.sum() + (0.0 if noise is None else noise.weight)
    if weights.min() < 0 or abs(whole - 1.0) > WEIGHT_TOLERANCE:
        told = " with that of the noise" if noise else ""
        raise ParameterError(
            f"weights: must not be negative and sum to 1{told}, got sum {whole:.6g} and "
            f"smallest {weights.min():.3g}"
        )
    if weights.max() == 0:
        raise ParameterError("weights: are all zero, so that nothing is left beside the noise")
    return weights, means


def checked_covariances(
    given: Any, covariance_type: str | Family | None, n_components: int, n_features: int
) -> Covariances:
    """Return covariances given as an object or an array, which a family says how to read."""
    if covariance_type is None:
        return hold_covariances(given, n_components, n_features)
    family = get_family(covariance_type)
    family.require_features(n_features)
    return hold_covariances(given, n_components, n_features, family.held, shared=family.shared)


def given_scales(covariances: Any, scales: Any) -> Any:
    """Return what was given by one of two names; or raise ParameterError."""
    if (covariances is None) == (scales is None):
        what = "neither is" if scales is None else "both are"
        raise ParameterError(f"covariances, or scales: {what} given; give one of them")
    return covariances if scales is None else scales


def checked_density(density: Any, n_components: int) -> Density:
    """Return the density of so many components; or raise ParameterError."""
    if not isinstance(density, Density):
        raise ParameterError(
            f"density: expected a density such as StudentT(5), got {shown(density)}"
        )
    return density.begun(density, n_components)


def require_normal(mixture: Any, what: str, remedy: str = "") -> None:
    """Raise ParameterError where something is known of normal components only."""
    if not mixture.density.plain:
        told = f"; {remedy}" if remedy else ""
        raise ParameterError(
            f"density: {what} of {mixture.density.name} components is not there{told}"
        )


def with_density(scales: Covariances, density: Density) -> Covariances:
    """Return the covariances of components of some scales and a density; NaN where undefined."""
    if density.plain:
        return scales
    factors = density.inflation(scales.n_components)
    if scales.shared and (factors == factors[0]).all():
        factors = factors[:1]
    return scales.times(factors)


def checked_means(means: Any) -> Array:
    """Return means (K, d) that a file holds; or raise ParameterError."""
    array = np.array(means, dtype=np.float64)
    if array.ndim != 2:
        raise ParameterError(f"means: expected shape (n_components, n_features), got {array.shape}")
    return array


def checked_names(names: Sequence[str] | None, n_features: int) -> tuple[str, ...] | None:
    """Return the features' names, one each; or raise ParameterError."""
    found = None if names is None else tuple(map(str, names))
    if found is not None and len(found) != n_features:
        raise ParameterError(f"feature_names: expected {n_features} names, got {len(found)}")
    return found


def checked_order(given: Any, n_components: int) -> AnyArray:
    """Return a permutation (K,) of components; or raise ParameterError."""
    try:
        permutation = np.asarray(given)
    except ValueError:  # of different lengths
        permutation = np.empty(0)
    integers = permutation.dtype.kind in "iu" and permutation.ndim == 1
    if not integers or sorted(permutation.tolist()) != list(range(n_components)):
        raise ParameterError(
            f"order: expected a permutation of 0..{n_components - 1}, got {shown(given)}"
        )
    return permutation


def chosen_columns(
    columns: Columns, n_features: int, names: Sequence[str] | None, argument: str = "columns"
) -> AnyArray:
    """Return the indices (m,) of different features, at least one; or raise ParameterError."""
    several = np.iterable(columns) and not isinstance(columns, str)
    wanted = list(columns) if several else [columns]  # type: ignore[arg-type]
    known = tuple(names or ())
    indices = []
    for column in wanted:
        if isinstance(column, str):
            if column not in known:
                raise ParameterError(
                    f"{argument}: no feature is called {column!r}; names are {list(known)}"
                )
            indices.append(known.index(column))
        elif isinstance(column, numbers.Integral) and -n_features <= int(column) < n_features:
            indices.append(int(column) % n_features)
        else:
            raise ParameterError(
                f"{argument}: {shown(column)} is no index or out of range for {n_features} features"
            )
    if not indices or len(set(indices)) < len(indices):
        raise ParameterError(
            f"{argument}: need different features, at least one, got {shown(wanted)}"
        )
    return np.array(indices, dtype=np.intp)
