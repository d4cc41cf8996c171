"""Model-based agglomerative hierarchical clustering (Banfield & Raftery 1993; Fraley 1998).

Clusters are merged two at a time, each time the pair whose union costs the least
classification likelihood.  A cost is one file in `costs`; `agglomerate` does
the rest.
"""

from .merging import agglomerate
from .quantiles import quantile_labels
from .registry import list_criteria
from .transforms import list_transforms
from .tree import Tree

__all__ = ["Tree", "agglomerate", "list_criteria", "list_transforms", "quantile_labels"]
