"""Arithmetic and plumbing that know nothing of mixtures."""
