"""Mixtures of mixtures: the components of several, side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances import FullCovariances
from ..components.parameters import Parameters
from .mixture import Mixture
from .parts import require_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["joined_mixtures", "taken", "weighed_anew"]


def joined_mixtures(several: Sequence[Mixture], weights: Array) -> tuple[Mixture, AnyArray]:
    """Return the mixture of some with such weights, and whose each component is (K,)."""
    for mixture in several:
        require_normal(mixture, "several as one")
    held = [mixture.scales for mixture in several]
    kinds = {type(covariances) for covariances in held}
    if len(kinds) == 1:
        covariances = kinds.pop().joined(held)
    else:
        dense = np.concatenate([own.to_dense() for own in held])
        covariances = FullCovariances(dense, len(dense), several[0].n_features)
    groups = np.repeat(np.arange(len(several)), [own.n_components for own in several])
    shares = [weight * own.weights for weight, own in zip(weights, several, strict=True)]
    means = np.concatenate([own.means for own in several])
    parameters = Parameters.of_one(np.concatenate(shares), means, covariances, None)
    whole = Mixture.of_parameters(parameters, several[0].feature_names)
    used = np.flatnonzero(whole.weights > 0)  # a component that lost its rows has none
    return taken(whole, used), groups[used]


def taken(mixture: Mixture, which: AnyArray) -> Mixture:
    """Return the mixture of some of the components (m,), their weights as they are."""
    weights, means = mixture.weights[which], mixture.means[which]
    density = mixture.density.take(which)
    parameters = Parameters.of_one(weights, means, mixture.scales.take(which), None, density)
    return Mixture.of_parameters(parameters, mixture.feature_names)


def weighed_anew(mixture: Mixture, groups: AnyArray, weights: Array) -> Mixture:
    """Return a mixture whose groups of components (K,) have other weights altogether (G,)."""
    own = np.bincount(groups, mixture.weights, minlength=len(weights))
    shares = mixture.weights * weights[groups] / own[groups]
    return replace(mixture, weights=shares / shares.sum())
