"""The table of fits that users of latent profile analysis expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..mixture.bic import aic, awe, bic, caic, clc, icl, kic, sabic
from ..numerics.extras import imported

if TYPE_CHECKING:
    from ..em.result import FitResult
    from ..rows import Source
    from .cells import Cell

__all__ = ["ProfileTable"]

# What printing shows: two lines a model fit in 80 columns.
_SHOWN = ("log_likelihood", "aic", "bic", "sabic", "entropy", "prob_min", "n_min", "n_max")


class ProfileTable(Sequence[dict[str, Any]]):
    """A row (dict) for each fitted model, with the columns that users of tidyLPA know.

    Columns are family (with how degrees of freedom are found, if there are), n_components,
    log_likelihood, n_parameters, the criteria aic, awe, bic, caic, clc, kic, sabic and icl
    (smaller is better), entropy (relative: 1 where all rows are surely someone's, 0 where none
    is), prob_min and prob_max (the smallest and the largest mean responsibility of the rows of a
    component), n_min and n_max (the smallest and the largest share of the rows).

    Examples
    --------
    >>> from gaussmix import GaussianMixtureIC, datasets
    >>> X = datasets.iris().rows
    >>> search = GaussianMixtureIC([2, 3], families=["VVI"], random_state=0).fit(X)
    >>> table = search.profiles(X)
    >>> [round(row["entropy"], 2) for row in table]
    [1.0, 0.95]
    """

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self._rows = list(rows)

    @classmethod
    def of(cls, cells: Sequence[Cell], source: Source) -> ProfileTable:
        """Return the table of fitted models, under which rows are looked at once each."""
        ordered = sorted(cells, key=lambda cell: (cell.n_components, cell.model))
        fitted = [(cell, cell.result) for cell in ordered if cell.result is not None]
        return cls([_row(cell.model, result, source) for cell, result in fitted])

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame; raise MissingExtraError if pandas is not installed."""
        return imported("pandas", None, "to_pandas()").DataFrame(self._rows)

    def __str__(self) -> str:
        head = ["family", "K", *_SHOWN]
        lines = [
            [row["family"], str(row["n_components"]), *(_shown(row[name]) for name in _SHOWN)]
            for row in self._rows
        ]
        names = [name.replace("log_likelihood", "LL").replace("_", " ") for name in head]
        widths = [max(map(len, column)) for column in zip(names, *lines, strict=True)]
        text = ["  ".join(map(str.rjust, line, widths)) for line in (names, *lines)]
        return "\n".join(text)

    __repr__ = __str__


def _shown(value: float) -> str:
    return f"{value:.3f}" if abs(value) <= 1.0 else f"{value:.1f}"


def _row(family: str, result: FitResult, source: Source) -> dict[str, Any]:
    found = result.mixture.evaluator(source).certainty()
    k, n, free = result.mixture.n_components, float(found.counts.sum()), result.n_parameters
    counts, value = found.counts[:k], found.log_likelihood
    occupied = counts > 0
    means = found.largest[:k][occupied] / counts[occupied]
    most = n * np.log(max(len(found.counts), 2))
    return {
        "family": family,
        "n_components": k,
        "log_likelihood": value,
        "n_parameters": free,
        "aic": aic(value, free),
        "awe": awe(value, free, n, found.entropy),
        "bic": bic(value, free, n),
        "caic": caic(value, free, n),
        "clc": clc(value, found.entropy),
        "kic": kic(value, free),
        "sabic": sabic(value, free, n),
        "icl": icl(value, free, n, found.log_largest),
        "entropy": 1.0 - found.entropy / float(most),
        "prob_min": float(means.min()),
        "prob_max": float(means.max()),
        "n_min": float(counts.min() / n),
        "n_max": float(counts.max() / n),
    }
