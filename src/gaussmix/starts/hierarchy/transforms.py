"""Transforms of the data before clustering (Scrucca & Raftery 2015, table 1).

Merging is greedy, so the coordinates matter: a scale that shows the clusters to the
criterion makes better trees.  Directions without spread are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...exceptions import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._typing import Array

__all__ = ["get_transform", "list_transforms"]

Transform: TypeAlias = "Callable[[Array], Array]"


def _variables(X: Array) -> Array:
    return X - X.mean(axis=0)


def _standardised(X: Array) -> Array:
    centred = X - X.mean(axis=0)
    deviations = np.sqrt((centred**2).sum(axis=0) / max(len(X) - 1, 1))
    # The mean of equal values may be off by a rounding error.
    spread = deviations > 4 * np.finfo(float).eps * np.abs(X).max(axis=0, initial=0)
    return centred[:, spread] / deviations[spread]


def _rotated(centred: Array) -> tuple[Array, Array]:
    """Return principal components (n, r) of centred rows and their singular values (r,)."""
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    spread = values > max(centred.shape) * np.finfo(float).eps * values.max(initial=0)
    return centred @ directions[spread].T, values[spread]


def _principal(X: Array) -> Array:
    return _rotated(_variables(X))[0]


def _principal_of_correlations(X: Array) -> Array:
    return _rotated(_standardised(X))[0]


def _sphered(X: Array) -> Array:
    scores, values = _rotated(_variables(X))
    return scores / (values / np.sqrt(len(X)))


def _scaled_svd(X: Array) -> Array:
    scores, values = _rotated(_standardised(X))
    return scores / np.sqrt(values)


_TRANSFORMS: dict[str, Transform] = {
    "VARS": _variables,
    "STD": _standardised,
    "SPH": _sphered,
    "PCS": _principal,
    "PCR": _principal_of_correlations,
    "SVD": _scaled_svd,
}


def list_transforms() -> list[str]:
    """Return the names of all transforms.

    "VARS" is the data as they are, "STD" standardised, "SPH" sphered, "PCS" and "PCR"
    principal components of the covariances and of the correlations, "SVD" the latter
    divided by the square roots of their singular values.

    Examples
    --------
    >>> from gaussmix.hierarchy import list_transforms
    >>> list_transforms()
    ['PCR', 'PCS', 'SPH', 'STD', 'SVD', 'VARS']
    """
    return sorted(_TRANSFORMS)


def get_transform(name: str) -> Transform:
    """Return the transform of that name, in any case; it takes and returns rows (n, d).

    Raises
    ------
    ParameterError
        If there is none.
    """
    found = _TRANSFORMS.get(str(name).upper())
    if found is None:
        raise ParameterError(
            f"transform: unknown transform {name!r}. Known: {', '.join(list_transforms())}."
        )
    return found
