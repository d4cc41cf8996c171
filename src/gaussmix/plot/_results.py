"""The results of model choice as pictures take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ._given import fit_of, require_fitted

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["Results", "as_results"]


@dataclass(frozen=True, eq=False)
class Results:
    """A criterion of all models tried.

    Attributes
    ----------
    criterion : str
    families : list of str
    sizes : ndarray (n_sizes,)
        Numbers of components, ascending.
    values : ndarray (n_families, n_sizes)
        Smaller is better; NaN where there is no fit.
    """

    criterion: str
    families: list[str]
    sizes: AnyArray
    values: Array

    @property
    def best(self) -> tuple[int, int]:
        """Where the least value is, by family and size."""
        row, column = np.unravel_index(np.nanargmin(self.values), self.values.shape)
        return int(row), int(column)

    def ranked(self, count: int) -> list[tuple[int, int]]:
        """Return where the best values are, by family and size, at most so many."""
        there = np.argwhere(np.isfinite(self.values))
        order = np.argsort(self.values[tuple(there.T)], kind="stable")[:count]
        return [(int(row), int(column)) for row, column in there[order]]


def as_results(results: Any, name: str | None) -> Results:
    """Return a criterion of a fitted search, or of its ``results_``."""
    table = getattr(fit_of(results), "results_", results)
    if not hasattr(table, "criteria"):
        require_fitted("results", results)
        raise ParameterError(
            "results: expected a fitted GaussianMixtureIC or its results_, got "
            f"{type(results).__name__}, which did not choose among models"
        )
    name = table.criterion if name is None else name
    if name not in table.criteria:
        raise ParameterError(
            f"criterion: the results hold {', '.join(table.criteria)}, got {name!r}"
        )
    families = list(dict.fromkeys(row["family"] for row in table))
    sizes = np.unique([row["n_components"] for row in table])
    values = np.full((len(families), len(sizes)), np.nan)
    for row in table:
        place = families.index(row["family"]), int(np.searchsorted(sizes, row["n_components"]))
        values[place] = row[name] if np.isfinite(row[name]) else np.nan
    if not np.isfinite(values).any():
        raise DataError(f"results: no model could be fitted, so there is no {name} to draw")
    return Results(name, families, sizes, values)
