"""Forms of the E-step for rows that were measured with errors, or in part: y = R x + e."""

from .choice import choose_measured_form

__all__ = ["choose_measured_form"]
