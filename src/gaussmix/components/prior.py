"""The conjugate prior that keeps covariances from collapsing."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
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
from .moments import PRODUCTS

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .covariances import Covariances
    from .families import Family
    from .statistics import SufficientStatistics

__all__ = ["ConjugatePrior", "PriorTerms", "drawn_to", "get_prior"]

# Of a sum of weights, and of the entries of a matrix.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ConjugatePrior:
    """Normal inverse-Wishart prior on each component; defaults are mclust's.

    Parameters
    ----------
    shrinkage : float, default 0.01
        Rows that the prior mean is worth.
    mean : array-like (d,), optional
        The data's mean.
    dof : float, optional
        Degrees of freedom; d + 2.  Below d - 1 it is no distribution, but may still have a
        mode: with `shrinkage` 0 and -(d + 1) a full covariance is (W + `scale`) / (n + 1).
    scale : float or array-like (d, d), optional
        The data's covariance divided by K^(2/d), or for spheres and families along
        the coordinate axes the average of its diagonal.

    References
    ----------
    Fraley & Raftery (2007), Bayesian regularization for normal mixture estimation
    and model-based clustering, J. Classification 24, section 3 and tables 1 and 2.

    Examples
    --------
    >>> from gaussmix import ConjugatePrior, GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> prior = ConjugatePrior(shrinkage=0)
    >>> model = GaussianMixture(3, prior=prior, random_state=0).fit(load_iris().data)
    >>> model.converged_
    True
    """

    shrinkage: float = 0.01
    mean: Any = None
    dof: float | None = None
    scale: Any = None

    def on(self, total: SufficientStatistics, family: Family, n_components: int) -> PriorTerms:
        """Return what the prior adds to the statistics of data whose `total` is known.

        Raises
        ------
        ParameterError
            If a parameter cannot be used, or the family has no such prior.
        """
        d = total.n_features
        shrinkage = check_number("prior: shrinkage", self.shrinkage, maximum=LARGEST)
        dof = d + 2.0
        if self.dof is not None:
            dof = check_number("prior: dof", self.dof, minimum=-LARGEST, maximum=LARGEST)
        mean = total.means[0] if self.mean is None else _numbers("mean", self.mean, LARGEST)
        if mean.shape != (d,):
            raise ParameterError(f"prior: mean: expected shape ({d},), got {mean.shape}")
        if (family.prior_counts(np.zeros(n_components), dof, d) < 0).any():
            raise ParameterError(
                f"prior: dof: {dof:g} would take rows away from components of {d} features of "
                f"the family {family.name}; give more, such as {d + 2}"
            )
        return PriorTerms(shrinkage, mean, dof, self._scale(total, family, n_components))

    def _scale(self, total: SufficientStatistics, family: Family, n_components: int) -> Array:
        d = total.n_features
        if self.scale is None:
            if total.total <= 1.0 + _ROUNDING:
                raise ParameterError(
                    f"prior: the sample weights sum to {total.total:.3g}, and a row of weight w "
                    "counts as w rows: multiply them by a constant, or give the prior's scale"
                )
            covariance = total.scatters[0] / (total.total - 1.0)
            if total.n_rows <= d:  # singular: only its diagonal is known
                own = total.moment.diagonal(covariance[None], d)[0]
                covariance = total.moment.of_diagonal(own)
            return family.prior_scale(covariance, d) * n_components ** (-2.0 / d)
        if isinstance(self.scale, numbers.Real):
            variance = check_number("prior: scale", self.scale)
            return family.prior_scale(total.moment.of_diagonal(np.full(d, variance)), d)
        scale = _numbers("scale", self.scale, LARGEST_SQUARE)
        if scale.shape == (d, d):
            _require_semidefinite(scale)
            full = total.moment is PRODUCTS
            held = scale if full else total.moment.of_diagonal(np.diagonal(scale))
            return family.prior_scale(held, d)
        if scale.shape != total.scatters[0].shape or (scale < 0).any():
            raise ParameterError(
                f"prior: scale: expected a number or shape {(d, d)}, none of it negative, "
                f"got shape {scale.shape}"
            )
        return scale


def _numbers(name: str, value: Any, largest: float) -> AnyArray:
    array = as_numbers(f"prior: {name}", value)
    require_moderate(f"prior: {name}", array, largest)
    return array


def _require_semidefinite(scale: AnyArray) -> None:
    size = np.abs(scale).max()
    if not np.allclose(scale, scale.T, rtol=0, atol=_ROUNDING * size):
        raise ParameterError("prior: scale: is not symmetric")
    smallest = np.linalg.eigvalsh(scale)[0]
    if smallest < -_ROUNDING * size:
        raise ParameterError(
            f"prior: scale: is not positive definite (smallest eigenvalue {smallest:.3g})"
        )


@dataclass(frozen=True, eq=False)
class PriorTerms:
    """A prior made ready for a family: pseudo-rows that are added to the statistics.

    Attributes
    ----------
    shrinkage : float
    mean : ndarray (d,)
    dof : float
    scale : ndarray
        A scatter of the family's moment.
    """

    shrinkage: float
    mean: Array
    dof: float
    scale: Array

    def add_to(self, statistics: SufficientStatistics, family: Family) -> SufficientStatistics:
        """Return statistics whose maximum-likelihood estimates are the posterior mode.

        Those of several mixtures get the same prior each.
        """
        drawn, d = drawn_to(statistics, self.mean, self.shrinkage), statistics.n_features
        parts = statistics.groups.parts(statistics.counts)
        each = [family.prior_counts(own, self.dof, d) for own in parts]
        return drawn.changed(counts=np.concatenate(each), scatters=drawn.scatters + self.scale)

    def log_density(self, means: Array, covariances: Covariances, family: Family) -> float:
        """Return the log prior density, up to a constant: EM climbs its sum with the likelihood."""
        offsets = means - self.mean
        extra = family.prior_counts(np.zeros(len(offsets)), self.dof, offsets.shape[1])
        pull = self.shrinkage * float((offsets * covariances.precision_times(offsets)).sum())
        spread = float((covariances.precisions * self.scale).sum())
        return -0.5 * (float(extra @ covariances.log_det()) + pull + spread)


def drawn_to(statistics: SufficientStatistics, mean: Array, worth: float) -> SufficientStatistics:
    """Return statistics as if each component's mean were known from `worth` rows at `mean`.

    Means are those of both, and scatters about them; counts stay.
    """
    mass = statistics.mass
    pull = (worth * mass / (worth + mass))[:, None]
    between = statistics.moment.outer(np.sqrt(pull) * (statistics.means - mean))
    if statistics.pooled:
        between = statistics.groups.sum(between)
    means = mass[:, None] * statistics.means + worth * mean
    return statistics.changed(
        means=means / (mass + worth)[:, None], scatters=statistics.scatters + between
    )


def get_prior(given: Any) -> ConjugatePrior | None:
    """Return the prior for None, "conjugate" or a ConjugatePrior; raise ParameterError if none."""
    if given is None or isinstance(given, ConjugatePrior):
        return given
    if isinstance(given, str) and given == "conjugate":
        return ConjugatePrior()
    raise ParameterError(
        f"prior: expected None, 'conjugate' or a ConjugatePrior, got {shown(given)}"
    )
