"""Which form of the E-step to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .centred import CentredForm, magnitude_about_means
from .compiled import goes_in_tiles, natural_form
from .pruned import may_pay, prune
from .whitened import WhitenedForm

if TYPE_CHECKING:
    from .._typing import Array
    from ..components.covariances import Covariances
    from ..components.moments import Moment
    from .base import Kernel

__all__ = ["MOST_TERMS", "TOLERANCE", "choose_kernel"]

# Largest error in a log-density that the natural form may make, by the bytes of a number.
TOLERANCE = 1e-8
_TOLERANCES = {8: TOLERANCE, 4: 1e-3}
# Features beyond which products of features cost more than whitening (measured).
MOST_TERMS = 2500
# With fewer terms the natural form is cheap for any number of components.
_FEW_TERMS = 150


def choose_kernel(
    log_weights: Array,
    means: Array,
    covariances: Covariances,
    moment: Moment,
    shared: bool,
    center: Array,
    extent: Array,
    background: float | None = None,
    dtype: type = np.float64,
    n_rows: int | None = 0,
) -> Kernel:
    """Return the natural form where it is accurate and cheap, else the whitened form.

    Between them is the natural form about each component's own mean, where loops are compiled.
    The others are pruned where there are so many components and products of features that it
    pays to find out first which components matter to a row.

    Parameters
    ----------
    log_weights, means, covariances
        The parameters: shapes (K,), (K, d), and K covariances.
    moment : Moment
        The second moment wanted in the statistics.
    shared : bool
        Whether statistics pooled over components are wanted.
    center, extent : ndarray (d,)
        All rows lie in the box center +- extent.
    background : float, optional
        Log of weight times density of a uniform background.
    dtype : type
        float32 is for the arithmetic within a block, where it is accurate to about three
        digits of a log-density; elsewhere float64 takes its place.
    n_rows : int or None
        Rows of a pass, None if unknown: loops are compiled only for many.
    """
    # The box may exclude a mean (of a start given by the user): its size counts too.
    reach = np.maximum(extent, np.abs(means - center).max(axis=0))
    error = covariances.magnitude(reach)
    if np.finfo(dtype).eps * error > _TOLERANCES[np.dtype(dtype).itemsize]:
        dtype = np.float64
    d, n_joint = len(center), len(means) + (background is not None)
    n_terms = 1 + d + moment.n_terms(d)
    suits = (
        covariances.moment is moment
        and (shared or not covariances.shared)
        and (background is None or not covariances.shared)
    )
    in_tiles = goes_in_tiles(n_joint, n_terms, n_rows)
    cheap = covariances.shared or (
        moment.n_terms(d) <= MOST_TERMS
        and (in_tiles or n_terms < _FEW_TERMS or not _whitening_is_cheaper(n_joint, d))
    )
    dense: Kernel
    if suits and cheap and _is_accurate(error):
        form = natural_form(n_joint, n_rows)
        dense = form(log_weights, means, covariances, center, background, dtype)
    elif suits and in_tiles and _is_accurate_about_means(covariances):
        return CentredForm(log_weights, means, covariances, background)
    else:
        dense = WhitenedForm(log_weights, means, covariances, moment, background)
    if covariances.shared or covariances.moment is not moment or not may_pay(dense):
        return dense
    return prune(dense, center, reach)


def _is_accurate(magnitude: float) -> bool:
    return bool(np.finfo(float).eps * magnitude <= TOLERANCE)


def _is_accurate_about_means(covariances: Covariances) -> bool:
    return not covariances.shared and _is_accurate(magnitude_about_means(covariances))


def _whitening_is_cheaper(n_components: int, n_features: int) -> bool:
    """Whether to whiten rows once a component costs less than to write all their products.

    Products cost about as much as 8 to 12 components that use them (measured, without compiled
    loops).
    """
    d2 = n_features**2
    return n_components * (55 + 0.065 * d2) < d2
