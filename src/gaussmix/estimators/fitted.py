"""What a fitted estimator shows of its result: scikit-learn's attributes, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..em.result import Status

if TYPE_CHECKING:
    from .._typing import Array
    from ..em.result import FitResult, History

__all__ = ["FittedAttributes"]


class FittedAttributes:
    """Attributes that follow from ``result_``, the `FitResult` of the last fit.

    They cannot be set: to use a mixture of known parameters build a `Mixture`.
    """

    @property
    def weights_(self) -> Array:
        """Mixing weights (K,)."""
        return self._fitted().mixture.weights

    @property
    def means_(self) -> Array:
        """Means (K, d)."""
        return self._fitted().mixture.means

    @property
    def covariances_(self) -> Array:
        """Covariances; the shape depends on covariance_type."""
        return self._fitted().mixture.covariances.array

    @property
    def precisions_(self) -> Array:
        """Inverse covariances, shaped like ``covariances_``."""
        covariances = self._fitted().mixture.covariances
        return covariances.shaped(covariances.precisions)

    @property
    def precisions_cholesky_(self) -> Array:
        """Upper Cholesky factors of the precisions, shaped like ``covariances_``."""
        covariances = self._fitted().mixture.covariances
        return covariances.shaped(covariances.precision_factors)

    @property
    def converged_(self) -> bool:
        """Whether the stopping rule was met."""
        return self._fitted().status is Status.CONVERGED

    @property
    def status_(self) -> Status:
        """Why the fit stopped."""
        return self._fitted().status

    @property
    def n_iter_(self) -> int:
        """Number of iterations."""
        return self._fitted().n_iter

    @property
    def history_(self) -> History:
        """Trace of the fit, a `History`."""
        return self._fitted().history

    @property
    def lower_bound_(self) -> float:
        """Mean log-likelihood a row."""
        return self._fitted().log_likelihood / self._fitted().n

    @property
    def lower_bounds_(self) -> list[float]:
        """Mean log-likelihood a row, by iteration."""
        result = self._fitted()
        return [value / result.n for value in result.history.log_likelihood]

    @property
    def _n_features_out(self) -> int:
        mixture = self._fitted().mixture
        return mixture.n_components + (mixture.noise is not None)

    def _fitted(self) -> FitResult:
        try:
            return self.__dict__["result_"]
        except KeyError:
            raise AttributeError(
                f"this {type(self).__name__} is not fitted yet; call fit first"
            ) from None
