"""Names of densities become objects here, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...numerics.arguments import shown
from ...numerics.registry import Registry
from .base import Density
from .normal import NORMAL

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["density_from_fields", "kind_of_density"]

_DENSITIES = Registry(__package__, Density, "density")  # type: ignore[type-abstract]


def kind_of_density(name: Any, argument: str = "density") -> type[Density]:
    """Return the densities of a name; raise ParameterError if there are none."""
    return _DENSITIES.classes[_DENSITIES.name_of(name, argument)]


def density_from_fields(fields: Mapping[str, Any] | None) -> Density:
    """Return the density that files hold: the normal one if they say nothing of it."""
    if fields is None:
        return NORMAL
    if not isinstance(fields, dict):
        raise TypeError(f"a density must have fields, found {shown(fields)}")
    rest = {key: value for key, value in fields.items() if key != "name"}
    return kind_of_density(fields["name"]).from_fields(rest)
