"""The posterior predictive density of a Bayesian mixture: a mixture of Student's t."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numerics.arguments import as_generator, check_integer
from ..rows import MemorySource, open_source
from ..rows.checks import require_columns
from ..rows.frames import rows_of
from .evaluate import Evaluator

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.densities.predictive import PredictiveT
    from ..components.parameters import Parameters

__all__ = ["Predictive"]


@dataclass(frozen=True, eq=False)
class Predictive:
    """A mixture of multivariate Student's t: the density of a new row.

    Found as ``predictive_`` of a `BayesianGaussianMixture`.

    Attributes
    ----------
    parameters : Parameters
    feature_names : tuple of str or None

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import BayesianGaussianMixture
    >>> X = np.random.default_rng(0).normal(size=(50, 1))
    >>> density = BayesianGaussianMixture(random_state=0).fit(X).predictive_
    >>> grid = np.linspace(-200, 200, 100_001)[:, None]
    >>> round(float(density.pdf(grid).sum() * 0.004), 3)
    1.0
    """

    parameters: Parameters
    feature_names: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"Predictive(n_components={self.n_components}, n_features={self.n_features})"

    @property
    def weights(self) -> Array:
        """Mixing weights (m,)."""
        return self.parameters.weights

    @property
    def means(self) -> Array:
        """Locations (m, d)."""
        return self.parameters.means

    @property
    def scales(self) -> Array:
        """Scale matrices (m, d, d)."""
        return self.parameters.each.to_dense()

    @property
    def degrees_of_freedom(self) -> Array:
        """Degrees of freedom (m,)."""
        density: PredictiveT = self.parameters.density  # type: ignore[assignment]
        return density.dofs[:, 0]

    @property
    def n_components(self) -> int:
        """Number of components, m."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """Number of features, d."""
        return self.parameters.n_features

    def logpdf(self, X: Any) -> Array:
        """Return the log-density of each row of X (n, d), shape (n,)."""
        source = open_source(X)
        if source is not None:
            require_columns(source, self.n_features, self.feature_names)
        else:
            rows = rows_of(X, self.n_features, self.feature_names)
            source = MemorySource(rows, feature_names=self.feature_names)
        return Evaluator(self.parameters, source).log_density()

    def pdf(self, X: Any) -> Array:
        """Return the density of each row of X (n, d), shape (n,)."""
        return np.exp(self.logpdf(X))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> tuple[Array, AnyArray]:
        """Draw rows (n_samples, d), and the components (n_samples,) that they come from."""
        n_samples = check_integer("n_samples", n_samples, minimum=1)
        rng = as_generator(random_state)
        labels = rng.choice(self.n_components, n_samples, p=self.weights)
        rows = rng.standard_normal((n_samples, self.n_features))
        shrink = np.sqrt(
            rng.chisquare(self.degrees_of_freedom[labels]) / self.degrees_of_freedom[labels]
        )
        held = self.parameters.each
        for k in np.unique(labels).tolist():
            own = labels == k
            rows[own] = self.means[k] + held.unwhiten(k, rows[own]) / shrink[own, None]
        return rows, labels
