"""How a table of text is written: each separator is tried, and the one that shows numbers wins."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from .dialect import NO_SEPARATOR, SPACES, Dialect, blocks, lines
from .engine import UnreadableError, literal, says
from .header import is_number, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["dialects"]

Row: TypeAlias = tuple[str | None, ...]


# Rows that are looked at, and cells of them.
_ROWS = 200
_CELLS = 50_000
# A column with fewer numbers is one of text.
_ENOUGH = 0.5
# Quotation marks, and what stands before one within a cell.
_QUOTES = (('"', '"'), ('"', "\\"), ("'", "'"), ("", ""))
# Cells in single quotes, and one that begins with an apostrophe.
_QUOTED = re.compile(r"(?:^|(?<=[,;\t| ]))'[^'\n]*'(?=[,;\t| \r]|$)", re.MULTILINE)
_APOSTROPHE = re.compile(r"(?:^|[,;\t|])\s*'", re.MULTILINE)
_MARKS = ("\t", ";", "|", ",", " ")
_COMMENTS = ("#", "%")
# Characters of a line that show what marks it has.
_SEEN = 20_000


@dataclass(frozen=True)
class _Candidate:
    """A way to read a file, and how much speaks for it.

    Attributes
    ----------
    dialect : Dialect
    share : float
        Of the cells below the header, how many are numbers.
    mixed : float
        How many are not, and hold marks that part others.
    """

    dialect: Dialect
    share: float
    mixed: float = 0.0

    @property
    def merit(self) -> tuple[bool, float, bool, bool, float]:
        """What has most of it is taken: a header and rows of one width before all else."""
        whole = self.dialect.above == 0
        is_table = self.dialect.width > 1
        headed = whole and is_table and self.dialect.header
        return headed, round(self.share, 3), whole, is_table, -self.mixed


def dialects(
    connection: Any,
    path: Path,
    separators: Sequence[str],
    missing: tuple[str, ...],
    longest: int,
) -> Iterator[Dialect]:
    """Yield ways in which a file can be read, the likeliest first.

    Those that follow differ in what quotation marks mean: how they are used far down in
    the file shows only when it is read.
    """
    yield from _Sniffing(connection, path, missing, longest).dialects(separators)


class _Sniffing:
    """Tries ways to read a file on its first rows."""

    def __init__(self, connection: Any, path: Path, missing: tuple[str, ...], longest: int) -> None:
        self._connection, self._path, self._missing = connection, path, missing
        self._longest = longest
        self._first = _first_lines(connection, path, longest)
        self._text = "\n".join(self._first)

    def dialects(self, separators: Sequence[str]) -> Iterator[Dialect]:
        if not self._text.strip():
            return
        found = [one for mark in (*separators, NO_SEPARATOR) for one in self._tried(mark)]
        if not found:
            self._refuse_uneven_rows(_MARKS)
            return
        likeliest = max(found, key=lambda candidate: candidate.merit)
        best = likeliest.dialect
        if best.separator == NO_SEPARATOR and likeliest.share < _ENOUGH:
            self._refuse_uneven_rows(separators)
        if best.separator == NO_SEPARATOR and best.header and self._has_marks(best):
            self._refuse_uneven_rows(_MARKS)
            raise UnreadableError("its cells are parted by marks that were not expected; say which")
        yield best
        if best.separator not in {SPACES, NO_SEPARATOR}:
            for quote, escape in _QUOTES:
                if (quote, escape) != (best.quote, best.escape):
                    yield replace(best, quote=quote, escape=escape)

    def _has_marks(self, dialect: Dialect) -> bool:
        """Whether the only name is parted as the rows are: then there are several columns."""
        lines = [line for line in self._first[dialect.n_skipped :] if line.strip()]
        return any(
            mark in lines[0] and 2 * sum(mark in line for line in lines) > len(lines)
            for mark in ",;\t|"
        )

    def _refuse_uneven_rows(self, separators: Sequence[str]) -> None:
        """Raise UnreadableError if there are columns, but not as many in all rows."""
        first = [line for line in self._first if line.strip()]
        widths = {
            mark: [line.count(mark) + 1 for line in first]
            for mark in separators
            if mark in self._text
        }
        if not widths or not first:
            return
        mark = max(widths, key=lambda one: _commonest(widths[one]))
        width = _commonest(widths[mark])
        if width > 1:
            table = Dialect(mark, width, longest=self._longest).table(self._path)
            with says(self._path):
                self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()

    def _tried(self, separator: str) -> list[_Candidate]:
        """Return how the file may be read with a separator."""
        if separator == SPACES:
            spaced = self._spaced()
            return [] if spaced is None else [spaced]
        if separator != NO_SEPARATOR and separator not in self._text:
            return []
        for comment in self._comments:
            tried = (self._sniffed(separator, *marks, comment) for marks in self._quotes)
            found = [candidate for candidate in tried if candidate is not None]
            if found:  # a mark that is one of quotation shows by what it sets free
                return [max(found, key=lambda candidate: candidate.share)]
        return []

    @property
    def _quotes(self) -> list[tuple[str, str]]:
        """Those that show; one that does not is as good as any other."""
        shown = [marks for marks in _QUOTES if marks[0] and marks[0] in self._text]
        if not _QUOTED.search(self._text) or _APOSTROPHE.search(_QUOTED.sub(",", self._text)):
            shown = [marks for marks in shown if marks[0] != "'"]
        return [*shown, ("", "")] if shown else [_QUOTES[0]]

    @property
    def _comments(self) -> list[str]:
        begins = {line.lstrip()[:1] for line in self._first}
        return ["", *(mark for mark in _COMMENTS if mark in begins)]

    def _sniffed(self, separator: str, quote: str, escape: str, comment: str) -> _Candidate | None:
        """Return how the file is read with these marks, if DuckDB sees a table in it."""
        marks = {"delim": separator, "quote": quote, "escape": escape, "comment": comment}
        told: dict[str, str | int] = {**marks, **blocks(self._longest)}
        options = ", ".join(f"{name} = {literal(value)}" for name, value in told.items())
        try:
            with says(self._path):
                n_skipped, width = self._connection.execute(
                    "SELECT SkipRows, len(Columns) FROM sniff_csv("
                    f"{literal(str(self._path))}, all_varchar = true, strict_mode = true, "
                    f"{options})"
                ).fetchone()
        except UnreadableError as refusal:
            if refusal.concerns_the_file:
                raise
            return None
        if width < 2 and separator != NO_SEPARATOR:
            return None
        return self._with_header(
            Dialect(
                separator,
                int(width),
                n_skipped=int(n_skipped),
                quote=quote,
                escape=escape,
                comment=comment,
                missing=self._missing,
                longest=self._longest,
            )
        )

    def _with_header(self, plain: Dialect) -> _Candidate | None:
        """Return a way to read the file once it is known which line is the header.

        None if rows of data would be passed over: lines above a table are not of it only
        if names follow them, or if they do not have its separator.
        """
        rows = self._first_rows(plain)
        if not rows or (plain.separator == " " and _has_gaps(rows)):
            return None
        names = names_in(rows, plain.missing)
        above = [line for line in self._first[: plain.n_skipped] if line.strip()]
        plain = replace(plain, above=len(above))
        if names is not None:
            return _judged(replace(plain, names=names, header=True), rows[1:])
        short = _short_header(above, plain, rows)
        if short is not None:
            return _judged(replace(plain, names=short, above=plain.above - 1), rows)
        if any(plain.separator in line for line in above):
            return None
        return _judged(plain, rows)

    def _first_rows(self, dialect: Dialect) -> list[Row]:
        count = max(2, min(_ROWS, _CELLS // dialect.width))
        table = replace(dialect, missing=()).table(self._path)
        try:
            with says(self._path):
                rows: list[Row] = self._connection.execute(
                    f"SELECT * FROM {table} LIMIT {count}"
                ).fetchall()
        except UnreadableError as refusal:
            if refusal.concerns_the_file:
                raise
            return []
        return rows

    def _spaced(self) -> _Candidate | None:
        """Return how the file is read if its cells are apart by any number of spaces."""
        comment = next((mark for mark in _COMMENTS if self._text.lstrip().startswith(mark)), "")
        filled = [
            (i, line)
            for i, line in enumerate(self._first)
            if line.strip() and not (comment and line.lstrip().startswith(comment))
        ]
        rows: list[Row] = [tuple(cell.strip('"') for cell in line.split()) for _, line in filled]
        if len(rows) < 1 or len(rows[-1]) < 2:
            return None
        width = len(rows[-1])
        plain = Dialect(
            SPACES, width, comment=comment, missing=self._missing, longest=self._longest
        )
        names = _short_header([filled[0][1]], plain, rows[1:])
        if any(len(row) != width for row in rows[names is not None :]):
            return None
        if names is None:
            names = names_in(rows, plain.missing)
        if names is None:
            return _judged(plain, rows)
        above = filled[0][0]
        return _judged(replace(plain, names=names, header=True, n_skipped=above), rows[1:])


def _has_gaps(rows: Sequence[Row]) -> bool:
    """Whether some column holds nothing: then several spaces stand between cells."""
    return any(all(not cell for cell in column) for column in zip(*rows, strict=True))


def _short_header(above: list[str], plain: Dialect, rows: Sequence[Row]) -> tuple[str, ...] | None:
    """Return the names in a line above the table that has one cell less, as R writes it.

    The column of the rows' names, the first, has none: they are words, or count the rows.
    """
    labels = [row[0] or "" for row in rows]
    counted = [str(i) for i in range(1, len(labels) + 1)]
    are_words = len(set(labels)) == len(labels) and not any(map(is_number, labels))
    if not above or not above[-1].strip() or not (are_words or labels == counted):
        return None
    separator = None if plain.separator == SPACES else plain.separator
    if any(mark in above[-1] for mark in _MARKS[:-1] if mark != separator):
        return None
    cells = [cell.strip().strip("\"'") for cell in above[-1].split(separator)]
    if len(cells) == plain.width - 1 and not any(is_number(cell) for cell in cells):
        return ("", *cells)
    return None


def _judged(dialect: Dialect, rows: Sequence[Row]) -> _Candidate:
    without_value = {"", *dialect.missing}
    cells = [cell.strip() for row in rows for cell in row if cell is not None]
    cells = [cell for cell in cells if cell not in without_value]
    others = [cell for cell in cells if not is_number(cell)]
    mixed = sum(any(mark in cell for mark in _MARKS) for cell in others)
    count = max(1, len(cells))
    return _Candidate(dialect, 1 - len(others) / count if cells else 0.0, mixed / count)


def _commonest(counts: list[int]) -> int:
    return max(set(counts), key=lambda count: (counts.count(count), count))


def _first_lines(connection: Any, path: Path, longest: int) -> list[str]:
    """Return the first lines of a file, as far as they tell how it is written."""
    with says(path):
        rows = connection.execute(
            f"SELECT left(line, {_SEEN}) FROM {lines(path, longest=longest)} LIMIT {_ROWS}"
        ).fetchall()
    return [row[0] or "" for row in rows]
