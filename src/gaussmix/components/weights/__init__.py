"""Priors of mixing weights, and what counts make of them; see `WeightPrior` for the contract."""

from .base import WeightPrior
from .registry import get_weight_prior, list_weight_priors

__all__ = ["WeightPrior", "get_weight_prior", "list_weight_priors"]
