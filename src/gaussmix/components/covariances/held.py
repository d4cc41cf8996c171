"""Covariances that users give, as an object or as an array whose shape says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import ParameterError
from ...numerics.arguments import as_numbers
from .base import Covariances
from .diagonal import DiagonalCovariances
from .full import FullCovariances
from .spherical import SphericalCovariances

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._typing import Array

__all__ = ["STRUCTURES", "covariances_from_fields", "hold_covariances"]

#: Structures by the name that files use.
STRUCTURES: dict[str, type[Covariances]] = {
    structure.name: structure
    for structure in (SphericalCovariances, DiagonalCovariances, FullCovariances)
}
_BY_NDIM = dict(enumerate(STRUCTURES.values(), start=1))
# What an array may be, as messages say it: a structure, and whether all components share it.
_MEANINGS: dict[tuple[type[Covariances], bool], tuple[str, str]] = {
    (SphericalCovariances, False): ("'spherical'", "a variance for each component"),
    (DiagonalCovariances, True): ("'EEI'", "variances along the axes that all components share"),
    (DiagonalCovariances, False): ("'diag'", "variances along the axes, a row for each component"),
    (FullCovariances, True): ("'tied'", "one matrix that all components share"),
}


def hold_covariances(
    given: Any,
    n_components: int,
    n_features: int,
    structure: type[Covariances] | None = None,
    *,
    shared: bool = False,
) -> Covariances:
    """Return covariances given as an object or as an array.

    What an array is `structure` says, and whether all components share it; without it an array
    is (K, d, d), (K, d) or (K,).

    Raises
    ------
    ParameterError
        If they are no such covariances, or an array may as well be something else.
    """
    if isinstance(given, Covariances):
        _require_fitting(given, n_components, n_features, structure, shared)
        return given
    array = np.array(as_numbers("covariances", given))
    if structure is not None:
        return structure.from_array(array, n_components, n_features, shared=shared)
    guessed = _BY_NDIM.get(array.ndim)
    if guessed is None:
        raise ParameterError(
            "covariances: expected shape (K, d, d), (K, d) or (K,), or an object of "
            f"gaussmix.covariances, got shape {array.shape}"
        )
    _require_one_meaning(array, guessed, n_components, n_features)
    return guessed.from_array(array, n_components, n_features, shared=False)


def _require_fitting(
    given: Covariances,
    n_components: int,
    n_features: int,
    structure: type[Covariances] | None,
    shared: bool,
) -> None:
    """Raise ParameterError if covariances are not of the means, or of what is said of them."""
    if (given.n_components, given.n_features) != (n_components, n_features):
        raise ParameterError(
            f"covariances: hold {given.n_components} components of {given.n_features} "
            f"features, but means have shape {(n_components, n_features)}"
        )
    if structure is not None and (type(given), given.shared) != (structure, shared):
        found, wanted = (
            f"{own.name}{' shared' if is_shared else ''}"
            for own, is_shared in ((given, given.shared), (structure, shared))
        )
        raise ParameterError(
            f"covariance_type: the covariances given are {found}, not {wanted}; leave it out"
        )


def _require_one_meaning(
    array: Array, guessed: type[Covariances], n_components: int, n_features: int
) -> None:
    """Raise ParameterError if all components might as well share what an array holds.

    An array of K = d rows has the shape of both; that of a single component means the same.
    """
    if n_components != n_features:
        return
    for structure in STRUCTURES.values():
        if structure.value_shape(n_features) != array.shape:
            continue
        shared = _read(structure, array, n_components, shared=True)
        own = _read(guessed, array, n_components, shared=False)
        if shared is None or (own and np.array_equal(own.to_dense(), shared.to_dense())):
            return
        kinds = ((guessed, False), (structure, True))
        names, words = zip(*(_MEANINGS[kind] for kind in kinds), strict=True)
        raise ParameterError(
            f"covariances: with {n_components} components of {n_features} features shape "
            f"{array.shape} may be {words[0]}, or {words[1]}; say which by "
            f"covariance_type={names[0]} or {names[1]}"
        )


def _read(
    structure: type[Covariances], array: Array, n_components: int, *, shared: bool
) -> Covariances | None:
    """Return what an array of K = d rows holds if it is of a structure; None if it cannot be."""
    try:
        return structure.from_array(array, n_components, n_components, shared=shared)
    except ParameterError:
        return None


def covariances_from_fields(
    fields: Mapping[str, Any], n_components: int, n_features: int
) -> Covariances:
    """Return covariances that files hold; raise KeyError or ParameterError if they are none."""
    structure = STRUCTURES[fields["structure"]]
    return structure.from_array(
        fields["values"], n_components, n_features, shared=bool(fields["shared"])
    )
