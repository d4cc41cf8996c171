"""Finding the pieces that are files in a folder, so that adding one touches no other file."""

from __future__ import annotations

import pkgutil
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..exceptions import ParameterError
from .arguments import shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Registry"]

Kind = TypeVar("Kind")


class Registry(Generic[Kind]):
    """The classes in a package's modules that derive from a base and have a name of their own.

    They are looked for once, when they are first asked for.

    Parameters
    ----------
    package : str
    base : type
    what : str
        What messages call one of them.
    any_case : bool
        Whether names may be written in upper and lower case alike.
    """

    def __init__(
        self, package: str, base: type[Kind], what: str = "", *, any_case: bool = True
    ) -> None:
        self.package, self.base, self.what, self.any_case = package, base, what, any_case

    @cached_property
    def classes(self) -> dict[str, type[Kind]]:
        """The classes by name, in order."""
        found = {
            member
            for module in pkgutil.iter_modules(import_module(self.package).__path__)
            for member in vars(import_module(f"{self.package}.{module.name}")).values()
            if isinstance(member, type)
            and issubclass(member, self.base)
            and vars(member).get("name")
        }
        named = {vars(kind)["name"]: kind for kind in found}
        return dict(sorted(named.items()))

    @cached_property
    def objects(self) -> dict[str, Kind]:
        """One object of each class, by name, in order."""
        return {name: kind() for name, kind in self.classes.items()}

    @cached_property
    def written(self) -> dict[str, str]:
        """The names, and the synonyms of those that have one, as they may be written."""
        return {
            self._key(word): name
            for name, kind in self.classes.items()
            for word in (name, getattr(kind, "synonym", None))
            if word
        }

    def name_of(self, given: Any, argument: str, told: Callable[[], str] | None = None) -> str:
        """Return the name that is written so; `argument` is what messages call it.

        `told` returns what they say of those that are known: their names, if it is None.

        Raises
        ------
        ParameterError
            If there is none.
        """
        name = self.written.get(self._key(given))
        if name is None:
            known = f"Known: {', '.join(self.classes)}." if told is None else told()
            raise ParameterError(f"{argument}: unknown {self.what} {shown(given)}. {known}")
        return name

    def object_of(self, given: Any, argument: str, told: Callable[[], str] | None = None) -> Kind:
        """Return the object whose name is written so; one that is given is returned as it is.

        As `name_of`, but messages say what each is, if `told` is None.

        Raises
        ------
        ParameterError
            If there is none.
        """
        if isinstance(given, self.base):
            return given
        return self.objects[self.name_of(given, argument, told or self._each)]

    def _each(self) -> str:
        return f"Known: {'; '.join(map(repr, self.objects.values()))}."

    def _key(self, written: Any) -> str:
        word = written if isinstance(written, str) else shown(written)
        return word.lower() if self.any_case else word
