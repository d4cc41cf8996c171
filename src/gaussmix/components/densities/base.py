"""The contract of a density of components."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import gammainccinv, log_ndtr, ndtr, ndtri

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._typing import AnyArray, Array
    from ...numerics.groups import Groups
    from ..statistics import SufficientStatistics

__all__ = ["Density"]

LOG_2PI = float(np.log(2.0 * np.pi))


class Density(ABC):
    """What components are besides their means and covariances: how density falls with distance.

    It stands between the two products of an E-step: a form gives it what it knows of each
    component and row, the posterior makes responsibilities of what it returns.  One object
    holds what J components have of their own, such as degrees of freedom.
    """

    #: Name used in files, on the command line and in messages.
    name: ClassVar[str] = ""
    #: Whether forms give -distance / 2 alone, of squared Mahalanobis distances.  Else they
    #: give the logs of weight times normal density.
    needs_distances: ClassVar[bool] = False
    #: Whether `log_joint` changes nothing.  Only then may a form leave out what all components
    #: share, or what is negligible.
    plain: ClassVar[bool] = False
    #: Whether `log_joint` returns what responsibilities are multiplied by.
    weighs: ClassVar[bool] = False
    #: Whether `log_joint` rises with what it is given, nowhere faster than at 0, and there by what
    #: it returns, as scale mixtures of normals do: what bounds of distances show to be negligible
    #: is so then.
    falls: ClassVar[bool] = False
    #: Whether compiled loops know it: a scale mixture of normals with `terms` as theirs.
    in_loops: ClassVar[bool] = False

    @property
    def rule(self) -> str:
        """What is fitted of it, in words: those of two fits of the same model are equal."""
        return self.name

    @property
    def choice(self) -> str:
        """What tells it from others in tables, in a word or two; nothing if it is normal."""
        return self.name

    @property
    def n_sums(self) -> int:
        """Numbers a component that `sums` adds up: positive ones, if a row is not at its mean."""
        return 0

    # -- between the products of an E-step ------------------------------------------

    def terms(self, log_scales: Array, n_features: int) -> Array:
        """Return numbers of each component (J, m) that `log_joint` and `sums` go by.

        Parameters
        ----------
        log_scales : ndarray (J, 1)
            Logs of weight over the square root of the covariance's determinant: what a
            density of distances has as a factor.
        n_features : int
            Of the rows, as they are seen.
        """
        return log_scales

    @abstractmethod
    def log_joint(self, joint: Array, terms: Array) -> Array | None:
        """Turn what a form gives, shape (J, B), into log-joint densities, in place.

        Each component and row is turned by itself: components may be of several mixtures.

        Parameters
        ----------
        joint : ndarray (J, B)
        terms : ndarray (J, m)
            As `terms` returns them.

        Returns
        -------
        ndarray (J, B) or None
            What each responsibility is multiplied by in the sums of means and scatters;
            None unless it `weighs`.
        """

    def sums(self, responsibilities: Array, scale: Array, terms: Array) -> Array:
        """Return what is to be added up (J, n_sums) of weighted responsibilities (J, B)."""
        raise NotImplementedError

    # -- of parameters ---------------------------------------------------------------

    @abstractmethod
    def update(self, statistics: SufficientStatistics) -> Self:
        """Return the density that these statistics lead to: the M-step of what is its own.

        Statistics without a tally, as of rows that are divided among components, change nothing.

        Law: the expected complete log-likelihood never falls.
        """

    @abstractmethod
    def take(self, components: slice | AnyArray) -> Self:
        """Return the density of some of the components."""

    @abstractmethod
    def joined(self, several: Sequence[Self]) -> Self:
        """Return the density of the components of several, one after the other."""

    def begun(self, given: Density, n_components: int) -> Density:
        """Return where a fit of this density begins, from a start of another or the same."""
        return self

    def diverse(self, groups: Groups) -> Self:
        """Return where several starts of a race begin, each a group: at different places."""
        return self

    def n_parameters(self, n_components: int) -> int:
        """Return the number of free parameters that components have of their own."""
        return 0

    def described(self, component: int) -> str:
        """Return what a component has of its own, in words; nothing if it has nothing."""
        return ""

    def notices(self) -> list[str]:
        """Return what is worth a thought of a fit's density, a sentence each."""
        return []

    def equals(self, other: Density, n_components: int, rtol: float = 0.0) -> bool:
        """Whether both are the same density of so many components, to a tolerance."""
        mine, theirs = (own.numbers(n_components) for own in (self, other))
        return type(self) is type(other) and bool(np.allclose(mine, theirs, rtol=rtol, atol=0.0))

    def numbers(self, n_components: int) -> Array:
        """Return what components have of their own (K, m)."""
        return np.empty((n_components, 0))

    def free(self, n_components: int) -> Array:
        """Return directions (K * m, p) in which the logs of `numbers` are free in a fit.

        Those that are estimated, and held at the end of what they may be, are not.
        """
        return np.empty((self.numbers(n_components).size, 0))

    def scores(self, scale: Array, n_features: int) -> Array:
        """Return derivatives (K, m, B) of log-densities of rows by the logs of `numbers`.

        `scale` (K, B) is what `log_joint` returns of so many features.
        """
        return np.empty((len(scale), 0, scale.shape[1]))

    # -- of rows ---------------------------------------------------------------------

    def inflation(self, n_components: int) -> Array:
        """Return covariances over scales, of each component (K,); NaN where undefined."""
        return np.ones(n_components)

    def log_density(self, values: Array) -> Array:
        """Return log-densities of one feature, of values (..., K) in scales from the middle."""
        return np.asarray(-0.5 * (LOG_2PI + values * values))

    def slope(self, values: Array) -> Array:
        """Return the derivatives of `log_density`."""
        return -values

    def below(self, values: Array) -> Array:
        """Return P(feature <= value) of such values."""
        return np.asarray(ndtr(values))

    def log_below(self, values: Array) -> Array:
        """Return the logs of that, which do not underflow."""
        return np.asarray(log_ndtr(values))

    def quantiles(self, shares: Array) -> Array:
        """Return such values of shares (..., 1) or (..., K)."""
        return np.asarray(ndtri(shares))

    def squared_radii(self, outside: Array, n_features: int) -> Array:
        """Return squared distances (..., K) beyond which are such shares (..., 1) of rows."""
        return np.asarray(2.0 * gammainccinv(0.5 * n_features, outside))

    def entropies(self, n_features: int) -> Array:
        """Return differential entropies (K,), or one for all, of components whose scale is 1."""
        return np.array([0.5 * n_features * (LOG_2PI + 1.0)])

    def mixing(self, component: int) -> tuple[Array, Array]:
        """Return what distances of a normal density are multiplied by (m,), and shares (m,) of it.

        A sum over them is the density's distribution function to rounding.
        """
        return np.ones(1), np.ones(1)

    def stretches(self, component: int, n_samples: int, rng: np.random.Generator) -> Array | None:
        """Draw what normal rows of a component are multiplied by (n,); None for 1."""
        return None

    def stretches_given(
        self, component: int, scale: Array, n_given: AnyArray, rng: np.random.Generator
    ) -> Array:
        """Draw them given some features of each row (n,), so many of them.

        `scale` (n,) is what `log_joint` returns of those features.
        """
        return np.ones(len(scale))

    def conditional(self, distances: Array, n_given: int) -> tuple[Density, Array]:
        """Return the density of other features given some, and what it multiplies scales by.

        `distances` (K,) or (K, n) are squared Mahalanobis distances of what is given, and so are
        the factors shaped.
        """
        return self, np.ones(distances.shape)

    # -- files -------------------------------------------------------------------------

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of it, by name."""
        raise TypeError(f"no place in a file for {type(self).__name__}")

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the density of such fields; an error says why there is none."""
        raise TypeError(f"no place in a file for {cls.__name__}")
