"""Gaussian components: their statistics, their parameters, and how families estimate them."""
