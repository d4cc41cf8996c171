"""How a mixture describes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .summary import Summary, summarise_mixture

if TYPE_CHECKING:
    from .mixture import Mixture

__all__ = ["Described"]


class Described:
    """What a mixture says of itself, for people."""

    def summary(self: Mixture, X: Any = None) -> Summary:  # type: ignore[misc]
        """Return weights, means ± deviations, volumes and overlaps, to be printed or read.

        Parameters
        ----------
        X : array-like, dataframe or what else goes where X goes (n, d), optional
            Rows: how many are most probably of each component, and how surely.
        """
        found = summarise_mixture(self)
        return found if X is None else found.with_rows(self._evaluator(X).certainty())

    def __repr__(self: Mixture) -> str:  # type: ignore[misc]
        return (
            f"Mixture(n_components={self.n_components}, n_features={self.n_features}, "
            f"covariances={self.scales.name}{' shared' if self.scales.shared else ''}"
            f"{'' if self.density.plain else f', density={self.density!r}'}"
            f"{'' if self.noise is None else f', noise={self.noise.weight:.3g}'})"
        )
