"""How a table of text is written, and the query that reads it so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .engine import literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["LONGEST", "NO_SEPARATOR", "SPACES", "Dialect", "blocks", "lines"]

#: The separator of tables whose cells are apart by any number of spaces and tabs.
SPACES = " +"
#: A separator of tables of one column: a mark that text does not hold.
NO_SEPARATOR = "\x1f"
#: Longest lines, in bytes: at first, and where that is not enough.
LONGEST = (2 * 2**20, 64 * 2**20)

# Smaller blocks than the library's own: they stay in cache.
_BLOCK = 8 * 2**20
_NOTHING = "\x1e"


@dataclass(frozen=True)
class Dialect:
    """How a table of text is written.

    Attributes
    ----------
    separator : str
        Between cells; `SPACES` and `NO_SEPARATOR` have meanings of their own.
    width : int
        Cells of a row.
    n_skipped : int
        Lines above the table, or above its header.
    parallel : bool
        Whether several threads may parse: not where cells of several lines look like rows.
    above : int
        Lines above it that are neither empty nor its header.
    names : tuple of str, or None
        What the columns are called; None where the file has no header.
    header : bool
        Whether the first line of the table holds the names.
    quote, escape, comment : str
        Empty where there is none.
    missing : tuple of str
        What cells without a value hold.
    longest : int
        Bytes of the longest line.
    """

    separator: str
    width: int
    n_skipped: int = 0
    names: tuple[str, ...] | None = None
    header: bool = False
    quote: str = '"'
    escape: str = '"'
    comment: str = ""
    missing: tuple[str, ...] = ()
    longest: int = LONGEST[0]
    above: int = 0
    parallel: bool = True

    def table(self, path: Path, types: Mapping[int, str] | None = None) -> str:
        """Return the table of a file, as it stands in a query; its columns are c0, c1, ...

        `types` are those of columns that are not text.
        """
        if self.separator == SPACES:
            cells = ", ".join(f"trim(cells[{j + 1}], chr(34)) AS c{j}" for j in range(self.width))
            full = lines(path, self.comment, self.n_skipped + self.header, self.longest)
            rows = f"(SELECT {_SPLIT} AS cells FROM {full} WHERE {_BARE} <> '')"
            return f"(SELECT {cells} FROM {rows} WHERE {_is_wide(self.width)})"
        found = types or {}
        # In a table of one column an empty line is no row; elsewhere it never is.
        empty = [""] if self.width > 1 else [_NOTHING]
        words = [word for word in self.missing if self.separator not in word]
        columns = ", ".join(f"'c{j}': '{found.get(j, 'VARCHAR')}'" for j in range(self.width))
        return _read_csv(
            path,
            {
                "delim": self.separator,
                "quote": self.quote,
                "escape": self.escape,
                "comment": self.comment,
                "skip": self.n_skipped,
                "header": self.header,
                "nullstr": [*empty, *words],
                "parallel": self.parallel,
                **blocks(self.longest),
            },
            columns,
        )

    @property
    def parses(self) -> bool:
        """Whether the library makes numbers of cells as it parses them."""
        return self.separator != SPACES


# An error that names the line is raised by the library in place of rows of another width.
_BARE = "trim(line, ' ' || chr(9))"
_SPLIT = rf"string_split_regex({_BARE}, '[ \t]+')"


def _is_wide(width: int) -> str:
    told = (
        f"'Expected Number of Columns: {width} Found: ' || len(cells) || chr(10) "
        "|| 'Original Line: ' || array_to_string(cells, ' ') || chr(10)"
    )
    return f"CASE WHEN len(cells) = {width} THEN true ELSE error({told}) END"


def blocks(longest: int) -> dict[str, int]:
    """Return in which blocks a file is read if its lines have so many bytes at most."""
    return {"max_line_size": longest, "buffer_size": max(_BLOCK, longest)}


def lines(path: Path, comment: str = "", n_skipped: int = 0, longest: int = LONGEST[0]) -> str:
    """Return the lines of a file as a table of one column, `line`; empty ones are NULL."""
    return _read_csv(
        path,
        {
            "delim": NO_SEPARATOR,
            "quote": "",
            "escape": "",
            "comment": comment,
            "skip": n_skipped,
            "header": False,
            **blocks(longest),
        },
        "'line': 'VARCHAR'",
    )


def _read_csv(path: Path, options: Mapping[str, str | int | Sequence[str]], columns: str) -> str:
    told = ", ".join(f"{name} = {_written(value)}" for name, value in options.items())
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, strict_mode = true, "
        f"hive_partitioning = false, {told}, columns = {{{columns}}})"
    )


def _written(value: str | int | Sequence[str]) -> str:
    if isinstance(value, str | int):
        return literal(value)
    return "[" + ", ".join(literal(word) for word in value) + "]"
