"""A summary as HTML: plain tables in the colours of the page, light or dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .layout import Section

__all__ = ["as_html"]

_LEFT, _RIGHT = 'style="text-align: left"', 'style="text-align: right"'


def as_html(sections: Sequence[Section]) -> str:
    """Return sections as HTML that says nothing of colours."""
    return f"<div>{''.join(map(_section, sections))}</div>"


def _section(section: Section) -> str:
    parts = [f"<p><strong>{escape(section.title)}</strong></p>"]
    if section.facts:
        rows = (
            f"<tr><th {_LEFT}>{escape(name)}</th><td {_LEFT}>{escape(told)}</td></tr>"
            for name, told in section.facts
        )
        parts.append(f"<table><tbody>{''.join(rows)}</tbody></table>")
    if section.columns:
        parts.append(_table(section))
    parts += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
    return "".join(parts)


def _table(section: Section) -> str:
    first = _LEFT if section.named else _RIGHT
    sides = [first, *[_RIGHT] * (len(section.columns) - 1)]

    def row(tag: str, cells: Sequence[str]) -> str:
        told = (
            f"<{tag} {side}>{escape(cell)}</{tag}>" for side, cell in zip(sides, cells, strict=True)
        )
        return f"<tr>{''.join(told)}</tr>"

    head = row("th", [own.header for own in section.columns])
    rows = zip(*(own.cells for own in section.columns), strict=True)
    body = "".join(row("td", cells) for cells in rows)
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
