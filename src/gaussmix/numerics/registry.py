"""Finding the pieces that are files in a folder, so that adding one touches no other file."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TypeVar

__all__ = ["named_classes"]

Kind = TypeVar("Kind")


def named_classes(package: str, base: type[Kind]) -> dict[str, type[Kind]]:
    """Return the classes in a package's modules that are of a kind and have a name of their own.

    Keys are their ``name``, in order.
    """
    found = {
        member
        for module in pkgutil.iter_modules(import_module(package).__path__)
        for member in vars(import_module(f"{package}.{module.name}")).values()
        if isinstance(member, type) and issubclass(member, base) and vars(member).get("name")
    }
    return {vars(kind)["name"]: kind for kind in sorted(found, key=lambda kind: vars(kind)["name"])}
