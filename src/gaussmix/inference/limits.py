"""Intervals about estimates, from their standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture import Mixture

__all__ = ["intervals_from_errors"]

# What is above 0, as a whole.
_POSITIVE = ("dofs",)
_MATRICES = ("covariances", "scales")


def intervals_from_errors(
    estimates: dict[str, Array], errors: dict[str, Array], level: float, mixture: Mixture
) -> dict[str, Array]:
    """Return the limits (2, ...) of parameters by name.

    They are normal on the scale on which an estimate is nearly so, by the delta method: variances
    and degrees of freedom by their logarithms, weights by their logits, the others as they are.
    So no limit lies where its parameter cannot, and those of variances, whose estimates are
    skewed, hold the truth about as often as they say.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import Mixture
    >>> from gaussmix.inference.limits import intervals_from_errors
    >>> mixture = Mixture([0.5, 0.5], [0.0, 4.0], [1.0, 1.0])
    >>> one = {"weights": mixture.weights}, {"weights": np.array([0.1, 0.1])}
    >>> intervals_from_errors(*one, 0.95, mixture)["weights"].round(2).tolist()
    [[0.31, 0.31], [0.69, 0.69]]
    """
    z = float(ndtri(0.5 + level / 2.0))
    found = {}
    for name, own in estimates.items():
        if name == "weights":
            found[name] = _by_logits(own, z * errors[name])
        elif name in _MATRICES:
            found[name] = _by_logs(own, z * errors[name], _are_variances(own, mixture))
        else:
            all_positive = np.full(own.shape, name in _POSITIVE)
            found[name] = _by_logs(own, z * errors[name], all_positive)
    return found


def _are_variances(values: Array, mixture: Mixture) -> AnyArray:
    """Say which entries of covariances are variances."""
    d = mixture.n_features
    matrices = mixture.scales.values.ndim == 3
    return np.broadcast_to(np.eye(d, dtype=bool) if matrices else True, values.shape)


def _by_logs(values: Array, reach: Array, positive: AnyArray) -> Array:
    """Return limits, of what is `positive` by logarithms."""
    found = np.array([values - reach, values + reach])
    own = np.logical_and(positive, values > 0)
    factors = np.exp(reach[own] / values[own])
    found[0, own], found[1, own] = values[own] / factors, values[own] * factors
    return found


def _by_logits(values: Array, reach: Array) -> Array:
    found = np.array([values - reach, values + reach])
    own = (values > 0) & (values < 1)
    inside = values[own]
    wide = reach[own] / (inside * (1.0 - inside))
    found[:, own] = expit(logit(inside) + np.array([-wide, wide]))
    return found
