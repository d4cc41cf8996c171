"""What a fitted estimator shows of its result: scikit-learn's attributes, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..em.result import FitResult, History, Status
    from ..mixture.evaluate import Evaluator
    from ..mixture.summary import Summary

__all__ = ["FittedAttributes"]


class FittedAttributes:
    """Attributes that follow from ``result_``, the `FitResult` of the last fit.

    They cannot be set: to use a mixture of known parameters build a `Mixture`.
    """

    # Of the rows of the fit; float32 makes attributes float32, as in scikit-learn.
    _fitted_dtype: type = np.float64
    # Whether these were projections of what was fitted.
    _projected: bool = False

    def summary(self, X: Any = None, sample_weight: Any = None) -> Summary:
        """Return what was fitted, for people (``print``, notebooks) and in numbers.

        Parameters
        ----------
        X : array-like or dataframe (n, d), optional
            Rows: adds how many are most probably of each component, how surely, BIC and ICL.
            A fit keeps none of its own.
        sample_weight : array-like (n,), optional
        """
        found = self._fitted().summary()
        return (
            found if X is None else found.with_rows(self._evaluator(X, sample_weight).certainty())
        )

    @property
    def weights_(self) -> AnyArray:
        """Mixing weights (K,)."""
        return self._shown(self._fitted().mixture.weights)

    @property
    def means_(self) -> AnyArray:
        """Means (K, d)."""
        return self._shown(self._fitted().mixture.means)

    @property
    def covariances_(self) -> AnyArray:
        """Covariances; the shape depends on covariance_type."""
        return self._shown(self._fitted().mixture.covariances.array)

    @property
    def precisions_(self) -> AnyArray:
        """Inverse covariances, shaped like ``covariances_``."""
        held = self._fitted().mixture.scales
        return self._shown(held.shaped(held.precisions))

    @property
    def precisions_cholesky_(self) -> AnyArray:
        """Upper Cholesky factors of the precisions, shaped like ``covariances_``."""
        held = self._fitted().mixture.scales
        return self._shown(held.shaped(held.precision_factors))

    @property
    def converged_(self) -> bool:
        """Whether the stopping rule was met."""
        return self._fitted().converged

    @property
    def status_(self) -> Status:
        """Why the fit stopped."""
        return self._fitted().status

    @property
    def n_iter_(self) -> int:
        """Number of iterations."""
        return self._fitted().n_iter

    @property
    def n_rows_dropped_(self) -> int:
        """Rows left out because a value is missing; see `missing`."""
        return self._fitted().n_dropped

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

    def _shown(self, array: AnyArray) -> AnyArray:
        """Return parameters in the type of the fit's rows, if that holds their size."""
        if self._fitted_dtype is np.float64:
            return array
        limits, largest = np.finfo(self._fitted_dtype), np.abs(array).max()
        if not (largest == 0 or limits.tiny <= largest <= limits.max):
            return array
        copy: AnyArray = array.astype(self._fitted_dtype)
        copy.flags.writeable = False
        return copy

    if TYPE_CHECKING:  # the estimator's own

        def _evaluator(self, X: Any, sample_weight: Any = None) -> Evaluator: ...

    def _fitted(self) -> FitResult:
        try:
            return self.__dict__["result_"]
        except KeyError:
            raise AttributeError(
                f"this {type(self).__name__} is not fitted yet; call fit first"
            ) from None
