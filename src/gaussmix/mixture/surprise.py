"""Which features make a row surprising."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..numerics.matrices import axes_of

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters

__all__ = ["surprises"]


def surprises(parameters: Parameters, rows: AnyArray, shares: Array) -> Array:
    """Return each feature's part of the squared Mahalanobis distance, shape (B, d).

    Rows are turned so that the parts are uncorrelated, and each as much correlated with its
    own feature as can be; their squares sum to the distance (Garthwaite & Koch 2016,
    section 3).  Of several components it is the mean by responsibilities `shares` (K, B).
    """
    found = np.zeros(rows.shape)
    matrices = parameters.covariances.to_dense()
    for mean, matrix, share in zip(parameters.means, matrices, shares, strict=False):
        widths = np.sqrt(np.diagonal(matrix))
        values, axes = axes_of((matrix / widths / widths[:, None])[None])
        whitening = (axes[0] / np.sqrt(values[0])) @ axes[0].T
        found += share[:, None] * np.square(((rows - mean) / widths) @ whitening)
    return found
