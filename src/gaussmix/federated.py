"""Fits whose rows stay where they are: `gaussmix.fitting.federated`."""

from .fitting.federated import (
    Coordinator,
    Site,
    next_mixture,
)

__all__ = ["Coordinator", "Site", "next_mixture"]
