"""Every pair of features, for more than two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..exceptions import ParameterError
from ..mixture.parts import chosen_columns
from ._given import as_mixture, as_points
from ._style import legend_entries, pyplot
from .ellipses import ellipses
from .scatter import scatter
from .univariate import univariate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ..mixture.mixture import Mixture

__all__ = ["pairs"]

_MOST_FEATURES = 12
# Of a column of the legend, if it has several rows.
_INCHES = 1.7


def pairs(
    mixture: Any,
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
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
    X : array-like or dataframe (n, d), optional
    labels : array-like (n,), optional
        Colours, as of `scatter`; the mixture's own labels when None.
    features : sequence of indices or names, default all (at most 12)
    marked : array-like of bool (n,), optional
        Rows of X to draw a square around.
    marked_name : str, default "marked"
        What these are, for the legend.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> X = gaussmix.datasets.iris().rows
    >>> model = gaussmix.GaussianMixture(2, random_state=0).fit(X)
    >>> figure = gaussmix.plot.pairs(model, X, features=(0, 2, 3))
    """
    mixture = as_mixture(mixture)
    every, names = range(mixture.n_features), mixture.feature_names
    wanted = chosen_columns(
        every if features is None else features, len(every), names, "features"
    ).tolist()
    if not 2 <= len(wanted) <= _MOST_FEATURES:
        raise ParameterError(
            f"features: a pair plot needs 2 to {_MOST_FEATURES} features, got {len(wanted)}"
        )
    rows = None if X is None else as_points(X, mixture)
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
                univariate(mixture, rows, feature=row, ax=ax)
                ax.set_ylabel("")
                ax.set_yticks([])
            else:
                pair = (column, row)
                if rows is not None:
                    scatter(
                        rows, labels, features=pair, marked=marked, marked_name=marked_name, ax=ax
                    )
                ellipses(mixture, features=pair, sigmas=(2.0,), ax=ax)
            if ax.get_legend():
                legend = legend_entries(ax) if i != j else legend
                ax.get_legend().remove()
            _outer_labels(ax, mixture, row, column, i == m - 1, j == 0)
    if legend is not None:  # one for all
        ncols = m if len(legend[1]) <= 10 else int(figure.get_figwidth() / _INCHES)
        style: dict[str, Any] = {"frameon": False, "markerscale": 1.5, "ncols": ncols}
        figure.legend(*legend, loc="outside lower center", **style)
    return figure


def _outer_labels(
    ax: Any, mixture: Mixture, row: int, column: int, bottom: bool, left: bool
) -> None:
    names = mixture.feature_names or [f"feature {j}" for j in range(mixture.n_features)]
    ax.set_xlabel(names[column] if bottom else "")
    ax.set_ylabel(names[row] if left else "")
