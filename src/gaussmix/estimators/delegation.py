"""What an estimator leaves to the `GaussianMixture` it has chosen."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from .mixture import GaussianMixture

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BestEstimator"]


def _method(name: str) -> Callable[..., Any]:
    """Return a method that calls the same one of ``best_estimator_``."""
    original = getattr(GaussianMixture, name)

    @wraps(original)
    def call(self: BestEstimator, *args: Any, **kwargs: Any) -> Any:
        check_is_fitted(self)
        return getattr(self.best_estimator_, name)(*args, **kwargs)

    return call


def _of_student(name: str) -> property:
    """Return a property that is a method of ``best_estimator_`` if that is a `StudentMixture`."""

    def method(self: BestEstimator) -> Any:
        check_is_fitted(self)
        return getattr(self.best_estimator_, name)

    return property(method, doc=f"``{name}`` of the chosen model; see `StudentMixture`.")


def _attribute(name: str) -> property:
    """Return a property that reads the same attribute of ``best_estimator_``."""

    def read(self: BestEstimator) -> Any:
        if "best_estimator_" not in self.__dict__:
            kind = type(self).__name__
            raise AttributeError(f"this {kind} is not fitted yet; call fit first")
        return getattr(self.best_estimator_, name)

    return property(read, doc=f"``{name}`` of the chosen model; see `GaussianMixture`.")


class BestEstimator:
    """Methods and fitted attributes of ``best_estimator_``, as if they were its owner's."""

    best_estimator_: GaussianMixture

    def __sklearn_is_fitted__(self) -> bool:
        return "best_estimator_" in self.__dict__

    predict = _method("predict")
    predict_proba = _method("predict_proba")
    score_samples = _method("score_samples")
    score = _method("score")
    sample = _method("sample")
    bic = _method("bic")
    aic = _method("aic")
    icl = _method("icl")
    impute = _method("impute")
    denoise = _method("denoise")

    outlier_weights = _of_student("outlier_weights")

    weights_ = _attribute("weights_")
    means_ = _attribute("means_")
    covariances_ = _attribute("covariances_")
    scales_ = _attribute("scales_")
    dofs_ = _attribute("dofs_")
    precisions_ = _attribute("precisions_")
    precisions_cholesky_ = _attribute("precisions_cholesky_")
    mixture_ = _attribute("mixture_")
    result_ = _attribute("result_")
    history_ = _attribute("history_")
    status_ = _attribute("status_")
    converged_ = _attribute("converged_")
    n_iter_ = _attribute("n_iter_")
    n_rows_dropped_ = _attribute("n_rows_dropped_")
    n_samples_seen_ = _attribute("n_samples_seen_")
    lower_bound_ = _attribute("lower_bound_")
    lower_bounds_ = _attribute("lower_bounds_")
    n_features_in_ = _attribute("n_features_in_")
    feature_names_in_ = _attribute("feature_names_in_")
    _n_features_out = _attribute("_n_features_out")
