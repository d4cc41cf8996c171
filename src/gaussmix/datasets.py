"""Small data sets: `gaussmix.mixture.datasets`."""

from .mixture.datasets import (
    iris,
)

__all__ = ["iris"]
