"""Priors of weights, means and precisions as users give them, made ready for data."""

from __future__ import annotations

import numbers
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import (
    LARGEST,
    LARGEST_SQUARE,
    as_numbers,
    check_number,
    require_moderate,
    shown,
)
from .normal_wishart import NormalWishart
from .weights.process import DirichletProcess

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .covariances import Covariances
    from .families import Family
    from .statistics import SufficientStatistics
    from .weights import WeightPrior

__all__ = ["VariationalPrior", "check_positive"]

# Of a sum of weights.
_ROUNDING = 1e-9
_SMALLEST = 1e-100


def check_positive(name: str, value: object, maximum: float = LARGEST) -> float:
    """Return `value` as a float above 0, or raise ParameterError."""
    number = check_number(name, value, maximum=maximum)
    if number < _SMALLEST:
        raise ParameterError(f"{name}: expected a number above 0, got {shown(value)}")
    return number


@dataclass(frozen=True, eq=False)
class VariationalPrior:
    """Priors of a Bayesian mixture; None is scikit-learn's default.

    Attributes
    ----------
    weights : WeightPrior
    mean_precision : float or None
        1.
    mean : array-like (d,) or None
        The data's.
    dof : float or None
        d.
    covariance : array-like or None
        The data's, with n - 1.  Shaped as the covariance of one component.
    """

    weights: WeightPrior = field(default_factory=DirichletProcess)
    mean_precision: float | None = None
    mean: Any = None
    dof: float | None = None
    covariance: Any = None

    def on(self, total: SufficientStatistics, family: Family, floor: Array) -> NormalWishart:
        """Return the prior of means and precisions for data whose `total` is known.

        The scale is held above diag(floor) (d,).

        Raises
        ------
        ParameterError
            If a parameter cannot be used.
        """
        d = total.n_features
        kappa = 1.0 if self.mean_precision is None else self.mean_precision
        mean = total.means[0] if self.mean is None else _numbers("mean_prior", self.mean, LARGEST)
        if mean.shape != (d,):
            raise ParameterError(f"mean_prior: expected shape {(d,)}, got {mean.shape}")
        dof = float(d) if self.dof is None else self.dof
        if not dof > d - 1:
            raise ParameterError(
                f"The parameter 'degrees_of_freedom_prior' should be greater than {d - 1}, but got "
                f"{dof:.3f}. Leave it out for {d}, the number of features"
            )
        if self.covariance is None:
            scale = _of_data(total, family)
        else:
            scale = _given(self.covariance, family, d)
        with np.errstate(divide="ignore", invalid="ignore"), suppress(np.linalg.LinAlgError):
            scale = scale.floored(floor)[0]  # constant columns are refused by name later
        return NormalWishart(family, mean, kappa, dof, scale)


def _of_data(total: SufficientStatistics, family: Family) -> Covariances:
    """Return the data's covariance; of few rows its diagonal, since the whole is singular."""
    if total.total <= 1.0 + _ROUNDING:
        raise ParameterError(
            f"covariance_prior: the sample weights sum to {total.total:.3g}, and a row of weight "
            "w counts as w rows: multiply them by a constant, or give covariance_prior"
        )
    scatters, d = total.scatters / (total.total - 1.0), total.n_features
    if total.n_rows <= d:
        scatters = total.moment.of_diagonals(total.moment.diagonal(scatters, d))
    return family.held.of_scatters(scatters, d)


def _given(covariance: Any, family: Family, n_features: int) -> Covariances:
    found = np.asarray(_numbers("covariance_prior", covariance, LARGEST_SQUARE))
    shape = family.held.value_shape(n_features)
    if found.shape != shape:
        what = "a number" if shape == () else f"shape {shape}"
        raise ParameterError(
            f"covariance_prior: expected {what} for the family {family.name} of {n_features} "
            f"features, got {'a number' if found.shape == () else f'shape {found.shape}'}"
        )
    held = family.held(found[None], 1, n_features, shared=True)
    held.require_positive_definite("covariance_prior")
    return held


def _numbers(name: str, value: Any, largest: float) -> AnyArray:
    if isinstance(value, numbers.Real):
        value = np.float64(value)
    array = np.asarray(as_numbers(name, value))
    require_moderate(name, array, largest)
    return array
