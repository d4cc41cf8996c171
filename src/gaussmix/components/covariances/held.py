"""Covariances that users give, as an object or as an array whose shape says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import ParameterError
from .base import Covariances
from .diagonal import DiagonalCovariances
from .full import FullCovariances
from .spherical import SphericalCovariances

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STRUCTURES", "covariances_from_fields", "hold_covariances"]

#: Structures by the name that files use.
STRUCTURES: dict[str, type[Covariances]] = {
    structure.name: structure
    for structure in (SphericalCovariances, DiagonalCovariances, FullCovariances)
}
_BY_NDIM = dict(enumerate(STRUCTURES.values(), start=1))


def hold_covariances(given: Any, n_components: int, n_features: int) -> Covariances:
    """Return covariances given as an object, or as an array (K, d, d), (K, d) or (K,)."""
    if isinstance(given, Covariances):
        if (given.n_components, given.n_features) != (n_components, n_features):
            raise ParameterError(
                f"covariances: hold {given.n_components} components of {given.n_features} "
                f"features, but means have shape {(n_components, n_features)}"
            )
        return given
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"covariances: expected an array of numbers ({error})") from None
    structure = _BY_NDIM.get(array.ndim)
    if structure is None:
        raise ParameterError(
            "covariances: expected shape (K, d, d), (K, d) or (K,), or an object of "
            f"gaussmix.covariances, got shape {array.shape}"
        )
    return structure.from_array(array, n_components, n_features, shared=False)


def covariances_from_fields(
    fields: Mapping[str, Any], n_components: int, n_features: int
) -> Covariances:
    """Return covariances that files hold; raise KeyError or ParameterError if they are none."""
    structure = STRUCTURES[fields["structure"]]
    return structure.from_array(
        fields["values"], n_components, n_features, shared=bool(fields["shared"])
    )
