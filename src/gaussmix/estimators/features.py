"""Responsibilities as features: what scikit-learn asks of a transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["ResponsibilitiesAsFeatures"]


class ResponsibilitiesAsFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """What makes an estimator with ``predict_proba`` a transformer."""

    fit: Any
    predict_proba: Any

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> AnyArray:
        """Fit, then return the responsibilities; a target, as pipelines give it, is ignored."""
        return self.fit(X, **fit_params).transform(X)

    def transform(self, X: Any) -> AnyArray:
        """Return the responsibilities as features, shape (n, K); see ``set_output``."""
        return self.predict_proba(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
