"""The files that commands read: which they are, how they are written, and pipes."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from ..exceptions import DataError
from ..rows.files import Scan, Spooled, find, scan
from ..rows.missing import Missing, get_missing, list_missing
from .options import split_names

__all__ = ["Data", "reads_files"]

_WHAT = (
    "Files, folders or (quoted) globs: .csv, .tsv, .txt (also .gz, .zst, .bz2, .xz), .parquet, "
    ".arrow, .feather, .npy, .h5 or .zarr; of any size. - is standard input."
)
_OPTIONS: dict[str, Any] = {
    "dataset": Annotated[
        str | None, typer.Option(help="Which array of HDF5 or Zarr files that hold several.")
    ],
    "separator": Annotated[
        str | None, typer.Option(help="What stands between cells of text. Default: as they show.")
    ],
    "decimal": Annotated[
        str | None, typer.Option(help="Decimal mark of text, . or , Default: as it shows.")
    ],
    "missing": Annotated[
        str | None,
        typer.Option(help="What cells of text without a value hold, such as ?,-999 (besides NA)."),
    ],
    "incomplete": Annotated[
        str | None,
        typer.Option(
            help="Rows in which a value is missing: "
            f"{'; '.join(f'{word.name}: {word.summary}' for word in list_missing())}."
        ),
    ],
}


@dataclass(frozen=True)
class Data:
    """Files, and how they are read.

    Attributes
    ----------
    paths : tuple of Path
    options : dict
        Of `gaussmix.scan`.
    missing : Missing
        What becomes of rows in which a value is missing.
    """

    paths: tuple[Path, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    missing: Missing = field(default_factory=lambda: get_missing("error"))
    _spooled: tuple[Spooled, ...] = ()
    _scans: dict[tuple[str, ...] | None, Scan] = field(default_factory=dict, repr=False)

    def scan(self, columns: Sequence[str] | None = None) -> Scan:
        """Open the columns asked for, or all that are numeric."""
        key = None if columns is None else tuple(columns)
        if key not in self._scans:  # a look at text is one at all of it
            self._scans[key] = scan(self._places, columns, **self.options)
        return self._scans[key]

    @property
    def has_names(self) -> bool:
        """Whether their columns have names."""
        return find(self._places).format.has_names

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that will be read; the paths themselves where there are none."""
        try:
            return find(self._places).files
        except DataError:  # told when they are opened
            return self.paths

    @property
    def title(self) -> str:
        """How the data are called in pictures and messages."""
        if not self.paths:
            return "no data"
        first = "standard input" if str(self.paths[0]) == "-" else self.paths[0].name
        return first if len(self.paths) == 1 else f"{first} and {len(self.paths) - 1} more"

    @property
    def stem(self) -> str:
        """What files that come of the data may be called: no signs of globs, and no spaces."""
        name = "stdin" if str(self.paths[0]) == "-" else self.paths[0].stem
        return re.sub(r"[^\w.-]+", "_", name).strip("_") or "data"

    @property
    def _places(self) -> list[Path]:
        spooled = iter(self._spooled)
        return [next(spooled).path if _is_pipe(path) else path for path in self.paths]

    def by_name(self, message: str) -> str:
        """Return a message in which pipes are called by their names, not by those of copies."""
        pipes = filter(_is_pipe, self.paths)
        for path, copy in zip(pipes, self._spooled, strict=False):
            called = "standard input" if str(path) == "-" else str(path)
            message = message.replace(str(copy.path), called)
        return message

    def spooled(self) -> Data:
        """Return the same data, what comes through pipes copied to files."""
        return replace(self, _spooled=tuple(map(_spool, filter(_is_pipe, self.paths))))


def reads_files(command: Callable[..., None], *, required: bool = True) -> Callable[..., None]:
    """Give a command with a parameter ``data: Data`` the arguments and options that say it."""
    hints = get_type_hints(command, include_extras=True)
    given = list[Path] if required else list[Path] | None
    hints["data"] = Annotated[given, typer.Argument(metavar="DATA...", help=_WHAT)]
    own = inspect.signature(command).parameters.values()
    parameters = [
        p.replace(
            annotation=hints[p.name],
            default=None if p.name == "data" and not required else p.default,
        )
        for p in own
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters += [
        inspect.Parameter(name, keyword, default=None, annotation=kind)
        for name, kind in _OPTIONS.items()
    ]

    @functools.wraps(command)
    def reading(*, data: Sequence[Path] | None, **given: Any) -> None:
        options = {name: given.pop(name) for name in _OPTIONS}
        word, missing = options.pop("incomplete"), options.pop("missing")
        incomplete = get_missing("error" if word is None else word, "--incomplete")
        if missing is not None:
            options["missing_values"] = split_names("--missing", missing)
        options = {name: value for name, value in options.items() if value is not None}
        source = Data(tuple(data or ()), options, incomplete).spooled()
        try:
            command(data=source, **given)
        except DataError as error:
            raise DataError(source.by_name(str(error))) from None

    del reading.__wrapped__
    reading.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    reading.__annotations__ = {p.name: p.annotation for p in parameters}
    return reading


def _is_pipe(path: Path) -> bool:
    return str(path) == "-" or path.is_fifo()


def _spool(path: Path) -> Spooled:
    if str(path) == "-":
        return Spooled(sys.stdin.buffer, "standard-input")
    with path.open("rb") as stream:
        return Spooled(stream, path.name)
