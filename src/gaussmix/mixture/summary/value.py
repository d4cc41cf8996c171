"""A summary: the numbers, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..bic import aic, bic, icl
from ..comparing import bhattacharyya
from .html import as_html
from .layout import sections
from .text import as_text

if TYPE_CHECKING:
    from ..._typing import Array
    from ..certainty import Certainty
    from ..mixture import Mixture
    from .layout import Section

__all__ = ["FitFacts", "NearlyChosen", "Summary", "summarise_mixture"]

# Overlaps take K^2 d^3 operations: beyond so many they are left out.
_MOST_OPERATIONS = 5e7


@dataclass(frozen=True)
class FitFacts:
    """How a mixture was fitted, as far as it is kept without the rows.

    Attributes
    ----------
    family : str
        mclust's name, and what it means.
    log_likelihood, n : float
        Total; and the sum of the sample weights.
    n_rows, n_dropped, n_parameters, n_iter : int
    converged : bool
    reason : str
        Why it stopped.
    collapsed : tuple of int
        Components whose covariance is held at the floor; (-1,) is the shared one.
    is_bound : bool
        Whether ``log_likelihood`` is a lower bound of the log evidence.
    told : tuple of str
        Warnings and notices.
    """

    family: str
    log_likelihood: float
    n: float
    n_rows: int
    n_parameters: int
    n_iter: int
    converged: bool
    reason: str
    collapsed: tuple[int, ...] = ()
    n_dropped: int = 0
    is_bound: bool = False
    told: tuple[str, ...] = ()

    @property
    def bic(self) -> float:
        return bic(self.log_likelihood, self.n_parameters, self.n)

    @property
    def aic(self) -> float:
        return aic(self.log_likelihood, self.n_parameters)


@dataclass(frozen=True)
class NearlyChosen:
    """A model beside the chosen one, and by how much its criterion is worse."""

    family: str
    n_components: int
    criterion: float
    difference: float


@dataclass(frozen=True, eq=False)
class Summary:
    """What there is to know of a mixture: for people by ``print`` and in notebooks, and in numbers.

    Made by ``summary()`` of a `Mixture`, a fitted estimator or a `FitResult`.  What is not known
    is None: how a mixture was fitted that was built by hand, and how sure it is which component
    rows belong to where no rows were given.

    Attributes
    ----------
    n_components, n_features : int
    feature_names : tuple of str (d,)
    weights : ndarray (K,)
    means, deviations : ndarray (K, d)
        Standard deviations of each feature within each component; roots of the scales where
        components are not normal, and are as wide whether they have a variance or not.
    log_volumes : ndarray (K,)
        Half the logarithm of the determinant of each covariance, or scale: of the volume of its
        ellipsoid of one standard deviation, but for the volume of a ball.
    distances : ndarray (K, K) or None
        Bhattacharyya distances between components (Bhattacharyya 1943).  None where they
        take too long.
    overlaps : ndarray (K, K) or None
        exp(-distances): 1 for components that are the same, 0 for those that share nothing.
    tails : tuple of str (K,)
        What components have of their own besides, such as "dof 4.2"; () if they are normal.
    noise : float or None
        Weight of a uniform background.
    fit : FitFacts or None
        ``family``, ``log_likelihood``, ``bic``, ``aic``, ``n_rows``, ``n_dropped``, ``n_iter``,
        ``converged``, ``collapsed``, ``told``, ...
    n_rows, log_likelihood, bic, icl : int and float, or None
        Of the rows that were given.
    counts : ndarray (J,) or None
        Weight of the rows that are most probably of each component; the noise is last.
    certainty : ndarray (J,) or None
        Mean of the largest responsibility of these rows; NaN where there are none.
    unsure : float or None
        Share of rows whose largest responsibility is below 0.8.
    criterion : str or None
        By which the model was chosen.
    nearly_chosen : tuple of NearlyChosen
        The next models by it.

    Examples
    --------
    >>> from gaussmix import Mixture
    >>> summary = Mixture([0.4, 0.6], [-1.0, 2.0], [0.25, 1.0]).summary()
    >>> print(summary)
    Mixture of 2 components in 1 feature
    <BLANKLINE>
    Components
      component  weight  volume  nearest  overlap
              0  0.4000     0.5        1   0.1478
              1  0.6000       1        0   0.1478
      Volume: the square root of the covariance's determinant. Overlap: with the
        nearest component, from 0 (apart) to 1 (the same; Bhattacharyya's
        coefficient).
    <BLANKLINE>
    Means ± standard deviations
      feature               0            1
      x0       -1.000 ± 0.500  2.00 ± 1.00
    >>> summary.deviations.ravel().tolist()
    [0.5, 1.0]
    """

    n_components: int
    n_features: int
    feature_names: tuple[str, ...]
    weights: Array
    means: Array
    deviations: Array
    log_volumes: Array
    distances: Array | None
    tails: tuple[str, ...] = ()
    noise: float | None = None
    fit: FitFacts | None = None
    n_rows: int | None = None
    log_likelihood: float | None = None
    bic: float | None = None
    icl: float | None = None
    counts: Array | None = None
    certainty: Array | None = None
    unsure: float | None = None
    criterion: str | None = None
    nearly_chosen: tuple[NearlyChosen, ...] = field(default=())

    @property
    def overlaps(self) -> Array | None:
        """Bhattacharyya coefficients (K, K) of the components."""
        return None if self.distances is None else np.exp(-self.distances)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain dictionaries and lists."""
        return {own.name: _plain(getattr(self, own.name)) for own in fields(self)}

    def with_rows(self, found: Certainty) -> Summary:
        """Return the summary with what rows say under the mixture."""
        n = float(found.counts.sum())
        free = None if self.fit is None or self.fit.is_bound else self.fit.n_parameters
        with np.errstate(invalid="ignore", divide="ignore"):
            certainty = found.largest / found.counts
        likelihood = found.log_likelihood
        return replace(
            self,
            n_rows=found.n_rows,
            log_likelihood=likelihood,
            bic=None if free is None else bic(likelihood, free, n),
            icl=None if free is None else icl(likelihood, free, n, found.log_largest),
            counts=found.counts,
            certainty=certainty,
            unsure=float(found.unsure.sum()) / n,
        )

    def sections(self) -> list[Section]:
        """Return what is shown, in parts."""
        return sections(self)

    def text(self, width: int = 80) -> str:
        """Return it as text that fits so many columns."""
        return as_text(self.sections(), width)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.sections())


