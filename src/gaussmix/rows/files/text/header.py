"""Whether the first line of a table holds names or data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["is_number", "names_in"]


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a decimal point or a decimal comma."""
    text = cell.strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        float(text)
    except ValueError:
        return False
    return True


def names_in(
    rows: Sequence[Sequence[str | None]], missing: Collection[str]
) -> tuple[str, ...] | None:
    """Return the names that the first row holds; None if it is one of data.

    It is data if it has a number, and text only where that recurs below.  A name is not
    a value of its own column: so names such as 2019 beside others that are words stay
    names.  An empty cell may be a name that lacks, but hardly beside 1.5.
    """
    first = [(cell or "").strip() for cell in rows[0]]
    numbers = [is_number(cell) for cell in first]
    measured = any(number and not first[j].isdigit() for j, number in enumerate(numbers))

    def is_data(j: int) -> bool:
        cell = first[j]
        if numbers[j] or cell in missing or (measured and not cell):
            return True
        return any((row[j] or "").strip() == cell for row in rows[1:])

    if any(numbers) and all(is_data(j) for j in range(len(first))):
        return None
    return tuple(first)
