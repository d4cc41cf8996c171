"""Which form of the E-step incomplete rows take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...components.moments import PRODUCTS
from ...exceptions import ParameterError
from .axes import AxesForm
from .compiled import compiled_form
from .exact import PatternForm

if TYPE_CHECKING:
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from .base import IncompleteForm

__all__ = ["choose_incomplete_form"]


def choose_incomplete_form(
    parameters: Parameters, moment: Moment, n_rows: int | None = 0
) -> IncompleteForm:
    """Return a form for rows with missing values (NaN) under the parameters of one mixture.

    Parameters
    ----------
    parameters : Parameters
    moment : Moment
        The second moment wanted in the statistics.
    n_rows : int or None
        Rows of a pass, None if unknown: loops are compiled only for many.
    """
    # Expected logarithms of weights and determinants are those of whole rows.
    if not parameters.density.plain or parameters.log_weights is not None:
        raise ParameterError(
            "missing: 'em' is for mixtures of normal components that are estimated, not Bayesian "
            "ones; leave rows in which a value is missing (NaN) out with missing='drop'"
        )
    own = parameters.covariances.moment
    if moment is not own:
        return PatternForm(parameters, moment)
    if own is PRODUCTS:
        return compiled_form(parameters, n_rows)(parameters, moment)
    return AxesForm(parameters, moment)
