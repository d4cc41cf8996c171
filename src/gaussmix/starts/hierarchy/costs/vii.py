"""VII: spheres of any volume."""

from __future__ import annotations

from ..sums import SumOverClusters


class VII(SumOverClusters):
    """Sum of n_k log((tr(W_k) + a) / n_k) (Fraley 1998, section 2.2)."""

    name = "VII"
