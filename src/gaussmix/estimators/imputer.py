"""A transformer that fills in missing values by a mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from ..exceptions import ParameterError
from ..numerics.arguments import shown
from .mixture import GaussianMixture
from .search import GaussianMixtureIC

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["MixtureImputer"]


class MixtureImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Fill in missing values by what a mixture expects, or draws, given what is seen of a row.

    For pipelines: a fit to rows with missing values (NaN), then `GaussianMixture.impute`.

    Parameters
    ----------
    estimator : GaussianMixture or GaussianMixtureIC, optional
        What is fitted, with ``missing="em"``; by default one component with a full covariance,
        which is linear regression on what is seen.
    draw : bool, default False
        Whether values are drawn from the mixture, given what is seen, instead of expected: they
        keep widths and correlations.
    random_state : int, RandomState, Generator or None
        Of the draws.

    Attributes
    ----------
    estimator_ : GaussianMixture or GaussianMixtureIC
    n_features_in_ : int
    feature_names_in_ : ndarray of str (d,)

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture, MixtureImputer
    >>> X = np.random.default_rng(0).normal(size=(300, 2)) + np.repeat([[0], [8]], 150, axis=0)
    >>> X[::3, 1] = np.nan
    >>> imputer = MixtureImputer(GaussianMixture(2, random_state=0))
    >>> imputer.fit_transform(X)[[0, 299], 1].round().tolist()
    [0.0, 8.0]
    """

    def __init__(
        self, estimator: Any = None, *, draw: bool = False, random_state: Any = None
    ) -> None:
        self.estimator = estimator
        self.draw = draw
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the mixture to what is seen of the rows.

        Parameters
        ----------
        X : array-like or dataframe (n, d)
        y : ignored
        sample_weight : array-like (n,), optional
        """
        given = GaussianMixture(1) if self.estimator is None else self.estimator
        if not isinstance(given, GaussianMixture | GaussianMixtureIC):
            raise ParameterError(
                "estimator: expected a mixture to fit, such as GaussianMixture(2), got "
                f"{shown(given)}"
            )
        own = clone(given).set_params(missing="em")
        self.estimator_ = own.fit(X, sample_weight=sample_weight)
        return self

    def transform(self, X: Any) -> AnyArray:
        """Return rows (n, d) with missing values filled in; what is seen stays as it is."""
        check_is_fitted(self)
        if not self.draw:
            found: AnyArray = self.estimator_.impute(X)
            return found
        drawn: AnyArray = self.estimator_.impute(X, draws=1, random_state=self.random_state)[0]
        return drawn

    @property
    def n_features_in_(self) -> int:
        """Number of columns of the fit."""
        return self._of_the_fit("n_features_in_")

    @property
    def feature_names_in_(self) -> AnyArray:
        """Names of the columns of the fit, if they had names."""
        return self._of_the_fit("feature_names_in_")

    def _of_the_fit(self, name: str) -> Any:
        if "estimator_" not in self.__dict__:
            raise AttributeError(f"this {type(self).__name__} is not fitted yet; call fit first")
        return getattr(self.estimator_, name)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
