"""DuckDB: a connection, how a word is written in its language, and what it says of a file."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from ....exceptions import DataError
from ....numerics.extras import imported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["UnreadableError", "connected", "literal", "says"]

# Nothing is fetched from elsewhere, and nothing is printed beside what we print.
_SETTINGS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_ORIGINAL = re.compile(r"Original Line:(.*?)\n", re.DOTALL)
_KIND = re.compile(r"^(\w+ )+Error: ")
# What is shown of a line in a message.
_SHOWN = 60


class UnreadableError(Exception):
    """A file cannot be read in the way that was tried.

    Attributes
    ----------
    told : str
        The reason, for people.
    kind : str
        "encoding", "long", or "" for any other.
    """

    def __init__(self, told: str, kind: str = "") -> None:
        super().__init__(told)
        self.told, self.kind = told, kind


@contextmanager
def connected(n_threads: int) -> Iterator[Any]:
    """Yield a connection whose queries are run by so many threads.

    Raises
    ------
    MissingExtraError
        If DuckDB is not installed.
    """
    connection = _database(n_threads, os.getpid()).cursor()
    try:
        yield connection
    finally:
        connection.close()


@cache
def _database(n_threads: int, process: int) -> Any:
    """Return the database of this process: starting one takes longer than reading a small file.

    Its threads are not there in a forked process.
    """
    duckdb = imported("duckdb", "files", "reading tables of text")
    database = duckdb.connect(":memory:", config={**_SETTINGS, "threads": n_threads})
    database.execute("SET enable_progress_bar = false")
    return database


def literal(value: str | bool | int) -> str:
    """Return a value as it is written in a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


@contextmanager
def says(path: Path) -> Iterator[None]:
    """Turn what DuckDB says of a file into a `UnreadableError`; DataError where it is not there."""
    duckdb = imported("duckdb", "files", "reading tables of text")
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (duckdb.Error, OSError, ValueError, RuntimeError) as error:
        raise _refusal(str(error)) from None


def _refusal(told: str) -> UnreadableError:
    place = _LINE.search(told)
    where = f"line {place.group(1)}" if place else ""
    original = _ORIGINAL.search(told)
    line = original.group(1).strip() if original else ""
    line = f": {line[:_SHOWN]!r}" if line else ""
    if "nvalid unicode" in told or "not utf-8 encoded" in told:
        return UnreadableError("is not text in UTF-8; save it as such", "encoding")
    if "Maximum line size of" in told:
        return UnreadableError(f"{where or 'a line'} is longer than can be read", "long")
    if width := _WIDTH.search(told):
        expected, found = width.groups()
        return UnreadableError(
            f"{where} has {_cells(found)} where {expected} are expected{line}. "
            "Correct the line, or take it out"
        )
    if "unterminated quote" in told:
        return UnreadableError(f"{where} has a quotation mark that is not closed{line}")
    if "Could not convert" in told or "onversion Error" in told:
        return UnreadableError(f"{where or 'a cell'} is not a number any more{line}")
    reason = _KIND.sub("", told.splitlines()[0])
    return UnreadableError(f"{where + ': ' if where else ''}{reason}")


def _cells(count: str) -> str:
    return "1 cell" if count == "1" else f"{count} cells"
