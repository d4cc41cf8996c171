"""Covariance families: `gaussmix.components.families`."""

from .components.families import (
    Family,
    get_family,
    list_families,
)

__all__ = ["Family", "get_family", "list_families"]
