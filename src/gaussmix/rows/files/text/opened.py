"""A table of text, once it is known how it is written and which of its columns are numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ....exceptions import DataError
from ....numerics.extras import imported
from ..arrow import BATCH_ROWS, values_of
from ..choice import Column
from .dialect import LONGEST, lines
from .engine import UnreadableError, connected, literal, says
from .numerals import TextColumn, look_at
from .plain import WESTERN, Plain
from .sniffing import dialects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ..base import Batch, Options
    from .dialect import Dialect

__all__ = ["TextTable", "opened"]


@dataclass(frozen=True)
class TextTable:
    """A file of text, and how it is read.

    Attributes
    ----------
    path : Path
    plain : Plain
        Where the text is.
    dialect : Dialect
    names : tuple of str
        Of all columns.
    n_rows : int
    found : dict of int to TextColumn
        What is known of the columns that were looked at.
    """

    path: Path
    plain: Plain
    dialect: Dialect
    names: tuple[str, ...]
    n_rows: int
    found: dict[int, TextColumn]

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each column stands."""
        return {name: j for j, name in enumerate(self.names)}

    @property
    def columns(self) -> list[Column]:
        """The columns, as a choice among them is made."""
        return [self._column(j) for j in range(len(self.names))]

    def _column(self, j: int) -> Column:
        name, known = self.names[j], self.found.get(j)
        if known is None or known.numerals is not None:
            return Column(name, is_numeric=known is not None)
        has = "without values" if known.example is None else f"text, such as {known.example!r}"
        return Column(name, False, f"{name!r} ({has})", known.fault)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed about the file, for people."""
        dialect = self.dialect
        notes = [*self.plain.notes]
        if dialect.above:
            lines = "line is" if dialect.above == 1 else f"{dialect.above} lines are"
            notes.append(f"the first {lines} not of the table: passed over")
        if dialect.names and not dialect.header:
            notes.append("the header has a name less than rows have cells: the first has none")
        if dialect.comment:
            notes.append(f"what follows {dialect.comment} in a line is passed over")
        if dialect.names is None:
            called = ", ".join(self.names[:2]) + (", ..." if len(self.names) > 2 else "")
            notes.append(f"the first line holds numbers, not names: columns are called {called}")
        kinds = [own.numerals for own in self.found.values() if own.numerals is not None]
        notes += dict.fromkeys(kind.note for kind in kinds if kind.note)
        return tuple(notes)

    def carried(self, names: Sequence[str], keys: Mapping[str, str]) -> Iterator[Any]:
        """Yield columns as the text that stands in the file, cells without any as null.

        `keys` are what the names of its folders say of all rows.
        """
        # What words mean is for those to say who know the column: NA may be Namibia.
        plain = replace(self.dialect, missing=())
        cells = [
            f"c{self.place[name]}" if name in self.place else literal(keys[name]) for name in names
        ]
        asked = ", ".join(f"{cell}::VARCHAR AS v{i}" for i, cell in enumerate(cells))
        with connected(1) as connection, says(self.path):
            query = f"SELECT {asked} FROM {plain.table(self.plain.place)}"
            for batch in connection.sql(query).to_arrow_reader(BATCH_ROWS):
                yield batch.rename_columns(list(names))

    def read(self, names: Sequence[str], n_threads: int) -> Iterator[Batch]:
        """Yield batches of columns that are numbers."""
        wanted = [self.place[name] for name in names]
        kinds = {j: self.found[j].numerals for j in wanted}
        parsed = {j: "DOUBLE" for j, kind in kinds.items() if kind is not None and kind.parsed}
        missing = self.dialect.missing
        asked = ", ".join(f"{self.found[j].number(j, missing)} AS v{j}" for j in wanted)
        query = f"SELECT {asked or '0.0 AS v'} FROM {self.dialect.table(self.plain.place, parsed)}"
        count = 0
        try:
            with connected(n_threads) as connection, says(self.path):
                for batch in connection.sql(query).to_arrow_reader(BATCH_ROWS):
                    count += batch.num_rows
                    yield [values_of(column, np.float64) for column in batch.columns]
        except UnreadableError as refusal:
            raise DataError(f"{self.path}: {refusal.told}") from None
        if count != self.n_rows:
            raise DataError(f"{self.path}: has changed since it was scanned; scan it again")


def opened(
    path: Path,
    separators: Sequence[str],
    options: Options,
    n_threads: int,
    wanted: Callable[[str], bool] = lambda name: True,
) -> TextTable:
    """Look at a whole file; `wanted` tells which columns matter, by their names.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    csv = imported("pyarrow.csv", "files", "reading tables of text")
    missing = tuple(word for word in csv.ConvertOptions().null_values if word)
    missing += tuple(word for word in options.missing_values if word not in missing)
    plain = None
    try:
        plain = Plain(path)
        with connected(n_threads) as connection:
            return _Opening(connection, path, plain, separators, missing, options, wanted).table()
    except UnreadableError as refusal:
        ending = path.name.split(".", 1)[-1]
        told = refusal.told.replace(str(plain.place), path.name) if plain else refusal.told
        raise DataError(
            f"{path}: {told if told.startswith('is ') else f'cannot be read as {ending}: {told}'}"
        ) from None


