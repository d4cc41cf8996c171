"""The contract of a covariance family."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ...exceptions import ParameterError
from ..statistics import SufficientStatistics

if TYPE_CHECKING:
    from ..._typing import Array
    from ..covariances import Covariances

__all__ = ["Family"]

# Covariances are of a family if it would change them by no more than this share.
_SAME = 1e-6


class Family(ABC):
    """How K covariances are estimated from sufficient statistics.

    A family says how its covariances are held (`held`, `shared`); from that
    follow the statistics it is given: scatters of ``held.moment``, per component,
    or pooled when `shared`.
    """

    #: mclust's name, such as "VVV".
    name: ClassVar[str]
    #: scikit-learn's name for the same family, if it has one.
    synonym: ClassVar[str | None] = None
    #: One line for people choosing a family.
    summary: ClassVar[str]
    #: How the covariances are held.
    held: ClassVar[type[Covariances]]
    #: Whether all components share one covariance.
    shared: ClassVar[bool] = False
    #: Whether covariances can be raised one by one and still belong to the family.
    free: ClassVar[bool] = True
    #: Whether components have volumes of their own.
    volumes_vary: ClassVar[bool] = True
    #: Whether it is for data of one feature only.
    univariate: ClassVar[bool] = False
    #: Whether the variance in any direction is estimated from the rows' extent in that direction
    #: alone: any coordinates then serve, and directions that no row has may be left out.
    coordinate_free: ClassVar[bool] = False
    #: Whether the estimate is the same, whatever the unit of each feature.
    unit_free: ClassVar[bool] = False
    #: Whether `estimate` takes the statistics of several mixtures, and estimates each by itself.
    grouped: ClassVar[bool] = False

    #: Whether estimates are the scatters, each over its count: what `held.of_scatters` makes of
    #: those.  Compiled loops then divide for themselves.
    direct: ClassVar[bool] = False

    @abstractmethod
    def estimate(
        self, statistics: SufficientStatistics, previous: Covariances | None = None
    ) -> Covariances:
        """Return the maximum-likelihood covariances for these statistics.

        Laws: the expected complete log-likelihood never falls; scaling all counts
        and scatters by one factor changes nothing.  Families that iterate inside
        start from `previous`.  Every count is positive.

        If the family is `grouped` the statistics may be of several mixtures: components
        belong together as ``statistics.groups`` says, and so do those of `previous`.
        """

    @abstractmethod
    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free covariance parameters."""

    def prior_counts(self, counts: Array, dof: float, n_features: int) -> Array:
        """Return the counts (K,) that a conjugate prior turns counts (K,) into.

        They make `estimate` the posterior mode (Fraley & Raftery 2007, tables 1 and 2;
        as mclust where the paper is silent).
        """
        raise ParameterError(
            f"prior: there is no conjugate prior for the family {self.name}; choose another "
            "covariance_type, such as 'VVV' or 'EEE', or prior=None"
        )

    def prior_scale(self, covariance: Array, n_features: int) -> Array:
        """Return the prior's scatter for the data's covariance, held as this family's moment."""
        return covariance

    def require_features(self, n_features: int) -> None:
        """Raise ParameterError if the family is not for data of so many features."""
        if self.univariate and n_features != 1:
            raise ParameterError(
                f"covariance_type: {self.name!r} is for data of one feature, X has {n_features}; "
                f"choose {self.name}II or another family of three letters"
            )

    def gathered(self, statistics: SufficientStatistics) -> SufficientStatistics:
        """Return statistics as `estimate` takes them: of this moment, pooled if `shared`."""
        held = statistics.held_as(self.held.moment)
        return held.pool() if self.shared else held

    def taken(self, covariances: Covariances, weights: Array) -> Covariances:
        """Return the family's covariances that are closest to any K of them.

        Those of the family are returned as they are.  Closest by the divergence of Kullback &
        Leibler: what the family would estimate from rows of components of these weights (K,).
        """
        own = covariances
        if type(own) is not self.held or own.shared != self.shared:
            values = self.held.values_of(own)
            if self.shared:
                values = np.tensordot(weights / weights.sum(), values, 1)[None]
            own = self.hold(values, own.n_components, own.n_features)
        if self.free:
            return own
        scatters = own.moment.expand(weights) * own.as_scatters()
        means = np.zeros((own.n_components, own.n_features))
        rows = SufficientStatistics(weights, means, scatters, own.moment)
        try:
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                found = self.estimate(rows, own)
        except np.linalg.LinAlgError:
            return own
        usable = np.isfinite(found.values).all()
        is_member = np.allclose(found.values, own.values, rtol=_SAME, atol=0.0)
        return found if usable and not is_member else own

    def held_as(self, held: type[Covariances]) -> Self:
        """Return the family with its covariances held in another structure of its moment."""
        other = copy(self)
        other.held = held  # type: ignore[misc]
        return other

    def hold(self, values: Array, n_components: int, n_features: int) -> Covariances:
        """Wrap values ``(K, *shape)``, or ``(1, *shape)`` when shared, in this family's structure.

        Of several mixtures that each share one, these count as so many covariances.
        """
        if self.shared and len(values) > 1:
            return self.held(values, len(values), n_features)
        return self.held(values, n_components, n_features, self.shared)

    def __repr__(self) -> str:
        return self.name if self.synonym is None else f"{self.name} ({self.synonym})"
