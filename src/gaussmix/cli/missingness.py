"""What is missing of the rows, as tables for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group
from rich.text import Text

from .folded import Column, FoldedTable
from .report import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from ..rows.missingness import Missingness

__all__ = ["missingness_tables"]

# Columns and patterns that are shown, and columns that a pattern names.
_MOST, _NAMED = 12, 4


def missingness_tables(missing: Missingness, names: Sequence[str]) -> RenderableType:
    """Return how many values of each column are missing, and which together."""
    order = [j for j in np.argsort(-missing.by_column, kind="stable") if missing.by_column[j]]
    columns = FoldedTable(
        [Column("column", [names[j] for j in order[:_MOST]])],
        [_counts("missing", [int(missing.by_column[j]) for j in order[:_MOST]], missing)],
    )
    patterns = list(islice(missing.patterns.items(), _MOST))
    together = FoldedTable(
        [Column("what a row misses", [_words(own, names) for own, _ in patterns])],
        [_counts("rows", [count for _, count in patterns], missing)],
    )
    parts: list[RenderableType] = [Text("Missing values", style="bold"), columns, together]
    others = missing.n_rows - sum(count for _, count in patterns)
    if others:
        parts.append(Text(f"and {others} rows of further patterns"))
    return Group(*parts)


def _counts(title: str, counts: Sequence[int], missing: Missingness) -> list[Column]:
    shares = [f"{count / max(1, missing.n_rows):.1%}" for count in counts]
    return [Column(title, [str(count) for count in counts]), Column("share", shares)]


def _words(pattern: tuple[int, ...], names: Sequence[str]) -> str:
    if not pattern:
        return "nothing"
    if len(pattern) == len(names):
        return "everything"
    named = [names[j] for j in pattern[:_NAMED]]
    more = len(pattern) - len(named)
    return listed([*named, f"{more} more"] if more else named)
