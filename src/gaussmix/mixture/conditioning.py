"""What is known of some features says where the others are, of components that are not normal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import ParameterError

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .mixture import Mixture

__all__ = ["conditioned"]


def conditioned(mixture: Mixture, given: AnyArray, point: Array) -> Mixture:
    """Return the mixture of the other features, where features `given` (l,) are at a point (l,).

    How wide components then are depends on how far the point is: of many rows at once no two
    have covariances in common.
    """
    kept = np.setdiff1d(np.arange(mixture.n_features), given)
    if len(kept) == 0:
        raise ParameterError("columns: all features are given, none is left")
    gains, scales = mixture.scales.conditional(kept, given)
    offsets, known = point - mixture.means[:, given], mixture.scales.marginal(given)
    distances = (offsets * known.precision_times(offsets)).sum(axis=1)
    density, factors = mixture.density.conditional(distances, len(given))
    weights = mixture.marginal(given).responsibilities(point[None])[0]
    names = mixture.feature_names
    return replace(
        mixture,
        weights=np.maximum(weights, np.finfo(float).tiny),
        means=mixture.means[:, kept] + np.einsum("kij,kj->ki", gains, offsets),
        scales=scales.times(factors),
        feature_names=None if names is None else tuple(names[j] for j in kept),
        density=density,
    )
