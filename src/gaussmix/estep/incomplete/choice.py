"""Which form of the E-step incomplete rows take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...components.densities import NORMAL
from ...components.moments import PRODUCTS
from ..posterior import Posterior
from .axes import AxesForm
from .compiled import compiled_form
from .exact import PatternForm
from .weighed import WeighedForm

if TYPE_CHECKING:
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from .base import IncompleteForm

__all__ = ["choose_incomplete_form"]


def choose_incomplete_form(
    parameters: Parameters, moment: Moment, n_rows: int | None = 0
) -> tuple[IncompleteForm | WeighedForm, Posterior]:
    """Return a form, and a posterior, for rows with missing values (NaN) under mixtures.

    Parameters
    ----------
    parameters : Parameters
    moment : Moment
        The second moment wanted in the statistics.
    n_rows : int or None
        Rows of a pass, None if unknown: loops are compiled only for many.
    """
    # What stands between the products is done by the form that goes by distances.
    posterior = Posterior.of([replace(parameters, density=NORMAL)])

    def make(normal: Parameters) -> IncompleteForm:
        own = normal.covariances.moment
        if moment is not own:
            return PatternForm(normal, moment)
        if own is PRODUCTS:
            return compiled_form(normal, n_rows)(normal, moment)
        return AxesForm(normal, moment)

    if parameters.density.plain:
        return make(parameters), posterior
    return WeighedForm(parameters, make), posterior
