"""Ward's clusters (Ward 1963) of many data sets at once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..rows.threads import Pool
from .entrants import tree_labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from .._typing import AnyArray, Array

__all__ = ["ward_of_many"]

# Data sets from which it pays to load compiled loops, and of which a thread does so many at once.
_LOADING, _PIECE = 50, 16


def ward_of_many(rows: Array, sizes: Sequence[int], n_jobs: int | None = 1) -> AnyArray:
    """Return the labels (len(sizes), G, n) of clusters of G data sets (G, n, d).

    Clusters are numbered by first appearance.

    Parameters
    ----------
    rows : ndarray (G, n, d)
    sizes : sequence of int
        Numbers of clusters; one tree of each data set is cut to all of them.
    n_jobs : int, optional
        Threads, where loops are compiled.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.starts.ward import ward_of_many
    >>> ward_of_many(np.array([[[9.0], [1.0], [0.0], [8.0]]]), [1, 2]).tolist()
    [[[0, 0, 0, 0]], [[0, 1, 1, 0]]]
    """
    labels = np.empty((len(sizes), *rows.shape[:2]), dtype=np.int64)
    loops = _loops() if len(rows) >= _LOADING else None
    if loops is None:
        for s, size in enumerate(sizes):
            for g, own in enumerate(rows):
                labels[s, g] = _in_order(tree_labels(own, size))
        return labels
    wanted = np.array(sizes, dtype=np.int64)

    def some(begin: int) -> None:
        own = slice(begin, begin + _PIECE)
        loops.ward_each(rows[own], wanted, labels[:, own])

    with Pool(n_jobs) as pool:
        for _ in pool.map(some, range(0, len(rows), _PIECE)):
            pass
    return labels


def _in_order(labels: AnyArray) -> AnyArray:
    """Return labels that are numbered by first appearance."""
    _, first, places = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[places])


@lru_cache(maxsize=1)
def _loops() -> ModuleType | None:
    """Return the compiled loops; None on a machine that cannot have them."""
    try:
        from .loops import ward
    except ImportError:
        return None
    return ward
