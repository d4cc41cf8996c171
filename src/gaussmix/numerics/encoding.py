"""Values in files: npz without pickle, written whole or not at all.

A class whose values have a place in files is `stored`: it turns them into named fields, of
plain values, arrays and other such values, and makes them of fields again, which it checks
before it believes them.  JSON holds the fields, arrays beside it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np

from .archive import Archive, NotWholeError
from .arguments import shown
from .atomic import writing
from .version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .._typing import Array
    from ..exceptions import GaussmixError

__all__ = [
    "WRONG_FIELDS",
    "Stored",
    "checked_keys",
    "checked_vector",
    "load_values",
    "parse_json",
    "plain",
    "read_json",
    "save_values",
    "stored",
    "written_by",
]

_JSON = "json"
# Bytes of text that are read at most, and by which it is told whether to.
_LONGEST_TEXT = 2**30
_HEAD = 4096

#: What is raised where fields are not what they should be, by whatever makes values of them.
WRONG_FIELDS: tuple[type[Exception], ...] = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


class Stored(Protocol):
    """A value that has a place in files."""

    def to_fields(self) -> dict[str, Any]:
        """Return all that makes the value, by name."""

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the value; raise one of `WRONG_FIELDS` if fields cannot be such."""


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
    with Path(path).open("rb") as file:
        begins_as_such = file.read(2) == b"PK"
        try:
            archive = Archive(file)
            whole = parse_json(archive.array(_JSON).tobytes())
            found = whole["format"], whole["version"]
        except WRONG_FIELDS as problem:
            if begins_as_such and isinstance(problem, NotWholeError):
                raise error(f"{path}: damaged {kind} file: it is not whole ({problem})") from None
            raise error(f"{path}: is not a {kind} file, or damaged") from None
        _require_kind(path, found, (kind, version), error)
        try:
            content = _Decoder(archive).decode(whole["content"])
            if not isinstance(content, dict):
                raise TypeError(f"it holds {type(content).__name__}")
        except NotWholeError as problem:
            raise error(f"{path}: damaged {kind} file: it is not whole ({problem})") from None
        except WRONG_FIELDS as problem:
            raise error(f"{path}: damaged {kind} file: {problem}") from None
    return content


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the object that a file of JSON holds; raise ValueError if it holds none.

    How it begins is looked at first: other files are not read to find that out.
    """
    with Path(path).open("rb") as file:
        text = file.read(_HEAD)
        if _begins_as_object(text):
            text += file.read(_LONGEST_TEXT)
    return parse_json(text)


def parse_json(text: bytes) -> dict[str, Any]:
    """Return the object that text in JSON holds; raise ValueError if it holds none."""
    if not _begins_as_object(text):
        raise ValueError("not an object in JSON")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"of more than {_LONGEST_TEXT} bytes")
    try:
        return json.loads(text.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _begins_as_object(text: bytes) -> bool:
    return text[:_HEAD].lstrip()[:1] == b"{"


def checked_keys(fields: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return the fields that a file holds; raise ValueError if they are not those of `names`."""
    if not isinstance(fields, dict) or set(fields) != set(names):
        raise ValueError(f"expected fields {', '.join(sorted(names))}, and no others")
    return fields


def checked_vector(given: Any) -> Array:
    """Return numbers (m,) that a file holds; raise ValueError if they are not such."""
    found = np.asarray(given, dtype=np.float64)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError(f"expected finite numbers (m,), found an array of shape {found.shape}")
    return found


def _require_kind(
    path: str | os.PathLike[str],
    found: tuple[Any, Any],
    wanted: tuple[str, int],
    error: type[GaussmixError],
) -> None:
    (kind, version), (wanted_kind, wanted_version) = found, wanted
    if kind != wanted_kind:
        raise error(f"{path}: is a {str(kind)[:80]} file; expected a {wanted_kind} file")
    if version == wanted_version and type(version) is int:
        return
    is_older = isinstance(version, int) and version < wanted_version
    remedy = "that one, or begin anew" if is_older else "that one, or a later one"
    writer = "an earlier" if is_older else "another"
    raise error(
        f"{path}: has format version {shown(version)}, this gaussmix reads {wanted_version}: "
        f"{writer} gaussmix wrote it; use {remedy}"
    )


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

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        ((tag, held),) = value.items()
        if tag == "array":
            return self.archive.array(held)
        if tag == "tuple":
            return tuple(self.decode(held))
        fields = {key: self.decode(item) for key, item in held.items()}
        if tag == "dict":
            return fields
        if tag not in _STORED:
            raise ValueError(f"unknown content {tag!r}")
        return _STORED[tag].from_fields(fields)
