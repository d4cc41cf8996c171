"""What is known of some features says where the others are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import as_numbers

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from .mixture import Mixture

__all__ = ["conditioned"]


def conditioned(
    mixture: Mixture, given: AnyArray, values: Any
) -> tuple[AnyArray, Array, Array, Covariances]:
    """Return the other features (m,), and weights, means and covariances over them.

    `given` (l,) are features whose `values` (l,) are known.
    """
    point = np.atleast_1d(as_numbers("values", values))
    if point.shape != (len(given),):
        raise ParameterError(f"values: expected {len(given)} numbers, got shape {point.shape}")
    kept = np.setdiff1d(np.arange(mixture.n_features), given)
    if len(kept) == 0:
        raise ParameterError("columns: all features are given, none is left")
    gains, covariances = mixture.covariances.conditional(kept, given)
    shifts = np.einsum("kij,kj->ki", gains, point - mixture.means[:, given])
    weights = mixture.marginal(given).responsibilities(point[None])[0]
    weights = np.maximum(weights, np.finfo(float).tiny)
    return kept, weights, mixture.means[:, kept] + shifts, covariances
