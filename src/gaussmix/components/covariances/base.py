"""The contract of covariances: K matrices held by one object.

A structure (spherical, diagonal, full) is one leaf class.  Nothing outside this
folder asks which structure it has: it calls these verbs.

``values`` keeps the component axis first.  When all components share one
covariance its length is 1 and every verb broadcasts it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ...exceptions import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._typing import AnyArray, Array
    from ..moments import Moment

__all__ = ["LEAST_LEFT", "LOG_2PI", "Covariances", "Removal"]

LOG_2PI = float(np.log(2.0 * np.pi))
#: Of a scatter, the share that is left at least when a row leaves it.
LEAST_LEFT = 1e-12


@dataclass(frozen=True, eq=False)
class Removal:
    """How much each row, taken by itself, takes with it when it leaves a component.

    Attributes
    ----------
    masses : ndarray (B,)
        Of the rows in the component; less than `count`.
    count : float
        Of all rows in it: what its mean is of.
    pool : float
        What its covariance is of: `count`, or more where components share theirs.
    """

    masses: Array
    count: float
    pool: float

    @property
    def pull(self) -> Array:
        """How much further each row is from the mean without it, as a factor (B,)."""
        return self.count / (self.count - self.masses)

    @property
    def scatter(self) -> Array:
        """The share of each row's square that leaves the scatter with it (B,)."""
        return self.masses * self.pull

    @property
    def left(self) -> Array:
        """What is left behind the covariance (B,)."""
        return self.pool - self.masses


