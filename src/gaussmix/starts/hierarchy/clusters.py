"""The clusters of an agglomeration, as arrays over clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .packed import outer_products

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array

__all__ = ["Clusters"]


class Clusters:
    """Counts, means and scatters of m clusters, at first in order of their first rows.

    Arrays have the cluster axis last, so that a formula for one pair of clusters is a
    few long vector operations for all pairs.

    Parameters
    ----------
    rows : ndarray (n, d)
        With mean 0.
    group : ndarray of int (n,)
        The cluster of each row, numbered by first appearance.
    with_scatters : bool
        Whether the scatter matrix of each cluster is kept.

    Attributes
    ----------
    first : ndarray of int (m,)
        The smallest row.
    counts, traces : ndarray (m,)
        Rows, and the trace of the scatter matrix about the mean.
    means : ndarray (d, m)
    scatters : ndarray (d (d + 1) / 2, m)
        Scatter matrices, packed (`packed.py`); (0, m) when not kept.
    pooled, total : ndarray (d, d)
        The sum of the scatter matrices, and the scatter matrix of all rows.
    mean_variance : float
        Of all rows, over features.
    terms : ndarray (m,)
        Each cluster's own part of a criterion that is a sum over clusters.
    """

    def __init__(self, rows: Array, group: AnyArray, *, with_scatters: bool) -> None:
        def sums(values: Array) -> Array:
            """Sum values (p, n) over the rows of each cluster: (p, m)."""
            each = [np.bincount(group, weights=row, minlength=m) for row in values]
            return np.array(each, dtype=np.float64).reshape(len(values), m)

        self.first = np.unique(group, return_index=True)[1]
        m = len(self.first)
        self.counts = np.bincount(group).astype(np.float64)
        self.means = sums(rows.T) / self.counts
        centred = rows.T - self.means[:, group]
        self.traces = sums(np.einsum("dn,dn->n", centred, centred)[None])[0]
        n_kept = len(centred) if with_scatters else 0
        self.scatters = sums(outer_products(centred[:n_kept]))
        self.pooled, self.total = centred @ centred.T, rows.T @ rows
        # Rows that are all equal have no variance, but a logarithm must be taken.
        variance = float(np.trace(self.total)) / max(rows.size, 1)
        self.mean_variance = max(variance, float(np.finfo(float).tiny))
        self.terms = np.zeros(m)

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def n_features(self) -> int:
        return len(self.means)

    def offsets(self, own: AnyArray, others: AnyArray | slice) -> tuple[Array, Array]:
        """Return counts (...) and scaled offsets (d, ...) of unions.

        `own` and `others` are places that broadcast against each other.

        The outer product of an offset with itself is what the scatters of the two
        clusters lack of the scatter of their union (Chan, Golub & LeVeque 1983).
        """
        first, second = self.counts[own], self.counts[others]
        counts = first + second
        offsets = self.means[:, own] - self.means[:, others].reshape(
            -1, *(1,) * (own.ndim - 1), second.size
        )
        offsets *= np.sqrt(first * second / counts)
        return counts, offsets

    def union_scatters(self, own: AnyArray, others: AnyArray, offsets: Array) -> Array:
        """Return packed scatters of the unions of clusters `own` and `others` (R,).

        `offsets` (d, R) are theirs.
        """
        out = outer_products(offsets)
        out += self.scatters[:, own] + self.scatters[:, others]
        return out

    def merge(self, i: int, j: int) -> Array:
        """Put the union of i and j in place i, the last cluster in place j.

        Returns the scaled offset (d,) of the two.
        """
        own, other = self.counts[i], self.counts[j]
        count = own + other
        shift = self.means[:, j] - self.means[:, i]
        offset = shift * np.sqrt(own * other / count)
        self.pooled += np.outer(offset, offset)
        self.first[i] = min(self.first[i], self.first[j])
        self.means[:, i] += shift * (other / count)
        self.counts[i] = count
        self.traces[i] += self.traces[j] + offset @ offset
        if len(self.scatters):
            self.scatters[:, i] += self.scatters[:, j] + outer_products(offset[:, None])[:, 0]
        for name in ("first", "counts", "traces", "means", "scatters", "terms"):
            array = getattr(self, name)
            array[..., j] = array[..., -1]
            setattr(self, name, array[..., :-1])
        return offset
