"""Forms of the E-step for rows of which only some features are seen; the others are NaN."""

from .choice import choose_incomplete_form

__all__ = ["choose_incomplete_form"]