@dataclass
class _Opening:
    """Tries the ways in which a file can be read, one after the other."""

    connection: Any
    path: Path
    plain: Plain
    separators: Sequence[str]
    missing: tuple[str, ...]
    options: Options
    wanted: Callable[[str], bool]

    def table(self) -> TextTable:
        try:
            return self._with_long_lines()
        except UnreadableError as refusal:
            if refusal.kind == "encoding":
                self.plain.copy(WESTERN)
            elif refusal.kind == "blank" or self.plain.has_uneven_lines():
                self.plain.copy("utf-8")
            else:
                raise
        return self._with_long_lines()

    def _with_long_lines(self) -> TextTable:
        for longest in LONGEST[:-1]:
            try:
                return self._in_some_dialect(longest)
            except UnreadableError as refusal:
                if refusal.kind != "long":
                    raise
        return self._in_some_dialect(LONGEST[-1])

    def _in_some_dialect(self, longest: int) -> TextTable:
        refusal: UnreadableError | None = None
        place = self.plain.place
        for dialect in dialects(self.connection, place, self.separators, self.missing, longest):
            try:
                return self._in_one_thread_if_need_be(dialect)
            except UnreadableError as found:
                if found.concerns_the_file:
                    raise
                refusal = refusal or found
        raise refusal or UnreadableError("there is no table in it")

    def _in_one_thread_if_need_be(self, dialect: Dialect) -> TextTable:
        try:
            return self._looked_at(dialect)
        except UnreadableError as refusal:
            if refusal.kind != "parallel":
                raise
        return self._looked_at(replace(dialect, parallel=False))

    def _refuse_odd_quotes(self) -> None:
        """Raise UnreadableError if several lines have a quotation mark too many."""
        odd = "(length(line) - length(replace(line, chr(34), ''))) % 2 = 1"
        with says(self.plain.place):
            (count,) = self.connection.execute(
                f"SELECT count_if({odd}) FROM {lines(self.plain.place, longest=LONGEST[-1])}"
            ).fetchone()
        if count > 1:
            raise UnreadableError(
                f"{count} lines have a quotation mark that is not closed: double it, or take it out"
            )

    def _looked_at(self, dialect: Dialect) -> TextTable:
        names = dialect.names or tuple(f"x{j}" for j in range(dialect.width))
        looked = {j: name for j, name in enumerate(names) if name and self.wanted(name)}
        # A quotation mark that is never closed shows in the last column.
        looked.setdefault(len(names) - 1, names[-1])
        n_rows, found = look_at(
            self.connection, self.plain.place, dialect, looked, self.options.decimal
        )
        if dialect.quote != '"':
            self._refuse_odd_quotes()
        if not self.wanted(names[-1]) or not names[-1]:
            del found[len(names) - 1]
        return TextTable(self.path, self.plain, dialect, names, n_rows, found)
