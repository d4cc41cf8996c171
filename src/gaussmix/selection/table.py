"""The table of all models tried, for people and for data frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from ..em.result import Status
from ..numerics.extras import imported

if TYPE_CHECKING:
    from .cells import Cell

__all__ = ["ResultsTable"]

# Rows that printing shows.
_SHOWN = 10


class ResultsTable(Sequence[dict[str, Any]]):
    """A row (dict) for each model tried, by number of components, then by family.

    Columns are family (with how degrees of freedom are found, if there are), n_components,
    log_likelihood, n_parameters, one for each criterion (smaller is better), n_iter, converged,
    and reason: why the model could not be fitted, empty when it could. Numbers of a model
    without a fit are NaN.

    Parameters
    ----------
    cells : sequence of Cell
    criteria : sequence of str
        Columns of criteria.
    criterion : str
        The one that models are chosen by.

    Examples
    --------
    >>> from gaussmix import GaussianMixtureIC, datasets
    >>> search = GaussianMixtureIC([1, 2], families=["EEE", "VVV"], random_state=0)
    >>> table = search.fit(datasets.iris().rows).results_
    >>> len(table), table.best(1)[0]["family"], round(table.best(1)[0]["bic"], 2)
    (4, 'VVV', 574.02)
    >>> table.to_dict()["n_components"]
    [1, 1, 2, 2]
    """

    def __init__(self, cells: Sequence[Cell], criteria: Sequence[str], criterion: str) -> None:
        self.criterion = criterion
        self.criteria = tuple(criteria)
        ordered = sorted(cells, key=lambda cell: (cell.n_components, cell.model))
        self._rows = [_row(cell, self.criteria) for cell in ordered]

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def best(self, count: int | None = None) -> list[dict[str, Any]]:
        """Return the rows of fitted models, best first; at most `count` of them."""
        fitted = [row for row in self._rows if not np.isnan(row[self.criterion])]
        return sorted(fitted, key=lambda row: row[self.criterion])[:count]

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns as lists."""
        names = ["family", "n_components", "log_likelihood", "n_parameters", *self.criteria]
        names += ["n_iter", "converged", "reason"]
        return {name: [row[name] for row in self._rows] for name in names}

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame; raise MissingExtraError if pandas is not installed."""
        return self._frame("pandas")

    def to_polars(self) -> Any:
        """Return a polars.DataFrame; raise MissingExtraError if polars is not installed."""
        return self._frame("polars")

    def _frame(self, library: Literal["pandas", "polars"]) -> Any:
        import narwhals.stable.v2 as nw

        imported(library, None, f"to_{library}()")
        return nw.from_dict(self.to_dict(), backend=library).to_native()

    def __str__(self) -> str:
        best = self.best()
        head = ["", "family", "K", self.criterion, "log-likelihood", "parameters", "iterations"]
        lines = [
            [
                str(rank),
                row["family"],
                str(row["n_components"]),
                f"{row[self.criterion]:.2f}",
                f"{row['log_likelihood']:.2f}",
                str(row["n_parameters"]),
                str(row["n_iter"]),
            ]
            for rank, row in enumerate(best[:_SHOWN], 1)
        ]
        widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
        text = ["  ".join(map(str.rjust, line, widths)) for line in (head, *lines)]
        more = len(best) - _SHOWN
        text += [f"and {more} more"] if more > 0 else []
        skipped = len(self) - len(best)
        text += [f"{skipped} of {len(self)} models could not be fitted"] if skipped else []
        return "\n".join(text)

    __repr__ = __str__


def _row(cell: Cell, criteria: Sequence[str]) -> dict[str, Any]:
    result = cell.result
    return {
        "family": cell.model,
        "n_components": cell.n_components,
        "log_likelihood": np.nan if result is None else result.log_likelihood,
        "n_parameters": cell.n_parameters,
        **{name: cell.values.get(name, np.nan) for name in criteria},
        "n_iter": 0 if result is None else result.n_iter,
        "converged": result is not None and result.status is Status.CONVERGED,
        "reason": cell.reason,
    }
