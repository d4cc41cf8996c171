"""Columns that are hardly measurements: what is worth a warning before a fit.

They are looked for in what a fit has gathered anyway: the summary, and a sample.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import PRODUCTS
from ..exceptions import DataWarning
from .checks import column_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .._typing import AnyArray, Array
    from .summary import DataSummary

__all__ = ["suspicions", "warn_of_columns"]

# Fewer rows than these say nothing.
_FEWEST_ROWS = 20
_FIRST = 50
# The rarer of two values is at least this share: rarer ones are as good as constant.
_SHARE = 0.05
# More columns than these are not looked at for sums that are constant.
_MOST_COLUMNS = 200
# An eigenvalue of correlations so small is 0, and so is a coefficient beside the largest.
_NOTHING, _COEFFICIENT = 1e-12, 1e-5
# Columns that a message names.
_NAMED = 5


def warn_of_columns(
    rows: AnyArray, summary: DataSummary, names: Sequence[str] | None, stacklevel: int
) -> None:
    """Warn of what `suspicions` finds; `stacklevel` is that of the caller."""
    for message in suspicions(rows, summary, names):
        warnings.warn(message, DataWarning, stacklevel=stacklevel + 1)


def suspicions(rows: AnyArray, summary: DataSummary, names: Sequence[str] | None) -> list[str]:
    """Return what is odd about columns, a sentence each.

    Parameters
    ----------
    rows : ndarray (m, d)
        A sample, in the order of the data.
    summary : DataSummary
        Of all rows.
    names : sequence of str or None
    """
    if len(rows) < _FEWEST_ROWS:
        return []
    several = rows.shape[1] > 1
    counting = _columns(lambda some, j: _count_up(some), rows) if several else []
    low, high = summary.minimum, summary.maximum
    double = _columns(lambda some, j: _have_two_values(some, low[j], high[j]), rows)
    double = [j for j in double if _SHARE <= np.mean(rows[:, j] == low[j]) <= 1 - _SHARE]
    found = []
    if counting:
        found.append(
            f"X: {_listed(counting, names)}: whole numbers that rise from row to row; if that is "
            "an id, a row number or a date, leave it out"
        )
    if double:
        values = f"{summary.minimum[double[0]]:g} and {summary.maximum[double[0]]:g}"
        found.append(
            f"X: {_listed(double, names)}: two values only ({values}), which no Gaussian has; "
            "leave it out, or fit the two groups of rows apart"
        )
    return found + [_told_of_sum(own, summary, names) for own in _dependencies(summary)]


def _columns(are_odd: Callable[[AnyArray, AnyArray], AnyArray], rows: AnyArray) -> list[int]:
    """Return the numbers of odd columns: `are_odd` is asked of some columns and their numbers."""
    every = np.arange(rows.shape[1])
    # Almost always the first rows suffice.
    some = every[are_odd(rows[:_FIRST], every)]
    found: list[int] = some[are_odd(rows[:, some], some)].tolist()
    return found


def _count_up(columns: AnyArray) -> AnyArray:
    rise = (np.diff(columns, axis=0) > 0).all(axis=0)
    return np.asarray(rise & (columns == np.floor(columns)).all(axis=0))


def _have_two_values(columns: AnyArray, low: Array, high: Array) -> AnyArray:
    return np.asarray((low < high) & ((columns == low) | (columns == high)).all(axis=0))


def _dependencies(summary: DataSummary) -> Iterator[Array]:
    """Yield coefficients (d,) of columns of which a sum is constant, one after the other."""
    total = summary.total
    if total.moment is not PRODUCTS or not 1 < total.n_features <= _MOST_COLUMNS:
        return
    scatter = total.scatters[0]
    scales = np.sqrt(np.diagonal(scatter))
    if total.n_rows <= 2 * total.n_features or not (scales > 0).all():
        return
    values, vectors = np.linalg.eigh(scatter / scales / scales[:, None])
    null = vectors[:, values <= _NOTHING * total.n_features].T
    yield from _reduced(null) / scales


def _reduced(vectors: Array) -> Array:
    """Return a basis (r, d) of what vectors (r, d) span, with as many zeros as can be."""
    left = vectors.copy()
    for i in range(len(left)):
        rest = np.abs(left[i:])
        row, pivot = divmod(int(rest.argmax()), rest.shape[1])
        left[[i, i + row]] = left[[i + row, i]]
        left[i] /= left[i, pivot]
        others = np.arange(len(left)) != i
        left[others] -= np.outer(left[others, pivot], left[i])
    return left


def _told_of_sum(coefficients: Array, summary: DataSummary, names: Sequence[str] | None) -> str:
    scales = np.sqrt(summary.variances)
    weighty = np.abs(coefficients * scales)
    columns = np.flatnonzero(weighty > _COEFFICIENT * weighty.max())
    own = coefficients[columns]
    told = _listed(columns.tolist(), names)
    advice = "a full covariance of them is singular: leave one of them out"
    if np.allclose(own, own[0], rtol=_COEFFICIENT):
        constant = summary.total.means[0][columns].sum()
        return f"X: {told} add up to {constant:.6g} in every row; {advice}"
    return f"X: {told} depend on each other: each follows from the others; {advice}"


def _listed(columns: Sequence[int], names: Sequence[str] | None) -> str:
    shown = ", ".join(column_label(j, names) for j in columns[:_NAMED])
    more = len(columns) - _NAMED
    return shown + (f" and {more} more" if more > 0 else "")
