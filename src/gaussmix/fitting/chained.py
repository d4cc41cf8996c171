"""Fits to many data sets that were read portion by portion, as one value."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError
from ..numerics.extras import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._typing import Array
    from ..em.result import FitResult
    from .data_sets import Portion
    from .many_fits import ManyFits

__all__ = ["ChainedFits", "chained"]


@dataclass(frozen=True, eq=False)
class ChainedFits(Sequence["FitResult | None"]):
    """What `fit_many` returns of data sets that it read portion by portion.

    It has all that `ManyFits` has.

    Attributes
    ----------
    parts : tuple of ManyFits
        One after the other.
    is_whole : bool
        Whether all data sets were read: False after Ctrl-C.

    Examples
    --------
    >>> import numpy as np
    >>> import gaussmix
    >>> rng = np.random.default_rng(0)
    >>> fits = gaussmix.fit_many((rng.normal(size=(50, 1)) for _ in range(100)), 2)
    >>> len(fits), fits.means.shape
    (100, (100, 2, 1))
    """

    parts: tuple[ManyFits, ...]
    is_whole: bool = True

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[g] for g in range(len(self))[place]]
        number = range(len(self))[place]
        for part in self.parts:
            if number < len(part):
                return part[number]
            number -= len(part)
        raise IndexError(place)

    def __iter__(self) -> Iterator[FitResult | None]:
        return chain.from_iterable(self.parts)

    @property
    def keys(self) -> list[Any]:
        """What the data sets are called."""
        return [key for part in self.parts for key in part.keys]

    @property
    def results(self) -> list[FitResult | None]:
        """The result of each; None where a data set could not be fitted."""
        return list(self)

    @property
    def reasons(self) -> list[str]:
        """Why a data set could not be fitted; empty where it could."""
        return [reason for part in self.parts for reason in part.reasons]

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        return self.parts[0].feature_names

    @property
    def n_components(self) -> int:
        return self.parts[0].n_components

    @property
    def n_features(self) -> int:
        return self.parts[0].n_features

    @property
    def weights(self) -> Array:
        """Mixing weights (G, K); NaN where there is no fit."""
        return self._joined("weights")

    @property
    def means(self) -> Array:
        """Means (G, K, d); NaN where there is no fit."""
        return self._joined("means")

    @property
    def covariances(self) -> Array:
        """Covariances (G, K, d, d); NaN where there is no fit."""
        return self._joined("covariances")

    @property
    def log_likelihood(self) -> Array:
        """Total log-likelihoods (G,); NaN where there is no fit."""
        return self._joined("log_likelihood")

    @property
    def bic(self) -> Array:
        """Bayesian information criteria (G,); smaller is better."""
        return self._joined("bic")

    @property
    def converged(self) -> Array:
        """Whether each fit has converged (G,)."""
        return self._joined("converged")

    def _joined(self, name: str) -> Array:
        return np.concatenate([getattr(part, name) for part in self.parts])

    def to_frame(self) -> Any:
        """Return a pandas.DataFrame of a row for each component of each data set."""
        pandas = imported("pandas", None, "to_frame()")
        return pandas.concat([part.to_frame() for part in self.parts], ignore_index=True)

    def __repr__(self) -> str:
        failed = sum(bool(reason) for reason in self.reasons)
        told = f", {failed} of them without a fit" if failed else ""
        return f"ChainedFits({len(self)} data sets{told}; {self.n_components} components)"


def chained(fit: Callable[..., Any], portions: Iterator[Portion]) -> ChainedFits:
    """Fit portion after portion; on Ctrl-C those that were fitted are kept, with a warning.

    `fit` is called with each.
    """
    parts: list[ManyFits] = []
    is_whole = True
    try:
        for portion in portions:
            parts.append(fit(portion))  # noqa: PERF401  (kept one by one, whatever comes)
    except KeyboardInterrupt:
        if not parts:
            raise
        is_whole = False
        told = f"interrupted: {sum(map(len, parts))} data sets were fitted"
        warnings.warn(told, UserWarning, stacklevel=3)
    if not parts:
        raise DataError("data: there are no data sets")
    return ChainedFits(tuple(parts), is_whole)
