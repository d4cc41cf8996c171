"""How sure the labels of each component are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics.arguments import check_integer
from ._given import as_mixture
from ._rows import as_points
from ._style import GREY, clean, color, pyplot
from ._words import described

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["rootograms"]

# Responsibilities below are left out: nearly all rows are nearly surely in other components.
_LEAST = 1e-4
# Components that have a picture each; of more, the heaviest.
_MOST_DRAWN = 36


def rootograms(mixture: Any, X: Any, *, bins: int = 20) -> Figure:
    """Draw how many rows have which responsibility, a picture a component (a rootogram).

    Heights are roots of counts, so that few rows are seen beside many (Leisch 2004, section 4).
    Rows at 1 are surely of the component; those between lie where it overlaps with others.  The
    darker part of a bar are rows whose label it is.  Responsibilities below 0.0001 are left out.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
    X : array-like or dataframe (n, d)
    bins : int, default 20

    Returns
    -------
    Figure
        Of the 36 heaviest components, if there are more.

    Raises
    ------
    DataError
        If there are no such rows.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> X = gaussmix.datasets.iris().rows
    >>> model = gaussmix.GaussianMixture(3, random_state=0).fit(X)
    >>> figure = gaussmix.plot.rootograms(model, X)
    >>> len(figure.axes)
    3
    """
    given, mixture = mixture, as_mixture(mixture)
    bins = check_integer("bins", bins, minimum=2)
    found = as_points(X, mixture)
    shares, labels = mixture.responsibilities(found.rows), mixture.predict(found.rows)
    count, note = mixture.n_components, found.note(len(found.rows))
    heaviest = np.sort(np.argsort(-mixture.weights, kind="stable")[:_MOST_DRAWN])
    drawn = [*heaviest.tolist(), *([-1] if mixture.noise is not None else [])]
    n_columns = len(drawn) if len(drawn) <= 3 else int(np.ceil(np.sqrt(len(drawn))))
    n_rows = -(-len(drawn) // n_columns)
    width, height = max(2.0 * n_columns, 4.2) + 0.9, 1.6 * n_rows + 1.1
    # Laid out by itself: matplotlib's own layout takes seconds for many axes.
    figure, grid = pyplot().subplots(
        n_rows, n_columns, figsize=(width, height), sharex=True, sharey=True, squeeze=False
    )
    figure.subplots_adjust(
        left=0.75 / width,
        right=1 - 0.15 / width,
        bottom=0.65 / height,
        top=1 - 0.65 / height,
        wspace=0.12,
        hspace=0.3,
    )
    edges = np.linspace(0, 1, bins + 1)
    for ax, k in zip(grid.flat, drawn, strict=False):
        shade = GREY if k < 0 else color(k, count, ax)
        share, own = shares[:, k], labels == k  # -1, of noise, is the last
        for which, alpha in ((share >= _LEAST, 0.4), (own, 1.0)):
            heights = np.sqrt(np.histogram(share[which], edges)[0])
            ax.bar(edges[:-1], heights, 1 / bins, align="edge", color=shade, alpha=alpha)
        name = "noise" if k < 0 else f"component {k}"
        ax.set_title(f"{name}: {own.sum():,}", fontsize="small")
        ax.set(xlim=(0, 1), xticks=(0, 0.5, 1), xticklabels=("0", "0.5", "1"))
        clean(ax)
    for place, ax in enumerate(grid.flat[len(drawn) :], len(drawn)):
        ax.set_visible(False)
        grid.flat[place - n_columns].tick_params(labelbottom=True)
    figure.supxlabel("responsibility", fontsize="medium")
    figure.supylabel("root of the number of rows", fontsize="medium")
    title = ", ".join(filter(None, (described(given, mixture), note)))
    figure.suptitle(title, fontsize="medium", y=1 - 0.12 / height)
    return figure
