"""The contract of a merging cost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from .clusters import Clusters

__all__ = ["Cost"]


class Cost(ABC):
    """What merging two clusters costs, during one agglomeration of `clusters`."""

    #: mclust's name of the model whose classification likelihood is maximised.
    name: ClassVar[str] = ""
    #: Whether it looks at the scatter matrix of each cluster.
    needs_scatters: ClassVar[bool] = False

    def __init__(self, clusters: Clusters) -> None:
        self.clusters = clusters

    #: Whether `bounds` are the costs themselves; if not, there is `pair_costs`.
    bounds_are_costs: bool = True

    @abstractmethod
    def bounds(self, rows: AnyArray, stop: int) -> Array:
        """Return bounds below what merging clusters `rows` (R,) with 0 .. stop - 1 costs.

        Shape (R, stop).  The entry of a cluster with itself is not looked at, but must not
        warn.  Costs (i, j) and (j, i) are equal to the last bit: ties stay ties.
        """

    def pair_costs(self, own: AnyArray, others: AnyArray) -> Array:
        """Return what merging clusters `own` with `others` (R,), place by place, costs."""
        raise NotImplementedError

    def refine(self, rows: AnyArray, bounds: Array) -> Array:
        """Return `bounds` (R, stop) with at least those that are smallest in a row made costs.

        The others are still bounds; infinite entries stay.  May overwrite.
        """
        if self.bounds_are_costs:
            return bounds
        limits = self.pair_costs(rows, bounds.argmin(axis=1))
        which, others = np.nonzero(bounds <= limits[:, None])
        bounds[which, others] = self.pair_costs(rows[which], others)
        return bounds

    def merged(self, i: int, offset: Array) -> float:
        """Take note that a cluster went into cluster i; return a factor from 0 to 1.

        The square of `offset` (d,) was added to their scatters.  Law: the cost of any
        pair of other clusters is now at least that factor times what it was; 1 says
        that it has not changed at all.
        """
        return 1.0
