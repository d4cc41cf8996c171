"""The contract of a density of components."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._typing import AnyArray, Array
    from ..statistics import SufficientStatistics

__all__ = ["Density"]


class Density(ABC):
    """What components are besides their means and covariances: how density falls with distance.

    It stands between the two products of an E-step: a form gives it what it knows of each
    component and row, the posterior makes responsibilities of what it returns.  One object
    holds what J components have of their own, such as degrees of freedom.
    """

    #: Whether forms give -distance / 2 alone, of squared Mahalanobis distances.  Else they
    #: give the logs of weight times normal density.
    needs_distances: ClassVar[bool] = False
    #: Whether `log_joint` changes nothing.  Only then may a form leave out what all components
    #: share, or what is negligible.
    plain: ClassVar[bool] = False
    #: Whether `log_joint` returns what responsibilities are multiplied by.
    weighs: ClassVar[bool] = False
    #: Numbers a component that `sums` adds up.
    n_sums: ClassVar[int] = 0

    @abstractmethod
    def log_joint(self, joint: Array, log_scales: Array) -> Array | None:
        """Turn what a form gives, shape (J, B), into log-joint densities, in place.

        Each component and row is turned by itself: components may be of several mixtures.

        Parameters
        ----------
        joint : ndarray (J, B)
        log_scales : ndarray (J, 1)
            Logs of weight over the square root of the covariance's determinant: what a
            density of distances has as a factor.

        Returns
        -------
        ndarray (J, B) or None
            What each responsibility is multiplied by in the sums of means and scatters;
            None unless it `weighs`.
        """

    def sums(self, responsibilities: Array, scale: Array) -> Array:
        """Return what is to be added up (J, n_sums) of weighted responsibilities (J, B)."""
        raise NotImplementedError

    @abstractmethod
    def update(self, statistics: SufficientStatistics) -> Self:
        """Return the density that these statistics lead to: the M-step of what is its own.

        Law: the expected complete log-likelihood never falls.
        """

    @abstractmethod
    def take(self, components: slice | AnyArray) -> Self:
        """Return the density of some of the components."""

    @abstractmethod
    def joined(self, several: Sequence[Self]) -> Self:
        """Return the density of the components of several, one after the other."""
