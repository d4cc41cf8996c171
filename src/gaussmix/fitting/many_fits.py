"""Fits of one model to many data sets, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..em.result import FitResult, Status
from ..mixture.bic import bic
from ..numerics.extras import imported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import Array

__all__ = ["ManyFits"]


@dataclass(frozen=True, eq=False)
class ManyFits(Sequence["FitResult | None"]):
    """Fits of one model to many data sets, in the order of those.

    Attributes
    ----------
    keys : list
        What the data sets are called: their numbers, unless they have names.
    results : list of FitResult or None
        None where a data set could not be fitted.
    reasons : list of str
        Why not; empty where it could.

    Examples
    --------
    >>> import numpy as np
    >>> import gaussmix
    >>> rows = np.random.default_rng(0).normal(size=(100, 50, 1))  # 100 data sets
    >>> fits = gaussmix.fit_many(rows, 2, random_state=0)
    >>> len(fits), fits.means.shape
    (100, (100, 2, 1))
    """

    keys: list[Any]
    results: list[FitResult | None]
    reasons: list[str]
    n_components: int
    n_features: int

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, place: Any) -> Any:
        return self.results[place]

    @property
    def weights(self) -> Array:
        """Mixing weights (G, K); NaN where there is no fit."""
        return self._of(lambda r: r.mixture.weights, (self.n_components,))

    @property
    def means(self) -> Array:
        """Means (G, K, d); NaN where there is no fit."""
        return self._of(lambda r: r.mixture.means, (self.n_components, self.n_features))

    @property
    def covariances(self) -> Array:
        """Covariances (G, K, d, d); NaN where there is no fit."""
        shape = (self.n_components, self.n_features, self.n_features)
        return self._of(lambda r: r.mixture.covariances.to_dense(), shape)

    @property
    def log_likelihood(self) -> Array:
        """Total log-likelihoods (G,); NaN where there is no fit."""
        return self._of(lambda r: r.log_likelihood, ())

    @property
    def bic(self) -> Array:
        """Bayesian information criteria (G,); smaller is better."""
        return self._of(lambda r: bic(r.log_likelihood, r.n_parameters, r.n), ())

    @property
    def converged(self) -> Array:
        """Whether each fit has converged (G,)."""
        return np.array(
            [r is not None and r.status is Status.CONVERGED for r in self.results], dtype=bool
        )

    def _of(self, part: Any, shape: tuple[int, ...]) -> Array:
        found = np.full((len(self), *shape), np.nan)
        for place, result in enumerate(self.results):
            if result is not None:
                found[place] = part(result)
        return found

    def to_frame(self) -> Any:
        """Return a pandas.DataFrame of a row for each component of each data set."""
        rows = [
            row
            for key, result, reason in zip(self.keys, self.results, self.reasons, strict=True)
            for row in self._rows(key, result, reason)
        ]
        return imported("pandas", None, "to_frame()").DataFrame(rows)

    def _rows(self, key: Any, result: FitResult | None, reason: str) -> Iterator[dict[str, Any]]:
        if result is None:
            yield {"key": key, "component": 0, "reason": reason}
            return
        mixture = result.mixture
        names = mixture.feature_names or tuple(str(j) for j in range(self.n_features))
        deviations = np.sqrt(mixture.scales.variances())
        for k in range(self.n_components):
            means = {f"mean_{name}": mixture.means[k, j] for j, name in enumerate(names)}
            widths = {f"deviation_{name}": deviations[k, j] for j, name in enumerate(names)}
            figures = {"n": result.n, "log_likelihood": result.log_likelihood, "reason": ""}
            yield {"key": key, "component": k, "weight": mixture.weights[k], **means, **widths} | {
                **figures,
                "bic": bic(result.log_likelihood, result.n_parameters, result.n),
            }

    def __repr__(self) -> str:
        failed = sum(result is None for result in self.results)
        told = f", {failed} of them without a fit" if failed else ""
        return f"ManyFits({len(self)} data sets{told}; {self.n_components} components)"
