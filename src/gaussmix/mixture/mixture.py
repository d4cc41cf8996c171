"""A mixture as an immutable value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.densities import NORMAL
from ..components.parameters import Parameters
from ..exceptions import ParameterError
from ..numerics.arguments import as_generator, check_integer
from ..numerics.encoding import stored
from .comparing import are_close, are_equal, closest_order
from .described import Described
from .evaluated import Evaluated
from .features import SomeFeatures
from .files import InFiles
from .parts import (
    checked_covariances,
    checked_density,
    checked_names,
    checked_order,
    checked_parameters,
    given_scales,
    with_density,
)
from .sampling import draw
from .whole import WholeDensity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.densities import Density
    from ..components.families import Family
    from ..components.noise import Noise

__all__ = ["Mixture"]

# Weights that agree to so many digits are equal but for rounding.
_WEIGHT_DIGITS = 9


@stored("mixture")
@dataclass(frozen=True, eq=False, init=False, repr=False)
class Mixture(Evaluated, InFiles, Described, WholeDensity, SomeFeatures):
    """Weights, means and covariances of K components in d dimensions.

    Gaussian ones, or of another density.  Knows nothing of fitting: build one by hand, or
    take ``mixture_`` of a fitted `GaussianMixture` or `StudentMixture`.

    Parameters
    ----------
    weights : array-like (K,)
        Mixing weights, summing to 1; a component of weight 0 might as well not be there.
    means : array-like (K, d)
        (K,) is accepted for one dimension.
    covariances : array-like or Covariances
        (K, d, d) matrices, (K, d) variances along the axes, or (K,) variances of
        spheres; what `covariance_type` says; or an object of `gaussmix.covariances`.
        Of another density they are its scales.
    feature_names : sequence of str, optional
    noise : Noise, optional
        A uniform background; its weight and those of the components sum to 1.
    covariance_type : str or Family, optional
        The family, as of `GaussianMixture`, whose ``covariances_`` have this shape: "tied"
        is one matrix (d, d) for all.  Needed where the shape might mean either (K = d).
    density : Density, optional
        Of components: normal, or `StudentT`.
    scales : Covariances, optional
        In the place of `covariances`, and the name of the attribute: S of Student's t.

    Raises
    ------
    ParameterError
        If shapes disagree, weights are not a distribution, or a covariance is
        not positive definite.

    Examples
    --------
    >>> from gaussmix import Mixture
    >>> mixture = Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0])
    >>> mixture.pdf([0.0, 2.0]).round(4).tolist()
    [0.0924, 0.2992]
    >>> mixture.predict([-3.0, 3.0]).tolist()
    [0, 1]
    """

    weights: Array
    means: Array
    scales: Covariances
    feature_names: tuple[str, ...] | None = None
    noise: Noise | None = None
    density: Density = NORMAL

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike | Covariances | None = None,
        feature_names: Sequence[str] | None = None,
        noise: Noise | None = None,
        *,
        covariance_type: str | Family | None = None,
        density: Density = NORMAL,
        scales: Covariances | None = None,
    ) -> None:
        weights, means = checked_parameters(weights, means, noise)
        names = checked_names(feature_names, means.shape[1])
        given = given_scales(covariances, scales)
        held = checked_covariances(given, covariance_type, *means.shape)
        density = checked_density(density, len(weights))
        self._set(weights, means, held, names, noise, density)

    def _set(
        self,
        weights: Array,
        means: Array,
        scales: Covariances,
        feature_names: tuple[str, ...] | None,
        noise: Noise | None,
        density: Density,
    ) -> None:
        weights.flags.writeable = means.flags.writeable = False
        self.__dict__.update(
            weights=weights,
            means=means,
            scales=scales,
            feature_names=feature_names,
            noise=noise,
            density=density,
        )

    @classmethod
    def of_parameters(
        cls, parameters: Parameters, feature_names: tuple[str, ...] | None = None
    ) -> Mixture:
        """Wrap what an M-step made of one mixture, which needs no checks."""
        self, own = cls.__new__(cls), parameters
        noise = own.background(0)
        parts = own.weights.copy(), own.means.copy(), own.covariances
        self._set(*parts, feature_names, noise, own.density)
        return self

    @property
    def parameters(self) -> Parameters:
        """The parameters as the E-step takes them."""
        return Parameters.of_one(self.weights, self.means, self.scales, self.noise, self.density)

    # -- description ------------------------------------------------------------

    @property
    def n_components(self) -> int:
        """Number of components, K."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """Number of features, d."""
        return self.means.shape[1]

    @property
    def covariances(self) -> Covariances:
        """Covariances of the components; NaN where they have none."""
        return with_density(self.scales, self.density)

    @property
    def mean(self) -> Array:
        """Mean of the whole mixture, shape (d,): of components without one, their middle."""
        mean = self.weights @ self.means
        return mean if self.noise is None else mean + self.noise.weight * self.noise.mean

    @property
    def covariance(self) -> Array:
        """Covariance of the whole mixture, shape (d, d): within plus between components."""
        weights, means, matrices = self.weights, self.means, self.covariances.to_dense()
        if self.noise is not None:
            weights = np.append(weights, self.noise.weight)
            means = np.vstack([means, self.noise.mean])
            matrices = np.concatenate([matrices, self.noise.covariance[None]])
        offsets = means - self.mean
        within = np.einsum("k,kij->ij", weights, matrices)
        return within + (offsets * weights[:, None]).T @ offsets

    def __eq__(self, other: object) -> bool:
        """Exact equality of parameters and names; see `allclose` for approximate equality."""
        if not isinstance(other, Mixture):
            return NotImplemented
        return are_equal(self, other)

    __hash__ = None  # type: ignore[assignment]

    def allclose(self, other: Mixture, rtol: float = 1e-8, atol: float = 1e-10) -> bool:
        """Whether both have the same parameters, component by component, to a tolerance.

        The noise is one of them.
        """
        return are_close(self, other, rtol, atol)

    def sample(
        self,
        n_samples: int = 1,
        random_state: Any = None,
        *,
        shuffle: bool = True,
    ) -> tuple[Array, AnyArray]:
        """Draw rows and the components they come from.

        Parameters
        ----------
        n_samples : int, default 1
        random_state : int, RandomState, Generator or None
            None is NumPy's global state.  All but an int are advanced: calls give new rows.
        shuffle : bool, default True
            False leaves the rows grouped by component.

        Returns
        -------
        X : ndarray (n_samples, d)
        labels : ndarray (n_samples,)
            -1 is noise.
        """
        n_samples = check_integer("n_samples", n_samples, minimum=1)
        return draw(self, n_samples, as_generator(random_state), shuffle=shuffle)

    # -- other mixtures -------------------------------------------------------------

    def with_noise(self, noise: Noise) -> Mixture:
        """Return the mixture with a uniform background, which takes its weight from all."""
        return replace(self, weights=self.weights * (1.0 - noise.weight), noise=noise)

    def without_noise(self) -> Mixture:
        """Return the components alone, with weights that sum to 1."""
        return replace(self, weights=self.weights / self.weights.sum(), noise=None)

    # -- order of components ----------------------------------------------------------

    def reorder(self, order: str | Sequence[int] | AnyArray = "mean") -> Mixture:
        """Return the same mixture with its components in another order.

        Parameters
        ----------
        order : "mean", "weight" or sequence of int, default "mean"
            By the means' first coordinate (then the second, ...) ascending; by
            weight descending (equal ones by mean); or a permutation: new component j is old
            component ``order[j]``.
        """
        permutation = self.order_by(order) if isinstance(order, str) else order
        permutation = checked_order(permutation, self.n_components)
        return replace(
            self,
            weights=self.weights[permutation],
            means=self.means[permutation],
            scales=self.scales.take(permutation),
            density=self.density.take(permutation),
        )

    def order_by(self, key: str) -> AnyArray:
        """Return the permutation (K,) that `reorder` applies for "mean" or "weight"."""
        means = tuple(self.means.T[::-1])
        keys = {"mean": means, "weight": (*means, -np.round(self.weights, _WEIGHT_DIGITS))}
        if key not in keys:
            raise ParameterError(f"order: expected 'mean', 'weight' or a permutation, got {key!r}")
        return np.lexsort(keys[key])

    def match_to(self, other: Mixture) -> Mixture:
        """Return this mixture with components in the order of another's closest ones.

        Components are paired so that the sum of Bhattacharyya distances
        (Bhattacharyya 1943), which do not depend on units, is least.
        """
        if (self.n_components, self.n_features) != (other.n_components, other.n_features):
            raise ParameterError(
                f"other: expected {self.n_components} components of {self.n_features} features, "
                f"got {other.n_components} of {other.n_features}"
            )
        return self.reorder(closest_order(self, other))
