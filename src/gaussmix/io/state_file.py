"""Files of numbers and plain values: npz without pickle, written whole or not at all.

Values are held as JSON, arrays beside it.  Besides plain values there are mixtures, sufficient
statistics and tuples, each told by a tag of its own.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..covariances import STRUCTURES
from ..mixture import Mixture
from ..moments import MOMENTS
from ..noise import Noise
from ..statistics import SufficientStatistics
from .atomic import writing

if TYPE_CHECKING:
    from ..exceptions import GaussmixError

__all__ = ["load_state", "save_state"]

_JSON = "json"
_TAGS = ("array", "dict", "mixture", "noise", "statistics", "tuple")


def save_state(
    path: str | os.PathLike[str], kind: str, version: int, content: dict[str, Any]
) -> None:
    """Write a file that `load_state` reads.

    Parameters
    ----------
    kind : str
        What it is, so that no other file is taken for it.
    content : dict
        Of None, numbers, strings, lists, tuples, dicts, arrays, `Mixture` and
        `SufficientStatistics`.
    """
    from .. import __version__

    encoder = _Encoder()
    head = {"format": kind, "version": version, "written_by": f"gaussmix {__version__}"}
    text = json.dumps({**head, "content": encoder.encode(content)})
    held = np.frombuffer(text.encode(), dtype=np.uint8)
    with writing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{_JSON: held}, **encoder.arrays)
        # On the disk before it takes the name: the machine may stop at any instant.
        file.flush()
        os.fsync(file.fileno())


def load_state(
    path: str | os.PathLike[str], kind: str, version: int, error: type[GaussmixError]
) -> dict[str, Any]:
    """Return the content of a file.

    Raises
    ------
    error
        If it is not of this kind, is damaged, or comes from a later version.
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
        raise error(
            f"{path}: has format version {found[1]!r}, this gaussmix reads {version}; use the "
            "gaussmix that wrote it, or a later one"
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
        tag, held = self._tagged(value)
        return {tag: held}

    def _tagged(self, value: Any) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return "tuple", self.encode(list(value))
        if isinstance(value, np.ndarray):
            return "array", self._name(value)
        tag, fields = ("dict", value) if isinstance(value, dict) else _fields(value)
        return tag, {key: self.encode(item) for key, item in fields.items()}

    def _name(self, array: Any) -> str:
        if id(array) not in self._names:
            self._names[id(array)] = f"a{len(self.arrays)}"
            self.arrays[self._names[id(array)]] = array
        return self._names[id(array)]


def _fields(value: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(value, SufficientStatistics):
        held = {**vars(value), "moment": value.moment.name}
        del held["mixtures"]  # files are of one
        return "statistics", held
    if isinstance(value, Mixture):
        return "mixture", {
            "weights": value.weights,
            "means": value.means,
            "structure": value.covariances.name,
            "shared": value.covariances.shared,
            "values": value.covariances.values,
            "feature_names": value.feature_names,
            "noise": value.noise,
        }
    if isinstance(value, Noise):
        return "noise", {key: getattr(value, key) for key in ("weight", "lower", "upper", "axes")}
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
        if tag not in _TAGS:
            raise ValueError(f"unknown content {tag!r}")
        return getattr(self, f"_{tag}")(held)

    def _dict(self, held: dict[str, Any]) -> dict[str, Any]:
        return {key: self.decode(item) for key, item in held.items()}

    def _tuple(self, held: list[Any]) -> tuple[Any, ...]:
        return tuple(self.decode(item) for item in held)

    def _array(self, held: str) -> Any:
        return self.arrays[held]

    def _statistics(self, held: dict[str, Any]) -> SufficientStatistics:
        fields = self._dict(held)
        statistics = SufficientStatistics(**{**fields, "moment": MOMENTS[fields["moment"]]})
        statistics.require_valid()
        return statistics

    def _mixture(self, held: dict[str, Any]) -> Mixture:
        fields = self._dict(held)
        means, values = fields["means"], fields["values"]
        structure = STRUCTURES[fields["structure"]]
        shape = (1 if fields["shared"] else len(means), *structure.value_shape(means.shape[1]))
        if fields["weights"].shape != means.shape[:1] or values.shape != shape:
            raise ValueError("shapes of a mixture do not agree")
        if not all(np.isfinite(part).all() for part in (fields["weights"], means, values)):
            raise ValueError("a mixture with NaN or infinity")
        covariances = structure(values, len(means), means.shape[1], fields["shared"])
        return Mixture._of_fit(
            fields["weights"], means, covariances, fields["feature_names"], fields["noise"]
        )

    def _noise(self, held: dict[str, Any]) -> Noise:
        return Noise(**self._dict(held))
