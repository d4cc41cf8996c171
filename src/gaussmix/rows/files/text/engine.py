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
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["UnreadableError", "connected", "is_one_of", "literal", "says"]

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
        "encoding", "long", "blank" (a line of blanks), "parallel" (one thread may), or ""
        for any other.
    """

    def __init__(self, told: str, kind: str = "") -> None:
        super().__init__(told)
        self.told, self.kind = told, kind

    @property
    def concerns_the_file(self) -> bool:
        """Whether other marks between cells, or of quotation, would be no better."""
        return self.kind in {"encoding", "long", "blank"}


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
    # It makes joins of lists of words, and rows lose their order in them.
    database.execute("SET disabled_optimizers = 'in_clause'")
    return database


def literal(value: str | bool | int) -> str:
    """Return a value as it is written in a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def is_one_of(expression: str, words: Iterable[str]) -> str:
    """Return the condition that an expression is one of some words."""
    return f"{expression} IN ({', '.join(map(literal, words))})"


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
    place, original = _LINE.search(told), _ORIGINAL.search(told)
    where = f"line {place.group(1)}" if place else "a line"
    line = original.group(1).strip() if original else ""
    shown = f": {line[:_SHOWN]!r}" if line else ""
    if width := _WIDTH.search(told):
        expected, found = width.groups()
        return UnreadableError(
            f"{where} has {_cells(found)} where {expected} are expected{shown}. "
            "Correct the line, or take it out",
            "blank" if original and not line else "",
        )
    for sign, reason, kind in (
        ("nvalid unicode", "is not text in UTF-8; save it as such", "encoding"),
        ("not utf-8 encoded", "is not text in UTF-8; save it as such", "encoding"),
        ("Maximum line size of", f"{where} is longer than can be read", "long"),
        ("arallel CSV Reader", "its cells of several lines look like rows", "parallel"),
        ("state machine", "its quotation marks, or its line ends, do not fit together", ""),
        ("unterminated quote", f"{where} has a quotation mark that is not closed{shown}", ""),
        ("onversion Error", f"{where} has what is not a number any more{shown}", ""),
    ):
        if sign in told:
            return UnreadableError(reason, kind)
    return UnreadableError(_KIND.sub("", told.splitlines()[0]))


def _cells(count: str) -> str:
    return "1 cell" if count == "1" else f"{count} cells"
