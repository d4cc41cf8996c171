"""From paths, folders and globs to files of one format."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from ...exceptions import DataError
from ...numerics.arguments import shown
from .registry import ending_of, format_of, formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .base import Format

__all__ = ["Found", "Paths", "find"]

Paths: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"


@dataclass(frozen=True)
class Found:
    """Files of one format, in the order of their rows.

    Attributes
    ----------
    files : tuple of Path
    format : Format
    keys : tuple of dict
        What the names of each file's folders say, as in ``year=2025/month=7``.
    stamps : tuple
        Size and time of each, by which a change is noticed.
    """

    files: tuple[Path, ...]
    format: Format
    keys: tuple[dict[str, str], ...]
    stamps: tuple[tuple[int, int], ...] = field(repr=False)

    def check(self) -> None:
        """Raise DataError if a file is gone, or is not what it was."""
        for path, stamp in zip(self.files, self.stamps, strict=True):
            try:
                now = _stamp(path)
            except FileNotFoundError:
                raise DataError(f"{path}: is gone since it was scanned") from None
            if now != stamp:
                raise DataError(f"{path}: has changed since it was scanned; scan it again")


def find(paths: Paths) -> Found:
    """Return the files that a path, a folder, a glob or several of them name.

    Folders are searched through for files of known endings, in the order of their
    names; names that begin with a dot or an underscore are passed over, as Spark and
    Hive do.

    Raises
    ------
    DataError
        If there is nothing, or files of several formats.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not given:
        raise DataError("path: expected a path, a folder or a glob, got none")
    for path in given:
        if "://" in os.fspath(path):
            raise DataError(f"{path}: is an address; only files of this machine can be scanned")
    named = [pair for path in given for pair in _named(Path(path))]
    for path, _ in named:
        if path.is_fifo():
            raise DataError(f"{path}: is a pipe, which can be read once only; save it as a file")
    named = [(path, base) for path, base in named if not _holds_nothing(path)]
    if not named:
        raise DataError(f"{given[0]}: is empty")
    _refuse_repetition([path for path, _ in named])
    first = named[0][0]
    kind = format_of(first)
    for path, _ in named:
        if format_of(path) is not kind:
            raise DataError(f"{first} and {path} are of different formats; scan those of one")
    return Found(
        tuple(path for path, _ in named),
        kind,
        tuple(_keys(path, base) for path, base in named),
        tuple(_first_stamp(path) for path, _ in named),
    )


def _named(path: Path) -> list[tuple[Path, Path]]:
    """Return the files that a path names; DataError where it cannot be one, or not be looked at."""
    try:
        return list(_expand(path))
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        told = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{shown(str(path))}: cannot be looked for: {told}") from None


def _expand(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the files that a path names, each with the folder that the search began in."""
    if path.is_dir() and not _is_folder_format(path):
        files = list(_walk(path))
        if not files:
            raise DataError(f"{path}: is a folder without any {', '.join(_searched_for())}")
        yield from ((file, path) for file in files)
    elif path.exists():
        yield path, path.parent
    elif glob.has_magic(str(path)):
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 (absolute ones too)
        if not matches:
            raise DataError(f"{path}: matches no file")
        base = _before_magic(path)
        for match in matches:
            yield from ((file, base) for file, _ in _expand(Path(match)))
    else:
        raise DataError(f"{path}: no such file")


def _refuse_repetition(files: list[Path]) -> None:
    seen: set[Path] = set()
    for path in files:
        if path.resolve() in seen:
            raise DataError(f"{path}: is named more than once; its rows would count so often")
        seen.add(path.resolve())


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir() and not _is_folder_format(entry):
            yield from _walk(entry)
        elif (kind := formats().get(ending_of(entry))) is not None and kind.in_folders:
            yield entry


def _searched_for() -> list[str]:
    return sorted(e for e, kind in formats().items() if kind.in_folders and e.count(".") == 1)


def _is_folder_format(path: Path) -> bool:
    kind = formats().get(ending_of(path))
    return kind is not None and kind.is_folder


def _holds_nothing(path: Path) -> bool:
    """Whether a file has no bytes, as Spark writes for an empty partition."""
    if not path.is_file() or path.stat().st_size:
        return False
    if not format_of(path).may_be_empty:
        raise DataError(f"{path}: is empty")
    return True


def _before_magic(path: Path) -> Path:
    plain: list[str] = []
    for part in path.parts:
        if glob.has_magic(part):
            break
        plain.append(part)
    return Path(*plain)


def _keys(path: Path, base: Path) -> dict[str, str]:
    """Return what folders below `base` say of their files in the manner of Hive."""
    folders = path.relative_to(base).parts[:-1]
    pairs = (folder.partition("=") for folder in folders if "=" in folder)
    return {unquote(key): unquote(value) for key, _, value in pairs}


def _first_stamp(path: Path) -> tuple[int, int]:
    try:
        return _stamp(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be opened: {error.strerror or error}") from None


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return (0, 0) if path.is_dir() else (found.st_size, found.st_mtime_ns)
