"""Tables for people that are whole on narrow terminals: no figure is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult

__all__ = ["Column", "FoldedTable"]


@dataclass(frozen=True)
class Column:
    """A heading and the cells below it."""

    header: str
    cells: Sequence[str]
    style: str = ""


@dataclass(frozen=True)
class FoldedTable:
    """A table whose groups of columns go below each other where the terminal is too narrow.

    Parameters
    ----------
    first : sequence of Column
        What a row is about; repeated in each part.
    groups : sequence of sequences of Column
        What stays together where it can.
    justify : "left" or "right", default "left"
        Of `first`; all other columns are numbers, at the right.
    bold : int, optional
        The row to stress.
    """

    first: Sequence[Column]
    groups: Sequence[Sequence[Column]]
    justify: JustifyMethod = "left"
    bold: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        def fits(columns: Sequence[Column]) -> bool:
            return self._width(console, options, columns) <= options.max_width

        shown: list[Column] = []
        for group in self.groups:
            if shown and not fits([*shown, *group]):
                yield self._table(shown)
                shown = []
            for column in group:
                if shown and not fits([*shown, column]):
                    yield self._table(shown)
                    shown = []
                shown.append(column)
        yield self._table(shown)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Tell what puts tables side by side how wide this one is in one part."""
        whole = self._width(console, options, [column for group in self.groups for column in group])
        width = min(whole, options.max_width)
        return Measurement(width, width)

    def _width(self, console: Console, options: ConsoleOptions, columns: Sequence[Column]) -> int:
        unbounded = options.update(max_width=10_000)
        return Measurement.get(console, unbounded, self._table(columns)).maximum

    def _table(self, columns: Sequence[Column]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in self.first:
            table.add_column(Text(column.header), justify=self.justify, no_wrap=True)
        for column in columns:
            table.add_column(Text(column.header), justify="right", style=column.style, no_wrap=True)
        every = [column.cells for column in (*self.first, *columns)]
        for row, cells in enumerate(zip(*every, strict=True)):
            table.add_row(*map(Text, cells), style="bold" if row == self.bold else None)
        return table
