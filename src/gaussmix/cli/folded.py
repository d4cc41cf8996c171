"""Tables for people that are whole on narrow terminals: no figure is cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..mixture.summary.layout import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult

__all__ = ["Column", "FoldedTable"]

# Headings that are names, and names beside figures, are shortened where they are longer.
_LONGEST_HEADER = 24
_LONGEST_NAME, _SHORTEST_NAME = 24, 8
# Between columns, and at the edge.
_PADDING = 3


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
        yield from self._with_room(options.max_width)._parts(console, options)

    def _with_room(self, width: int) -> FoldedTable:
        """Return the table with names so short that each figure has its place beside them.

        Where columns go below each other, names are shortened to let more of them stand together.
        """
        groups = [[own.headed(_LONGEST_HEADER) for own in group] for group in self.groups]
        figures = [own.width + _PADDING for group in groups for own in group]
        names = sum(own.width + _PADDING for own in self.first)
        if names + sum(figures) <= width:
            return replace(self, groups=groups)
        room, most = width - max(figures) - _PADDING * len(self.first), _LONGEST_NAME
        while sum(min(own.width, most) for own in self.first) > room and most > _SHORTEST_NAME:
            most -= 1
        return replace(self, first=[own.narrowed(most) for own in self.first], groups=groups)

    def _parts(self, console: Console, options: ConsoleOptions) -> RenderResult:
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
