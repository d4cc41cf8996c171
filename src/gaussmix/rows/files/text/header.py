"""Whether the first line of a table holds names or data."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["is_number", "names_in"]

_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}((,\d{3})+(\.\d*)?|(\.\d{3})+(,\d*)?)")
_YEAR = re.compile(r"(1[5-9]|20|21)\d\d")
_FLAGS = {"true", "false"}
# So many numbers at equal distances are hardly values.
_COUNTED = 3


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with whatever marks of decimals and thousands."""
    text = cell.strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        float(text)
    except ValueError:
        return _GROUPED.fullmatch(text) is not None
    return True


def names_in(
    rows: Sequence[Sequence[str | None]], missing: Collection[str]
) -> tuple[str, ...] | None:
    """Return the names that the first row holds; None if it is one of data.

    It is data if it has a number that is not whole: that is no name.  With whole numbers it
    is data, too, unless they are years among other values or count 1, 2, 3, ... beside a
    word; and so is a row of values that recur below, or are written as those below.
    """
    first = [(cell or "").strip() for cell in rows[0]]
    below = [[(row[j] or "").strip() for row in rows[1:]] for j in range(len(first))]
    numbers = [j for j, cell in enumerate(first) if is_number(cell)]
    if any(not first[j].isdigit() for j in numbers):
        return None
    if first[0] == "" and first[1:] == [str(j) for j in range(len(first) - 1)]:
        return tuple(first)  # as pandas writes a frame without names, and its index
    words = [j for j, cell in enumerate(first) if j not in set(numbers)]
    if numbers and all(_is_value(first[j], below[j], missing) for j in words):
        return None
    alike = [_is_written_alike(first[j], below[j]) for j in words]
    if not numbers and any(alike) and all(_is_value(first[j], below[j], missing) for j in words):
        return None
    if numbers and not _are_names([first[j] for j in numbers], [below[j] for j in numbers]):
        return None
    return tuple(first)


def _is_value(cell: str, below: list[str], missing: Collection[str]) -> bool:
    """Whether text is a value of its column: it recurs, or is written as the others are."""
    is_word = cell in missing or cell.lower() in _FLAGS or cell in below
    return is_word or _is_written_alike(cell, below)


def _is_written_alike(cell: str, below: list[str]) -> bool:
    """Whether text with digits in it has the form of most of those below, as dates have."""
    if not any(sign.isdigit() for sign in cell):
        return False
    alike = sum(_form(other) == _form(cell) for other in below)
    return 2 * alike > len(below)


def _form(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"[+-]?\d+", "9", cell))


def _are_names(cells: list[str], below: list[list[str]]) -> bool:
    """Whether whole numbers are names: years among other values, or a count."""
    if all(_YEAR.fullmatch(cell) for cell in cells):
        values = [value for column in below for value in column]
        return 2 * sum(_YEAR.fullmatch(value) is not None for value in values) <= len(values)
    steps = {int(b) - int(a) for a, b in pairwise(cells)}
    return len(cells) >= _COUNTED and steps == {1}