def summarise_mixture(mixture: Mixture, fit: FitFacts | None = None) -> Summary:
    """Return what parameters alone say, and how they were fitted."""
    d, density = mixture.n_features, mixture.density
    return Summary(
        n_components=mixture.n_components,
        n_features=d,
        feature_names=mixture.feature_names or tuple(f"x{j}" for j in range(d)),
        weights=mixture.weights,
        means=mixture.means,
        deviations=np.sqrt(mixture.scales.variances()),
        log_volumes=0.5 * mixture.scales.log_det(),
        distances=_distances(mixture),
        tails=() if density.plain else tuple(map(density.described, range(len(mixture.weights)))),
        noise=None if mixture.noise is None else mixture.noise.weight,
        fit=fit,
    )


def _distances(mixture: Mixture) -> Array | None:
    if mixture.n_components**2 * float(mixture.n_features) ** 3 > _MOST_OPERATIONS:
        return None
    with np.errstate(all="ignore"):
        found: Array = np.maximum(np.nan_to_num(bhattacharyya(mixture, mixture), nan=np.inf), 0.0)
    np.fill_diagonal(found, 0.0)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(own) for own in value]
    if isinstance(value, FitFacts | NearlyChosen):
        found = {own.name: _plain(getattr(value, own.name)) for own in fields(value)}
        if isinstance(value, FitFacts) and not value.is_bound:
            found |= {"bic": value.bic, "aic": value.aic}
        return found
    return value
