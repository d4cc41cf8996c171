"""Small data sets: `gaussmix.mixture.datasets`."""

from .mixture.datasets import iris, sizes

__all__ = ["iris", "sizes"]
