"""EII: equal spheres, Ward's method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cost import Cost
from ..sums import squared_norms

if TYPE_CHECKING:
    from ...._typing import AnyArray, Array


class EII(Cost):
    """The trace of the pooled scatter matrix (Ward 1963)."""

    name = "EII"

    def bounds(self, rows: AnyArray, stop: int) -> Array:
        return squared_norms(self.clusters.offsets(rows[:, None], slice(stop))[1])
