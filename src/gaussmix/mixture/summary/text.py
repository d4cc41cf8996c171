"""A summary as text that fits a width: columns go below each other, and no figure is cut."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from .figures import places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .layout import Column, Section

__all__ = ["as_text"]

_INDENT = "  "
_GAP = "  "


def as_text(sections: Sequence[Section], width: int) -> str:
    """Return sections as text."""
    return "\n\n".join("\n".join(_lines(section, width)) for section in sections)


def _lines(section: Section, width: int) -> Iterator[str]:
    yield from textwrap.wrap(section.title, width)
    longest = max((len(name) for name, _ in section.facts), default=0)
    for name, told in section.facts:
        head = f"{_INDENT}{name.ljust(longest)}{_GAP}"
        yield from textwrap.wrap(
            " ".join(told.split()),
            width,
            initial_indent=head,
            subsequent_indent=" " * len(head),
        )
    if section.columns:
        yield from _table(section, width - len(_INDENT))
    for sentence in section.sentences:
        yield from textwrap.wrap(
            sentence, width, initial_indent=_INDENT, subsequent_indent=2 * _INDENT
        )


def _table(section: Section, width: int) -> Iterator[str]:
    first, *others = section.columns
    parts: list[list[Column]] = [[]]
    room = width - first.width
    for column in others:
        taken = sum(len(_GAP) + own.width for own in parts[-1])
        if parts[-1] and taken + len(_GAP) + column.width > room:
            parts.append([])
        parts[-1].append(column)
    for number, part in enumerate(parts):
        if number:
            yield ""
        columns = [first, *part]
        rows = zip(*([own.header, *own.cells] for own in columns), strict=True)
        for row in rows:
            # By places, of which some signs take two.
            blanks = [
                " " * (own.width - places(cell)) for own, cell in zip(columns, row, strict=True)
            ]
            cells = [blank + cell for blank, cell in zip(blanks, row, strict=True)]
            if section.named:
                cells[0] = row[0] + blanks[0]
            yield (_INDENT + _GAP.join(cells)).rstrip()