@dataclass(frozen=True, eq=False)
class Covariances(ABC):
    """K covariance matrices of one structure.

    Parameters
    ----------
    values : ndarray ``(K, *shape)``, or ``(1, *shape)`` when shared
        The free numbers: variances or matrices.
    n_components, n_features : int
    shared : bool
        Whether all components have one covariance.
    """

    values: Array
    n_components: int
    n_features: int
    shared: bool = False

    def __post_init__(self) -> None:
        values = self.values.view()
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    #: Name used in files and messages.
    name: ClassVar[str]
    #: The second moment that an E-step and an M-step need for this structure.
    moment: ClassVar[Moment]

    # -- building -----------------------------------------------------------

    @classmethod
    def from_array(cls, array: Array, n_components: int, n_features: int, *, shared: bool) -> Self:
        """Build from user input; raise ParameterError if the shape or a matrix is wrong.

        `array` has shape ``(K, *shape)``, or ``shape`` when shared.
        """
        array = np.array(array, dtype=np.float64)
        shape = cls.value_shape(n_features)
        expected = shape if shared else (n_components, *shape)
        if array.shape != expected:
            raise ParameterError(
                f"covariances: expected shape {expected} for {n_components} components and "
                f"{n_features} features ({cls.name}), got {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ParameterError("covariances: contains NaN or infinity")
        self = cls(array[None] if shared else array, n_components, n_features, shared)
        self.require_positive_definite("covariances")
        return self

    @classmethod
    @abstractmethod
    def value_shape(cls, n_features: int) -> tuple[int, ...]:
        """Shape of one component's values."""

    @abstractmethod
    def require_positive_definite(self, argument: str) -> None:
        """Raise ParameterError naming `argument` and the first offending component."""

    @classmethod
    @abstractmethod
    def values_of(cls, other: Covariances) -> Array:
        """Return values ``(K, *shape)`` nearest to covariances of any structure."""

    @classmethod
    def of_scatters(cls, scatters: Array, n_features: int) -> Self:
        """Return the covariances that scatters of this moment ``(K, *shape)`` of a row each have.

        One of a single scatter is shared by as many components as there are.
        """
        return cls(scatters, len(scatters), n_features, len(scatters) == 1)

    def times(self, factor: float | Array) -> Self:
        """Return these covariances, multiplied by one number, or by one each (K,)."""
        factors = np.atleast_1d(np.asarray(factor, dtype=np.float64))
        values = self.values if len(factors) == 1 else self.spread(self.values)
        shared = self.shared and len(factors) == 1
        return type(self)(
            self.moment.expand(factors) * values, self.n_components, self.n_features, shared
        )

    def inverted(self) -> Self:
        """Return covariances whose values are these precisions (and the reverse)."""
        return self._with(self.precisions)

    # -- looking ------------------------------------------------------------

    @property
    def n_directions(self) -> int:
        """Dimensions of the space that densities are of: more than features, if one is several."""
        return self.n_features

    @property
    def array(self) -> Array:
        """The values as scikit-learn shapes them: the leading axis is dropped when shared."""
        return self.shaped(self.values)

    def shaped(self, array: Array) -> Array:
        """Return an array shaped like ``values`` as scikit-learn shapes it."""
        return array[0] if self.shared else array

    @property
    @abstractmethod
    def precisions(self) -> Array:
        """Inverse covariances, shaped like ``values``."""

    @property
    @abstractmethod
    def precision_factors(self) -> Array:
        """Factors whose square is the precision, as scikit-learn's ``precisions_cholesky_``.

        Shaped like ``values``; upper triangular U with U U' = P for matrices.
        """

    @abstractmethod
    def log_det(self) -> Array:
        """Log-determinants, shape (K,)."""

    @abstractmethod
    def variances(self) -> Array:
        """The diagonals, shape (K, d)."""

    @abstractmethod
    def to_dense(self) -> Array:
        """The matrices, shape (K, d, d)."""

    def as_scatters(self) -> Array:
        """Scatters of this moment, shaped ``(K or 1, *shape)``, that a count of 1 would have."""
        return self.values

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of them, by name."""
        return {"structure": self.name, "shared": self.shared, "values": self.array}

    # -- densities ----------------------------------------------------------

    @abstractmethod
    def whiten(self, k: int, centred: Array) -> Array:
        """Return rows (B, d), centred on component k, with identity covariance.

        Law: squared norms of the result are squared Mahalanobis distances, and
        ``unwhiten(k, whiten(k, z)) == z``.
        """

    @abstractmethod
    def unwhiten(self, k: int, rows: Array) -> Array:
        """Give rows (B, d) of unit covariance the covariance of component k."""

    def mahalanobis(self, k: int, centred: Array) -> Array:
        """Return squared Mahalanobis distances (B,) of rows centred on component k."""
        white = self.whiten(k, centred)
        return np.einsum("ij,ij->i", white, white)

    @abstractmethod
    def left_out(self, k: int, centred: Array, removal: Removal) -> tuple[Array, Array]:
        """Return how rows (B, d), centred on component k, would fare had they not been counted.

        Returns
        -------
        distances : ndarray (B,)
            Squared Mahalanobis distance of each from the component without it.
        log_det : ndarray (B,)
            Of the covariance without it.
        """

    @abstractmethod
    def precision_times(self, vectors: Array) -> Array:
        """Return P_k v_k for ``vectors`` (K, d)."""

    def log_norm(self) -> Array:
        """Log of the density at the mean, shape (K,)."""
        return -0.5 * (self.n_directions * LOG_2PI + self.log_det())

    def natural(self, means: Array, moment: Moment) -> tuple[Array, Array, Array]:
        """Return the coefficients of -(x - m_k)' P_k (x - m_k) / 2 in the features of x.

        Parameters
        ----------
        means : ndarray (K, d)
        moment : Moment
            The features: at least those of this structure, or none: what shared
            covariances have in common is then left out.

        Returns
        -------
        constant : ndarray (K,)
        linear : ndarray (K, d)
        quadratic : ndarray (K, n_terms)
        """
        linear = self.precision_times(means)
        constant = -0.5 * np.einsum("ki,ki->k", means, linear)
        return constant, linear, self._quadratic(moment)

    def _quadratic(self, moment: Moment) -> Array:
        if moment.n_terms(self.n_features) == 0:
            return np.empty((self.n_components, 0))
        if moment is self.moment:
            return self.spread(moment.coefficients(self.precisions))
        return moment.coefficients(moment.of_diagonals(1.0 / self.variances()))

    def magnitude(self, extent: Array) -> float:
        """Largest sum of absolute terms in x' P x over a box of half-widths (d,), or (K, d).

        Times the machine epsilon it bounds the rounding error of the natural form.
        """
        return float(self.magnitudes(extent).max())

    def magnitudes(self, extent: Array) -> Array:
        """Return the same for each component (len(values),); `extent` may be of each, (K, d)."""
        each = extent if extent.ndim == 2 else extent[None]
        bounds = np.abs(self.precisions) * self.moment.outer(each)
        return bounds.reshape(len(bounds), -1).sum(axis=1)

    # -- changing -----------------------------------------------------------

    @abstractmethod
    def floored(self, floor: Array) -> tuple[Self, AnyArray]:
        """Hold covariances above diag(floor) in the order of matrices.

        `floor` (d,) are the smallest variances allowed.  Returns the covariances
        and a mask (len(values),) of those that were changed.  This is the exact
        maximiser of the M-step's objective under that constraint.
        """

    def are_best(self, floor: Array) -> bool:
        """Whether they are known to be that maximiser in spite of rounding."""
        return False

    @classmethod
    def are_wide(cls, several: Sequence[Self], floor: Array) -> list[bool]:
        """Say of which it is known, for less than `floored` costs, that nothing is held."""
        return [False] * len(several)

    def take(self, order: AnyArray) -> Self:
        """Return the components in another order (or a subset)."""
        n_components = len(order)
        values = self.values if self.shared else self.values[order]
        return type(self)(values, n_components, self.n_features, self.shared)

    def apart(self) -> Self:
        """Return them as those of as many components as there are covariances."""
        if self.n_components == len(self.values):
            return self
        other = copy(self)  # with all that is known of the values
        other.__dict__.update(n_components=len(self.values), shared=False)
        return other

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        """Return the covariances of several, one for each component, one after the other."""
        values = np.concatenate([own.spread(own.values) for own in several])
        return cls(values, len(values), several[0].n_features)

    @abstractmethod
    def marginal(self, columns: AnyArray) -> Self:
        """Covariances of some features only."""

    @abstractmethod
    def conditional(self, kept: AnyArray, given: AnyArray) -> tuple[Array, Covariances]:
        """Return gains (K, n_kept, n_given) and the covariances of `kept` given `given`.

        The conditional mean is mean_kept + gain (x_given - mean_given).
        """

    # -- shared by the leaves -------------------------------------------------

    def at(self, array: Array, k: int) -> Array:
        """Component k's part of an array shaped like ``values``."""
        return array[0 if self.shared else k]

    def spread(self, array: Array) -> Array:
        """Repeat an array (len(values), ...) to (K, ...)."""
        return array.repeat(self.n_components, axis=0) if self.shared else array

    def _with(self, values: Array) -> Self:
        return type(self)(values, self.n_components, self.n_features, self.shared)

    def _label(self, position: int) -> str:
        return "the shared covariance" if self.shared else f"component {position}"
