"""How a text table is written: separator, decimal mark and header, seen in its first lines."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Layout", "look", "number_pattern"]

# pyarrow, too, takes no line longer than its blocks of this size.
_BYTES = 1 << 20
_LINES = 100


@dataclass(frozen=True)
class Layout:
    """How a text table is written.

    Attributes
    ----------
    delimiter : str
    decimal : str
        "." or ",".
    names : list of str, or None
        Made-up names where the first line is a row of data; None where it holds the names.
    """

    delimiter: str
    decimal: str = "."
    names: list[str] | None = None

    def notes(self) -> tuple[str, ...]:
        """What was guessed, for people; empty when there was nothing to guess."""
        found = []
        if self.names is not None:
            called = ", ".join(self.names[:2]) + (", ..." if len(self.names) > 2 else "")
            found.append(f"the first line holds numbers, not names: columns are called {called}")
        if self.decimal == ",":
            found.append("numbers are read with a decimal comma")
        return tuple(found)


def look(path: Path, delimiters: str) -> Layout:
    """Return the layout that the first lines of a file show; UnicodeError if it is binary."""
    with path.open("rb") as file:
        start = file.read(_BYTES)
    if b"\0" in start:
        raise UnicodeError("bytes of 0 are not text in UTF-8")
    text = start.decode("utf-8-sig", errors="replace")
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if len(start) == _BYTES and len(lines) > 1:
        lines.pop()  # it may be cut
    lines = lines[:_LINES]
    delimiter = _delimiter(lines, delimiters)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    decimal = "," if delimiter != "," and _has_decimal_commas(rows) else "."
    headerless = bool(rows) and _is_data(rows[0], rows[1:], decimal)
    return Layout(
        delimiter, decimal, [f"x{j}" for j in range(len(rows[0]))] if headerless else None
    )


def number_pattern(decimal: str) -> str:
    """Return a regular expression of a number, for Python and for Arrow."""
    mark = re.escape(decimal)
    return rf"^\s*[+-]?(\d+{mark}?\d*|{mark}\d+)([eE][+-]?\d+)?\s*$"


def _delimiter(lines: list[str], delimiters: str) -> str:
    """Return the first delimiter that cuts all lines into equally many fields, several."""
    if not lines:
        return delimiters[-1]
    widths = {
        delimiter: [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        for delimiter in delimiters
    }
    for delimiter, found in widths.items():
        if found[0] > 1 and len(set(found)) == 1:
            return delimiter
    return max(reversed(delimiters), key=lambda delimiter: widths[delimiter][0])


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    cells = {cell for row in rows for cell in row}

    def written_with(mark: str) -> bool:
        pattern = re.compile(number_pattern(mark))
        return any(mark in cell and pattern.match(cell) for cell in cells)

    return written_with(",") and not written_with(".")


def _is_data(first: list[str], rest: list[list[str]], decimal: str) -> bool:
    """Whether the first line is data: numbers, and text only where it recurs below.

    A name is not a value of its own column: so names such as 2019 beside others
    that are words stay names.
    """
    from pyarrow.csv import ConvertOptions

    number = re.compile(number_pattern(decimal))
    missing = set(ConvertOptions().null_values) - {""}

    def recurs(j: int) -> bool:
        return any(row[j] == first[j] for row in rest if j < len(row))

    numbers = [bool(number.match(cell)) for cell in first]
    return any(numbers) and all(
        numbers[j] or cell in missing or recurs(j) for j, cell in enumerate(first)
    )
