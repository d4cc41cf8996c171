"""One cell of the table: a model, its fit, or why there is none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from ..components.densities import NORMAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..components.densities import Density
    from ..components.families import Family
    from ..em.result import FitResult

__all__ = ["Cell", "best_cell", "describe_skipped"]

# Differences of a criterion below this share of its size are rounding: with one component
# several families are the same model.
_TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Cell:
    """A model of the table, and what became of it.

    Attributes
    ----------
    family : Family
    n_components : int
    n_parameters : int
        Free parameters.
    result : FitResult or None
        None when the model could not be fitted.
    values : dict of str to float
        Criteria by name; smaller is better.
    reason : str
        Why the model could not be fitted; empty when it could.
    density : Density
        Of the components.

    Examples
    --------
    >>> from gaussmix.families import get_family
    >>> from gaussmix.selection import Cell
    >>> Cell(get_family("VVV"), 2, 29, None, {}, "too few rows").reason
    'too few rows'
    """

    family: Family
    n_components: int
    n_parameters: int
    result: FitResult | None = None
    values: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    density: Density = NORMAL

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {value:.2f}" for name, value in self.values.items())
        return f"Cell({self.model}, {self.n_components}: {told or self.reason})"

    @property
    def model(self) -> str:
        """The family, and the density unless it is normal, in a word or two."""
        return " ".join(filter(None, (self.family.name, self.density.choice)))


def best_cell(cells: Iterable[Cell], criterion: str) -> Cell | None:
    """Return the cell with the smallest criterion, or None if none is fitted.

    Of equal ones it is the one with the fewest components, then parameters.

    Examples
    --------
    >>> from gaussmix.families import get_family
    >>> from gaussmix.selection import Cell, best_cell
    >>> best_cell([Cell(get_family("VVV"), 2, 29, None, {}, "too few rows")], "bic") is None
    True
    """
    fitted = [cell for cell in cells if not math.isnan(cell.values.get(criterion, math.nan))]
    if not fitted:
        return None
    least = min(cell.values[criterion] for cell in fitted)
    limit = least + _TIE * max(1.0, abs(least))
    equal = [cell for cell in fitted if cell.values[criterion] <= limit]
    return min(equal, key=lambda cell: (cell.n_components, cell.n_parameters))


def describe_skipped(cells: Sequence[Cell]) -> str:
    """Return how many cells could not be fitted and why, reasons grouped; empty if all could.

    Examples
    --------
    >>> from gaussmix.families import get_family
    >>> from gaussmix.selection import Cell, describe_skipped
    >>> cells = [Cell(get_family("VVV"), k, 0, reason=f"{k} are too many") for k in (4, 5, 6, 8)]
    >>> print(describe_skipped(cells))
    4 of 4 models could not be fitted:
      4 (VVV 4-6, 8): 4 are too many
    """
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.reason:
            alike = re.sub(r"[\d.]+(, [\d.]+)*", "#", cell.reason)
            groups.setdefault(alike, []).append(cell)
    count = sum(map(len, groups.values()))
    lines = [f"{count} of {len(cells)} models could not be fitted:"]
    lines += [
        f"  {len(group)} ({_where(group)}): {group[0].reason}"
        for group in sorted(groups.values(), key=len, reverse=True)
    ]
    return "\n".join(lines) if count else ""


def _where(cells: Iterable[Cell]) -> str:
    """Name cells as families with their numbers of components."""

    def name(cell: Cell) -> str:
        return cell.model

    by_numbers: dict[str, list[str]] = {}
    for family, group in groupby(sorted(cells, key=name), name):
        by_numbers.setdefault(_spans(cell.n_components for cell in group), []).append(family)
    return "; ".join(f"{', '.join(names)} {numbers}" for numbers, names in by_numbers.items())


def _spans(numbers: Iterable[int]) -> str:
    """Write whole numbers as ranges: 1-3, 5."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    return ", ".join("-".join(map(str, span)) for span in spans)
