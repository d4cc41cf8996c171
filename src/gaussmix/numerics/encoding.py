"""Values in files: npz without pickle, written whole or not at all.

A class whose values have a place in files is `stored`: it turns them into named fields, of
plain values, arrays and other such values, and makes them of fields again, which it checks
before it believes them.  JSON holds the fields, arrays beside it.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np

from .atomic import writing
from .version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..exceptions import GaussmixError

__all__ = ["Stored", "load_values", "plain", "save_values", "stored", "written_by"]

_JSON = "json"


class Stored(Protocol):
    """A value that has a place in files."""

    def to_fields(self) -> dict[str, Any]:
        """Return all that makes the value, by name."""

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the value; raise ValueError, TypeError or KeyError if fields cannot be such."""


Kind = TypeVar("Kind", bound=type[Stored])
_STORED: dict[str, type[Stored]] = {}


def stored(tag: str) -> Callable[[Kind], Kind]:
    """Give the values of a class a place in files, where `tag` says what they are."""

    def register(kind: Kind) -> Kind:
        _STORED[tag] = kind
        return kind

    return register


def written_by() -> str:
    """Return what files say of their writer."""
    return f"gaussmix {__version__}"


def plain(value: Any) -> Any:
    """Return fields as what JSON holds: arrays and tuples become lists, of every digit."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def save_values(
    path: str | os.PathLike[str], kind: str, version: int, content: dict[str, Any]
) -> None:
    """Write a file that `load_values` reads.

    Parameters
    ----------
    kind : str
        What it is, so that no other file is taken for it.
    content : dict
        Of None, numbers, strings, lists, tuples, dicts, arrays and `Stored` values.
    """
    encoder = _Encoder()
    head = {"format": kind, "version": version, "written_by": written_by()}
    text = json.dumps({**head, "content": encoder.encode(content)})
    held = np.frombuffer(text.encode(), dtype=np.uint8)
    with writing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{_JSON: held}, **encoder.arrays)
        # On the disk before it takes the name: the machine may stop at any instant.
        file.flush()
        os.fsync(file.fileno())


def load_values(
    path: str | os.PathLike[str], kind: str, version: int, error: type[GaussmixError]
) -> dict[str, Any]:
    """Return the content of a file.

    Raises
    ------
    error
        If it is not of this kind, is damaged, or was written by another version.
    FileNotFoundError
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        whole = json.loads(arrays.pop(_JSON).tobytes().decode())
        found = whole["format"], whole["version"]
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, RecursionError):
        raise error(f"{path}: is not a {kind} file, or damaged") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError):
        raise error(f"{path}: damaged {kind} file: it is not whole") from None
    if found[0] != kind:
        raise error(f"{path}: is a {found[0]} file; expected a {kind} file")
    if found[1] != version:
        is_older = isinstance(found[1], int) and found[1] < version
        remedy = "that one, or begin anew" if is_older else "that one, or a later one"
        writer = "an earlier" if is_older else "another"
        raise error(
            f"{path}: has format version {found[1]!r}, this gaussmix reads {version}: {writer} "
            f"gaussmix wrote it; use {remedy}"
        )
    try:
        return _Decoder(arrays).decode(whole["content"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as found_error:
        raise error(f"{path}: damaged {kind} file: {found_error}") from None


class _Encoder:
    """Turns values into JSON, and arrays into names; an array that occurs again is held once."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        self._names: dict[int, str] = {}

    def encode(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, list):
            return [self.encode(item) for item in value]
        if type(value) is tuple:
            return {"tuple": self.encode(list(value))}
        if isinstance(value, np.ndarray):
            return {"array": self._name(value)}
        tag, fields = ("dict", value) if isinstance(value, dict) else _fields(value)
        return {tag: {key: self.encode(item) for key, item in fields.items()}}

    def _name(self, array: Any) -> str:
        if id(array) not in self._names:
            self._names[id(array)] = f"a{len(self.arrays)}"
            self.arrays[self._names[id(array)]] = array
        return self._names[id(array)]


def _fields(value: Any) -> tuple[str, dict[str, Any]]:
    for tag, kind in _STORED.items():
        if type(value) is kind:
            return tag, value.to_fields()
    raise TypeError(f"no place in a file for {type(value).__name__}")


class _Decoder:
    """The reverse of `_Encoder`."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.arrays = arrays

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        ((tag, held),) = value.items()
        if tag == "array":
            return self.arrays[held]
        if tag == "tuple":
            return tuple(self.decode(held))
        fields = {key: self.decode(item) for key, item in held.items()}
        if tag == "dict":
            return fields
        if tag not in _STORED:
            raise ValueError(f"unknown content {tag!r}")
        return _STORED[tag].from_fields(fields)
