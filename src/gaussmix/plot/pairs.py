"""Every pair of features, for more than two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ._style import pyplot
from .ellipses import ellipses
from .scatter import scatter
from .univariate import univariate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ..mixture.mixture import Mixture

__all__ = ["pairs"]

_MOST_FEATURES = 12


def pairs(
    mixture: Mixture,
    X: Any = None,
    labels: Any = None,
    *,
    features: Sequence[int | str] | None = None,
    marked: Any = None,
    marked_name: str = "marked",
) -> Figure:
    """Draw a grid: marginal densities on the diagonal, 2-sigma ellipses and points elsewhere.

    Parameters
    ----------
    mixture : Mixture
    X : array-like (n, d), optional
    labels : array-like (n,), optional
        Colours; the mixture's own labels when None.
    features : sequence of indices or names, default all (at most 12)
    marked : array-like of bool (n,), optional
        Rows of X to draw a square around.
    marked_name : str, default "marked"
        What these are, for the legend.

    Returns
    -------
    Figure
    """
    wanted = mixture.columns(range(mixture.n_features) if features is None else features)
    if not 2 <= len(wanted) <= _MOST_FEATURES:
        raise ParameterError(
            f"features: a pair plot needs 2 to {_MOST_FEATURES} features, got {len(wanted)}"
        )
    rows = None if X is None else np.asarray(X, dtype=float)
    if rows is not None and labels is None:
        labels = mixture.predict(rows)
    m, legend = len(wanted), None
    figure, grid = pyplot().subplots(
        m, m, figsize=(2.3 * m + 0.6, 2.1 * m + 0.6), layout="constrained", sharex="col"
    )
    for i, row in enumerate(wanted):
        for j, column in enumerate(wanted):
            ax = grid[i, j]
            if i == j:
                univariate(mixture, rows, feature=int(row), ax=ax)
                ax.set_ylabel("")
                ax.set_yticks([])
            else:
                pair = (int(column), int(row))
                if rows is not None:
                    scatter(
                        rows, labels, features=pair, marked=marked, marked_name=marked_name, ax=ax
                    )
                ellipses(mixture, features=pair, sigmas=(2.0,), ax=ax)
            if ax.get_legend():
                legend = ax.get_legend_handles_labels() if i != j else legend
                ax.get_legend().remove()
            _outer_labels(ax, mixture, int(row), int(column), i == m - 1, j == 0)
    if legend is not None:  # one for all
        figure.legend(*legend, loc="outside lower center", ncols=m, frameon=False, markerscale=1.5)
    return figure


def _outer_labels(
    ax: Any, mixture: Mixture, row: int, column: int, bottom: bool, left: bool
) -> None:
    names = mixture.feature_names or [f"feature {j}" for j in range(mixture.n_features)]
    ax.set_xlabel(names[column] if bottom else "")
    ax.set_ylabel(names[row] if left else "")
