"""What a conjugate prior knows of means and covariances: as information, beside that of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import Array
    from ..components.families import Family
    from ..components.prior import PriorTerms

__all__ = ["information_of_prior"]


def information_of_prior(
    terms: PriorTerms, covariances: Array, family: Family, *, shared: bool
) -> Array:
    """Return the information (m, m) of a prior, by means and then upper triangles of covariances.

    That of as many rows as the prior is worth: with those of the data it is, at the posterior
    mode of one component, minus the second derivative of the log posterior density.  What all
    components share is divided among them.  It is in the units of the covariances (K, d, d).
    """
    k, d = covariances.shape[:2]
    first, second = np.triu_indices(d)
    units = np.zeros((len(first), d, d))
    every = np.arange(len(first))
    units[every, first, second] = units[every, second, first] = 1.0
    extra = family.prior_counts(np.zeros(k), terms.dof, d)
    if shared:
        extra = np.full(k, extra.sum() / k)
    found = np.zeros((k * (d + len(first)),) * 2)
    for c, covariance in enumerate(covariances):
        precision = np.linalg.inv(covariance)
        turned = precision @ units
        flat = turned.reshape(len(first), -1)
        means = slice(c * d, (c + 1) * d)
        places = slice(k * d + c * len(first), k * d + (c + 1) * len(first))
        found[means, means] = terms.shrinkage * precision
        found[places, places] = extra[c] / 2.0 * flat @ turned.swapaxes(1, 2).reshape(flat.shape).T
    return found
