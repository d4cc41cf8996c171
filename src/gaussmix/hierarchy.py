"""Hierarchical clustering: `gaussmix.starts.hierarchy`."""

from .starts.hierarchy import (
    Tree,
    agglomerate,
    list_criteria,
    list_transforms,
    quantile_labels,
)

__all__ = ["Tree", "agglomerate", "list_criteria", "list_transforms", "quantile_labels"]
