"""Rows that differ.

Not by ``numpy.unique`` of rows: it compares them as records, in Python code that NumPy calls and
whose errors it replaces by its own, those that Ctrl-C raises there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["are_distinct", "distinct"]


def distinct(rows: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return where rows (n, d) that differ come first (m,), and which of them each is (n,).

    In the order of their first coordinate, then the second, and so on.

    Examples
    --------
    >>> import numpy as np
    >>> first, place = distinct(np.array([[2.0, 1.0], [1.0, 5.0], [2.0, 1.0]]))
    >>> first.tolist(), place.tolist()
    ([1, 0], [1, 0, 1])
    """
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    place = np.empty(len(rows), dtype=np.intp)
    place[order] = np.cumsum(is_new) - 1
    return order[is_new], place


def are_distinct(rows: AnyArray, fewest: int) -> bool:
    """Whether at least `fewest` of the rows (n, d) differ.

    Examples
    --------
    >>> are_distinct(np.array([[2.0, 1.0], [1.0, 5.0], [2.0, 1.0]]), 3)
    False
    """
    # Almost always the first rows suffice; only repetitive data are looked at in full.
    first = rows[: 10 * fewest + 100]
    some = (first[:, :1], first, rows)  # of many columns one is enough, mostly
    return any(len(distinct(part)[0]) >= fewest for part in some)
