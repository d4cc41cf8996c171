"""Which form of the E-step measured rows take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...components.moments import PRODUCTS
from ...exceptions import ParameterError
from ..compiled import CompiledForm, natural_form
from .axes import AxesForm
from .compiled import CompiledTilesForm
from .tiles import TilesForm

if TYPE_CHECKING:
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.measurement import Measurement
    from .base import MeasuredForm

__all__ = ["OF_NORMAL_ALONE", "choose_measured_form"]

_TIMES = 24
OF_NORMAL_ALONE = (
    "Xerr: measurement errors are for normal components: with a normal error Student's t is no t "
    "any more. Fit a GaussianMixture with Xerr, and noise= for rows that are far from all others"
)


def choose_measured_form(
    parameters: Parameters, measurement: Measurement, moment: Moment, n_rows: int | None = 0
) -> MeasuredForm:
    """Return a form for rows with measurement errors under the parameters of one mixture.

    Parameters
    ----------
    parameters : Parameters
    measurement : Measurement
    moment : Moment
        The second moment wanted in the statistics.
    n_rows : int or None
        Rows of a pass, None if unknown: loops are compiled only for many.
    """
    if not parameters.density.plain:
        raise ParameterError(OF_NORMAL_ALONE)
    if measurement.projects and parameters.box is not None:
        raise ParameterError(
            "noise: a uniform background is one of values as they are measured, and projections "
            "differ by row; leave noise or projection out"
        )
    own = parameters.covariances.moment
    if measurement.along_axes and own is moment and own is not PRODUCTS:
        return AxesForm(parameters, measurement, moment)
    # A density costs many times what one of a row without error does.
    n_joint = _TIMES * measurement.n_values * len(parameters.weights)
    much = natural_form(n_joint, n_rows) is CompiledForm
    return (CompiledTilesForm if much else TilesForm)(parameters, measurement, moment)
