"""Data sets of about the same length, put together in arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray, Array

__all__ = ["Batch", "batches_of", "least_variances"]

# Data sets of one batch, the numbers that they may hold, and how much longer than the shortest
# the longest may be.
_MOST_FITS = 20_000
_MOST_NUMBERS = 2**24
_LONGER = 1.25
# Values from which squares are beyond arithmetic.
_LARGEST = 1e100


def least_variances(variances: Sequence[Array]) -> Array:
    """Return the least positive variance of each feature (d,); 1 where there is none."""
    each = np.concatenate(variances)
    with np.errstate(invalid="ignore"):
        found = np.where(each > 0, each, np.inf).min(axis=0)
    return np.asarray(np.where(np.isfinite(found), found, 1.0))


class Batch(NamedTuple):
    """Data sets that are fitted together: of about the same length.

    Attributes
    ----------
    numbers : ndarray of int (B,)
    rows, shares : ndarray (B, n, d), (B, n) or None
        With rows of weight 0 at the end; None if all rows count once.
    variances : ndarray (B, d)
    plain : ndarray of bool (B,)
        Which can be fitted without a closer look: finite, no column constant.
    """

    numbers: AnyArray
    rows: Array
    shares: Array | None
    variances: Array
    plain: AnyArray


def batches_of(sets: Sequence[Array], weights: Sequence[Array | None]) -> Iterator[Batch]:
    """Yield batches of all data sets (n_g, d), the shortest first."""
    lengths = np.array([len(rows) for rows in sets])
    order = np.argsort(lengths, kind="stable")
    first = 0
    while first < len(order):
        fits = max(1, _MOST_NUMBERS // (int(lengths[order[first]]) * sets[0].shape[1] + 1))
        own = order[first : first + min(_MOST_FITS, fits)]
        near = lengths[own] <= _LONGER * lengths[own[0]] + 4
        own = own[: len(own) if near.all() else int(near.argmin())]
        yield _batch(own, [sets[g] for g in own], [weights[g] for g in own])
        first += len(own)


def _batch(numbers: AnyArray, sets: list[Array], given: list[Array | None]) -> Batch:
    lengths = np.array([len(rows) for rows in sets])
    n = max(1, int(lengths.max()))
    shares = None
    if (lengths == n).all():
        rows = np.stack(sets)
    else:
        rows = np.zeros((len(sets), n, sets[0].shape[1]))
        for own, x in zip(rows, sets, strict=True):
            own[: len(x)] = x
            own[len(x) :] = x[:1] if len(x) else 0.0
        shares = (np.arange(n) < lengths[:, None]).astype(float)
    if any(own is not None for own in given):
        shares = np.zeros(rows.shape[:2])
        for share, x, own in zip(shares, sets, given, strict=True):
            share[: len(x)] = 1.0 if own is None else own
        # Rows that do not count are another of the set, whatever they hold.
        first = (shares > 0).argmax(axis=1)
        rows = np.where((shares > 0)[:, :, None], rows, rows[np.arange(len(rows)), first][:, None])
    counted = lengths if shares is None else (shares > 0).sum(axis=1)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        low, high = rows.min(axis=1), rows.max(axis=1)
        plain = (np.isfinite(low) & np.isfinite(high) & (high > low)).all(axis=1)
        plain &= (np.maximum(np.abs(low), np.abs(high)) < _LARGEST).all(axis=1)
        if shares is None:
            variances = rows.var(axis=1)
        else:
            totals = shares.sum(axis=1)[:, None]
            middles = np.einsum("gn,gnd->gd", shares, rows) / totals
            variances = np.einsum("gn,gnd->gd", shares, (rows - middles[:, None]) ** 2) / totals
    return Batch(numbers, rows, shares, variances, plain & (counted > 0))
