"""Parameters of some components that are held as a start has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import shown

if TYPE_CHECKING:
    from .._typing import AnyArray
    from .families import Family

__all__ = ["Fixed"]

_PARTS = ("weights", "means", "covariances")


@dataclass(frozen=True)
class Fixed:
    """Which components have fixed weights, means and covariances (K,); () where none has.

    Parameters
    ----------
    weights, means, covariances : tuple of bool
    """

    weights: tuple[bool, ...] = ()
    means: tuple[bool, ...] = ()
    covariances: tuple[bool, ...] = ()

    @classmethod
    def of(cls, given: Any, n_components: int, family: Family) -> Fixed | None:
        """Return what users say, masks by the name of what they fix, if anything is fixed.

        Raises
        ------
        ParameterError
            If it is no such mapping, or not what the family allows.
        """
        if given is None:
            return None
        if not isinstance(given, dict) or not set(given) <= set(_PARTS):
            raise ParameterError(
                f"fixed: expected a dict with keys among {', '.join(map(repr, _PARTS))}, got "
                f"{shown(given)}"
            )
        masks = {name: _mask(name, mask, n_components) for name, mask in given.items()}
        found = cls(**{name: mask for name, mask in masks.items() if any(mask)})
        if any(found.covariances) and not all(found.covariances) and not family.free:
            raise ParameterError(
                f"fixed: covariances of {family.name} are tied to each other, so either all are "
                "fixed or none"
            )
        return found if any((found.weights, found.means, found.covariances)) else None

    def mask(self, part: str, n_mixtures: int = 1) -> AnyArray | None:
        """Return which components of so many mixtures have a part fixed; None if none has."""
        own = getattr(self, part)
        return np.tile(np.array(own), n_mixtures) if own else None

    def n_parameters(self, family: Family, n_features: int, *, equal_weights: bool) -> int:
        """Return how many parameters are not free, that would be."""
        weights = 0
        if self.weights and not equal_weights:
            k = len(self.weights)
            free = k - sum(self.weights)
            weights = k - 1 - max(0, free - 1)
        covariances = 0
        if self.covariances:
            k = len(self.covariances)
            every = family.n_parameters(k, n_features)
            covariances = every * sum(self.covariances) // k
        return weights + n_features * sum(self.means) + covariances


def _mask(name: str, given: Any, n_components: int) -> tuple[bool, ...]:
    if isinstance(given, bool | np.bool_):
        return (bool(given),) * n_components
    mask = np.asarray(given)
    if mask.dtype != bool or mask.shape != (n_components,):
        raise ParameterError(
            f"fixed: {name}: expected True, or booleans ({n_components},), one a component, got "
            f"{shown(given)}"
        )
    return tuple(mask.tolist())
