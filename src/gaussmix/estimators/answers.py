"""What a fitted estimator says of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..mixture.bic import aic, bic, icl
from ..numerics.arguments import as_generator, check_integer
from ..rows.errors import Errors
from .rows import open_rows

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..em.result import FitResult
    from ..mixture import Mixture
    from ..mixture.evaluate import Evaluator, Score
    from ..rows import Source

__all__ = ["Answers"]


class Answers:
    """Labels, densities and criteria of rows under the fitted mixture."""

    mixture_: Mixture
    random_state: Any
    _fitted_dtype: type

    def _evaluator(
        self, X: Any, sample_weight: Any = None, Xerr: Any = None, projection: Any = None
    ) -> Evaluator:
        self._require_fitted()
        errors = Errors(Xerr, projection)
        return self.mixture_.evaluator(
            open_rows(self, X, sample_weight, reset=False, errors=errors)
        )

    def predict(self, X: Any, Xerr: Any = None, *, projection: Any = None) -> AnyArray:
        """Return the most probable component of each row, shape (n,); -1 is noise."""
        return self._evaluator(X, None, Xerr, projection).labels()

    def predict_proba(self, X: Any, Xerr: Any = None, *, projection: Any = None) -> Array:
        """Return the responsibilities, shape (n, K); rows sum to 1.

        With noise there is one more column, its own.  They are float32 where the rows of
        the fit and these are.
        """
        evaluator = self._evaluator(X, None, Xerr, projection)
        return evaluator.responsibilities(self._answered(evaluator.source))

    def score_samples(self, X: Any, Xerr: Any = None, *, projection: Any = None) -> Array:
        """Return the log-density of each row, shape (n,).

        With measurement errors it is that of what was measured.
        """
        evaluator = self._evaluator(X, None, Xerr, projection)
        return evaluator.log_density(self._answered(evaluator.source))

    def impute(self, X: Any, draws: int | None = None, random_state: Any = None) -> Array:
        """Return rows with their missing values (NaN) filled in, given what is seen of them.

        Whatever `missing` says; see `Mixture.impute`.

        Parameters
        ----------
        X : array-like or dataframe (n, d)
        draws : int, optional
            None gives what is expected, shape (n, d); else so many completed copies are drawn,
            shape (draws, n, d).
        random_state : int, RandomState, Generator or None
            Of the draws; overrides the estimator's own.

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import GaussianMixture
        >>> X = np.random.default_rng(0).normal(size=(500, 1)) + [0.0, 5.0]
        >>> X[:100, 1] = np.nan
        >>> model = GaussianMixture(1, missing="em", reg_covar=1e-6).fit(X)
        >>> bool(np.allclose(model.impute(X)[:100, 1], X[:100, 0] + 5.0, atol=1e-3))
        True
        """
        self._require_fitted()
        source = open_rows(self, X, reset=False, missing="em")
        evaluator = self.mixture_.evaluator(source)
        if draws is None:
            found: Array = evaluator.imputed()
            return found
        n_draws = check_integer("draws", draws, minimum=1)
        given = self.random_state if random_state is None else random_state
        return evaluator.imputed_draws(n_draws, as_generator(given))

    def denoise(self, X: Any, Xerr: Any = None, *, projection: Any = None) -> tuple[Array, Array]:
        """Return mean and covariance of the true value of each row, given what was measured.

        Parameters
        ----------
        X : array-like or dataframe (n, e)
        Xerr, projection : array-like
            How rows were measured, as for ``fit``.

        Returns
        -------
        means : ndarray (n, d)
        covariances : ndarray (n, d, d)

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import GaussianMixture
        >>> rng = np.random.default_rng(0)
        >>> true = rng.normal(size=(2000, 1))
        >>> X = true + rng.normal(size=(2000, 1))
        >>> model = GaussianMixture(1, random_state=0).fit(X, Xerr=[1.0])
        >>> means, _ = model.denoise(X, [1.0])
        >>> bool(((means - true) ** 2).mean() < 0.6 * ((X - true) ** 2).mean())
        True
        """
        return self._evaluator(X, None, Xerr, projection).denoised()

    def _answered(self, source: Source) -> type:
        """Return float32 where the fit's rows and these are, as scikit-learn does."""
        return np.result_type(self._fitted_dtype, source.dtype).type

    def score(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        Xerr: Any = None,
        projection: Any = None,
    ) -> float:
        """Return the (weighted) mean log-density of the rows."""
        score = self._score(X, sample_weight, Xerr, projection)
        return score.log_likelihood / score.n

    def bic(
        self, X: Any, sample_weight: Any = None, *, Xerr: Any = None, projection: Any = None
    ) -> float:
        """Return the Bayesian information criterion on X; smaller is better."""
        score = self._score(X, sample_weight, Xerr, projection)
        return bic(score.log_likelihood, self._fitted().n_parameters, score.n)

    def aic(
        self, X: Any, sample_weight: Any = None, *, Xerr: Any = None, projection: Any = None
    ) -> float:
        """Return Akaike's information criterion on X; smaller is better."""
        score = self._score(X, sample_weight, Xerr, projection)
        return aic(score.log_likelihood, self._fitted().n_parameters)

    def icl(
        self, X: Any, sample_weight: Any = None, *, Xerr: Any = None, projection: Any = None
    ) -> float:
        """Return the integrated completed likelihood on X; smaller is better.

        BIC plus a penalty for overlap (Biernacki, Celeux & Govaert 2000); mclust's
        definition, with the sign of BIC.
        """
        score = self._score(X, sample_weight, Xerr, projection)
        return icl(score.log_likelihood, self._fitted().n_parameters, score.n, score.certainty)

    def _score(self, X: Any, *given: Any) -> Score:
        return self._evaluator(X, *given).score()

    if TYPE_CHECKING:  # the estimator's own

        def _fitted(self) -> FitResult: ...

        def _require_fitted(self) -> None: ...
