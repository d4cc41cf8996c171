"""Where both hypotheses of a likelihood ratio begin: Ward's clusters, components split in two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import ParameterError
from ..mixture import Mixture
from ..mixture.comparing import best_assignment
from ..rows.filled import filled
from ..starts.entrants import tree_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["of_ward", "split"]

# How far the halves of a split component are from its mean, in deviations along its main axis.
_APART = 0.7
# Trees are built of at most this many rows: their time and memory grow with the square.
_MOST_ROWS = 2000


def split(mixtures: Sequence[tuple[int, Mixture]]) -> list[tuple[int, Mixture]]:
    """Return numbered mixtures with each of the components in turn two, along its main axis."""
    found = []
    for number, mixture in mixtures:
        k = mixture.n_components
        values, vectors = np.linalg.eigh(mixture.covariances.to_dense())
        for c in range(k):
            order = np.array([*range(k), c])
            weights, means = mixture.weights[order], mixture.means[order]
            weights[[c, -1]] /= 2.0
            step = _APART * np.sqrt(values[c, -1]) * vectors[c, :, -1]
            means[c], means[-1] = means[c] + step, means[c] - step
            scales = mixture.scales.take(order)
            halves = replace(mixture, weights=weights, means=means, scales=scales)
            found.append((number, halves))
    return found


def of_ward(
    rows: Array, k: int, counts: Array | None = None, known: AnyArray | None = None
) -> Mixture | None:
    """Return the mixture of Ward's clusters of rows in units of their deviations, if it is one.

    Parameters
    ----------
    rows : ndarray (n, d)
    k : int
    counts : ndarray (n,), optional
        How many rows each counts as.
    known : ndarray of int (n,), optional
        Components are in the order that agrees best with it; -1 where unknown.
    """
    counts = np.ones(len(rows)) if counts is None else counts
    used = counts > 0
    if k == 1 or used.sum() > _MOST_ROWS:
        return None
    rows, counts = filled(rows[used]), counts[used]
    widths = np.sqrt(np.average((rows - rows.mean(axis=0)) ** 2, axis=0, weights=counts))
    if not (widths > 0).all():
        return None
    labels = tree_labels(rows / widths, k)
    sizes = np.bincount(labels, counts, minlength=k)
    if len(sizes) > k or sizes.min() == 0:
        return None
    chosen = (labels == np.arange(k)[:, None]) * counts
    means = chosen @ rows / sizes[:, None]
    offsets = rows - means[labels]
    within = (counts * offsets.T) @ offsets / counts.sum()
    try:
        found = Mixture(sizes / sizes.sum(), means, within, covariance_type="tied")
    except ParameterError:  # no width in some direction
        return None
    if known is None:
        return found
    own = known[used]
    agreed = [np.bincount(labels[own == c], counts[own == c], minlength=k) for c in range(k)]
    return found.reorder(best_assignment(np.array(agreed)))
