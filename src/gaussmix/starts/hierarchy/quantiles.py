"""One-dimensional data: a partition by quantiles, which needs no tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array

__all__ = ["quantile_labels"]

# Finer grids than this are not tried: the values hardly differ.
_FINEST = 1000


def quantile_labels(x: Array, n_components: int) -> AnyArray | None:
    """Return a partition (n,) of values x (n,) into intervals between quantiles.

    Equally spaced quantiles are taken, more of them until n_components + 1 differ;
    of surplus ones those at the narrowest intervals go.  It is what mclust starts
    one-dimensional mixtures from.

    Returns
    -------
    labels : ndarray of int (n,) or None
        None if some interval is empty: the values have too many repetitions.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.hierarchy import quantile_labels
    >>> quantile_labels(np.array([5.0, 1.0, 2.0, 9.0]), 2).tolist()
    [1, 0, 0, 1]
    """
    x = np.asarray(x, dtype=np.float64)
    ordered = np.sort(x)
    for n in range(n_components + 1, n_components + _FINEST):
        edges = np.unique(np.quantile(ordered, np.linspace(0.0, 1.0, n)))
        if len(edges) > n_components:
            break
    else:
        return None
    surplus = len(edges) - n_components - 1
    edges = np.delete(edges, np.argsort(np.diff(edges), kind="stable")[:surplus])
    labels = np.searchsorted(edges[1:-1], x, side="right")
    return labels if len(np.unique(labels)) == n_components else None
