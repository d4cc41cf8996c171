"""Which columns of text are numbers, how they are written, and what to say of the others.

All values of a column decide, not the first ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..choice import not_numbers
from .cells import (
    BY_COMMAS,
    BY_DOTS_ALONE,
    IS_DOUBLE,
    LOOKS,
    LOOKS_OF_NUMBERS,
    ONE_DOT,
    WITH_COMMA,
    empty,
    of,
    swallows,
)
from .engine import UnreadableError, says
from .header import is_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from .dialect import Dialect

__all__ = ["Numerals", "TextColumn", "look_at"]

# Rows among which an example of text is looked for.
_SEEN = 100


@dataclass(frozen=True)
class Numerals:
    """A way to write numbers.

    Attributes
    ----------
    expression : str
        The number in a cell ``@``, as a query has it; ``#`` is its text, where it has a value.
    parsed : bool
        Whether the library makes the number by itself, as it parses the file.
    note : str
        What people are told of it.
    """

    expression: str
    parsed: bool = False
    note: str = ""


PLAIN = Numerals("@", parsed=True)
PADDED = Numerals("CAST(# AS DOUBLE)")
FLAGS = Numerals("CAST(CAST(# AS BOOLEAN) AS DOUBLE)")
DECIMAL_COMMA = Numerals(
    "CAST(replace(replace(#, '.', ''), ',', '.') AS DOUBLE)",
    note="numbers are read with a decimal comma",
)
THOUSANDS = Numerals(
    "CAST(replace(#, ',', '') AS DOUBLE)", note="commas are read as marks of thousands"
)


@dataclass(frozen=True)
class TextColumn:
    """What is known of a column.

    Attributes
    ----------
    numerals : Numerals or None
        How its numbers are written; None if they are none.
    example : str or None
        The first value that is no number; None if it has none.
    fault : str
        Why it can neither be read as numbers nor be left out as text; empty if it can.
    has_empty : bool
        Whether some cells hold blanks, or words for no value.
    """

    numerals: Numerals | None
    example: str | None = None
    fault: str = ""
    has_empty: bool = False

    def number(self, column: int, missing: Sequence[str]) -> str:
        """Return the number in a cell, as a query has it; `missing` are words for no value."""
        if self.numerals is None:
            return "CAST(NULL AS DOUBLE)"
        text = "trim(@)"
        if self.has_empty:
            text = f"CASE WHEN {empty(missing)} THEN NULL ELSE {text} END"
        return of(column, self.numerals.expression.replace("#", text))


@dataclass
class _Counts:
    """How many cells of a column look like what; see `cells`."""

    values: int
    numbers: int
    empty: int = 0
    flags: int = 0
    like: int = 0
    with_comma: int = 0
    by_commas: int = 0
    sure_comma: int = 0
    sure_thousands: int = 0
    by_dots_alone: int = 0
    beside: int = 0
    addresses: int = 0
    begins_anew: int = 0
    swallowed: int = 0

    @property
    def filled(self) -> int:
        return self.values - self.empty

    @property
    def with_dot(self) -> int:
        """Numbers if the dot is the decimal mark, and commas part thousands."""
        return self.numbers + self.by_commas


def look_at(
    connection: Any,
    path: Path,
    dialect: Dialect,
    names: Mapping[int, str],
    decimal: str | None = None,
) -> tuple[int, dict[int, TextColumn]]:
    """Return how many rows a file has, and what its columns are, by all of their cells.

    Parameters
    ----------
    names : dict of int to str
        Which columns are looked at, and what they are called.
    decimal : str or None
        The decimal mark, where the user says it.

    Raises
    ------
    UnreadableError
        If the file cannot be read in this dialect.
    """
    look = _Look(connection, path, dialect, decimal)
    look.count(names)
    return look.n_rows, {j: look.column(j, name) for j, name in names.items()}


class _Look:
    """Looks at a file, and remembers how many of its cells look like what."""

    def __init__(self, connection: Any, path: Path, dialect: Dialect, decimal: str | None) -> None:
        self._connection, self._path, self._decimal = connection, path, decimal
        self._table, self._dialect = dialect.table(path), dialect
        self._counts: dict[int, _Counts] = {}
        self.n_rows = 0

    def count(self, columns: Iterable[int]) -> None:
        """Count: of text only as much as tells that it is text."""
        asked = list(columns)
        self.n_rows, *found = self._row(
            ["count(*)", *(f"count(c{j}), count(TRY_CAST(c{j} AS DOUBLE))" for j in asked)]
        )
        pairs = zip(found[::2], found[1::2], strict=True)
        self._counts = {j: _Counts(*pair) for j, pair in zip(asked, pairs, strict=True)}
        own = [j for j, c in self._counts.items() if c.numbers < c.values or self._decimal == ","]
        dialect = self._dialect
        looks = {"empty": empty(dialect.missing), **LOOKS}
        if dialect.quote:
            looks["swallowed"] = swallows(dialect.separator, dialect.width)
        self._count_looks(own, looks)
        self._refuse_swallowed_rows()
        like = [j for j in own if 2 * self._counts[j].like >= self._counts[j].filled]
        self._count_looks(like, LOOKS_OF_NUMBERS)

    def _count_looks(self, columns: Sequence[int], looks: Mapping[str, str]) -> None:
        """Count the cells of columns that look like something: of all columns in one go."""
        if not columns:
            return
        cells = ", ".join(f"c{j}" for j in columns)
        counts = ", ".join(f"count_if({look.replace('@', 'v')})" for look in looks.values())
        unfolded = f"SELECT unnest([{cells}]) AS v, unnest({columns!r}) AS j FROM {self._table}"
        with says(self._path):
            found = self._connection.execute(
                f"SELECT j, {counts} FROM ({unfolded}) GROUP BY j"
            ).fetchall()
        for j, *numbers in found:
            for name, number in zip(looks, numbers, strict=True):
                setattr(self._counts[j], name, int(number))

    def _refuse_swallowed_rows(self) -> None:
        """Raise UnreadableError where a quotation mark alone has opened a cell of several lines."""
        for j, own in self._counts.items():
            if own.begins_anew or own.swallowed:
                raise UnreadableError(
                    f"a quotation mark in column {j + 1} opens a cell of several lines that look "
                    "like rows; double it if it is text, or take it out"
                )

    def column(self, j: int, name: str) -> TextColumn:
        """Return what a column is."""
        own = self._counts[j]
        if own.filled == 0:
            return TextColumn(None)
        if own.numbers == own.values and self._decimal != ",":
            if self._may_be_thousands(j):
                return self._doubtful(j, name, "point or dots", ONE_DOT)
            return TextColumn(PLAIN if self._dialect.parses else PADDED)
        if own.flags == own.filled:
            return TextColumn(FLAGS, has_empty=own.empty > 0)
        return self._written_otherwise(j, name)

    def _written_otherwise(self, j: int, name: str) -> TextColumn:
        own = self._counts[j]
        if own.addresses == own.filled:
            return TextColumn(None, self._example(j))
        by_comma = own.with_comma == own.filled and self._decimal != "."
        if by_comma and own.by_dots_alone and self._decimal is None and not self._decimal_commas:
            return self._doubtful(j, name, "point or dots", BY_DOTS_ALONE)
        by_dot = own.with_dot == own.filled and self._decimal != ","
        if by_comma and by_dot and own.by_commas:
            # One way to write 1,234 or the other: the rest of the file tells.
            commas, dots = self._decimal_commas, self._decimal_dots
            if commas == dots:
                return self._doubtful(j, name, "comma or commas", BY_COMMAS)
            by_dot = dots
        if by_dot:
            kind = THOUSANDS if own.by_commas else PADDED
            return TextColumn(kind, has_empty=own.empty > 0)
        if by_comma:
            return TextColumn(DECIMAL_COMMA, has_empty=own.empty > 0)
        return self._text(j, name)

    def _text(self, j: int, name: str) -> TextColumn:
        """Return a column that is not one of numbers, with its fault if it should be one."""
        own = self._counts[j]
        allowed = []
        if self._decimal != ".":
            allowed.append((own.with_comma, WITH_COMMA))
        if self._decimal != ",":
            allowed.append((own.with_dot, f"({IS_DOUBLE}) OR {BY_COMMAS}"))
        numbers, fits = max(allowed)
        others, like = own.filled - numbers, 2 * own.beside > own.filled
        if others < numbers or (like and self._decimal is not None):
            told = f"{not_numbers(name, others, own.filled)}, such as "
            return self._faulty(j, told, f"NOT ({fits})")
        if like:
            told = f"the numbers of column {name!r} have something beside them, such as "
            return self._faulty(j, told, f"NOT ({fits})")
        return TextColumn(None, self._example(j))

    def _doubtful(self, j: int, name: str, what: str, looks: str) -> TextColumn:
        told = f"column {name!r} has a decimal {what} of thousands, such as "
        column = self._faulty(j, told, looks)
        return replace(column, fault=f"{column.fault}: say decimal='.' or decimal=','")

    def _faulty(self, j: int, told: str, condition: str) -> TextColumn:
        value, row = self._first(j, condition)
        return TextColumn(None, value, f"{told}{value!r} in row {row}")

    def _may_be_thousands(self, j: int) -> bool:
        """Whether all that have a dot are as 1.234, in a file that has decimal commas."""
        if self._decimal is not None or not self._decimal_commas:
            return False
        dots, doubtful = self._row([_count(j, "contains(@, '.')"), _count(j, ONE_DOT)])
        return dots == doubtful > 0

    @cached_property
    def _decimal_commas(self) -> bool:
        """Whether some column has decimal commas beyond doubt."""
        return any(
            c.sure_comma > c.by_dots_alone and c.with_comma == c.filled and c.numbers < c.filled
            for c in self._counts.values()
        )

    @cached_property
    def _decimal_dots(self) -> bool:
        """Whether some column has decimal points beyond doubt."""
        counts = self._counts
        if any(c.sure_thousands and c.with_dot == c.filled for c in counts.values()):
            return True
        plain = [j for j, c in counts.items() if c.values and c.numbers == c.values]
        return bool(plain) and any(self._row([_count(j, "contains(@, '.')") for j in plain]))

    def _example(self, j: int) -> str:
        """Return a value of a column of text that is no number, for people."""
        seen = (row[j] for row in self._first_rows)
        found = (value for value in seen if value and value.strip() and not is_number(value))
        return next(found, None) or self._first(j, "true")[0]

    @cached_property
    def _first_rows(self) -> list[tuple[str | None, ...]]:
        with says(self._path):
            rows: list[tuple[str | None, ...]] = self._connection.execute(
                f"SELECT * FROM {self._table} LIMIT {_SEEN}"
            ).fetchall()
        return rows

    def _first(self, j: int, condition: str) -> tuple[str, int]:
        """Return the first value that fulfils a condition, and its row, counted from 1."""
        numbered = f"(SELECT c{j}, row_number() OVER () AS row FROM {self._table})"
        fulfils = of(j, f"NOT {empty(self._dialect.missing)} AND ({condition})")
        with says(self._path):
            value, row = self._connection.execute(
                f"SELECT c{j}, row FROM {numbered} WHERE {fulfils} LIMIT 1"
            ).fetchone()
        return value, row

    def _row(self, asked: Sequence[str]) -> list[int]:
        with says(self._path):
            row = self._connection.execute(
                f"SELECT {', '.join(asked)} FROM {self._table}"
            ).fetchone()
        return [int(value) for value in row]


def _count(j: int, looks: str) -> str:
    return f"count_if({of(j, looks)})"
