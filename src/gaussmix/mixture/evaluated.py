"""What a mixture says of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import as_generator, check_integer
from ..rows import MemorySource, open_source
from ..rows.checks import require_columns
from ..rows.errors import Errors
from ..rows.frames import rows_of
from ..rows.missing import get_missing
from .evaluate import Evaluator

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..rows.summary import DataSummary
    from .mixture import Mixture

__all__ = ["Evaluated"]


class Evaluated:
    """Densities, responsibilities and labels of rows, and what is missing of them."""

    def logpdf(  # type: ignore[misc]
        self: Mixture, X: Any, Xerr: Any = None, *, projection: Any = None
    ) -> Array:
        """Return the log-density of each row of X (n, d), shape (n,).

        A missing value (NaN) is not seen: the density is that of what is seen of the row, here
        and in the other answers, and responsibilities are given that.  With measurement errors
        `Xerr`, or projections, as for ``GaussianMixture.fit``, it is that of what was measured.

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import Mixture
        >>> m = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
        >>> bool(np.allclose(m.logpdf([[2.0, np.nan]]), m.marginal(0).logpdf([[2.0]])))
        True
        """
        return self._evaluator(X, Xerr, projection).log_density()

    def pdf(  # type: ignore[misc]
        self: Mixture, X: Any, Xerr: Any = None, *, projection: Any = None
    ) -> Array:
        """Return the density of each row of X (n, d), shape (n,)."""
        return np.exp(self.logpdf(X, Xerr, projection=projection))

    def responsibilities(  # type: ignore[misc]
        self: Mixture, X: Any, Xerr: Any = None, *, projection: Any = None
    ) -> Array:
        """Return P(component k | row i) by Bayes' theorem, shape (n, K); rows sum to 1.

        With noise there is one more column, its own.
        """
        return self._evaluator(X, Xerr, projection).responsibilities()

    def predict(  # type: ignore[misc]
        self: Mixture, X: Any, Xerr: Any = None, *, projection: Any = None
    ) -> AnyArray:
        """Return the most probable component of each row, shape (n,); -1 is noise."""
        return self._evaluator(X, Xerr, projection).labels()

    def outlier_weights(self: Mixture, X: Any) -> Array:  # type: ignore[misc]
        """Return what each row of X counts for in the means, shape (n,); outliers count little.

        Of Student's t: (dof + d) / (dof + distance), averaged over components by their
        responsibilities.  Rows of the noise count for nothing.
        """
        if not self.density.weighs:
            raise ParameterError(
                f"density: rows of {self.density.name} components all count alike; fit a "
                "StudentMixture"
            )
        return self._evaluator(X).outlier_weights()

    def impute(self: Mixture, X: Any, draws: int | None = None, random_state: Any = None) -> Array:  # type: ignore[misc]
        """Return rows with their missing values (NaN) filled in, given what is seen of them.

        Parameters
        ----------
        X : array-like (n, d)
            What is seen stays as it is, to the last bit.
        draws : int, optional
            None gives what is expected, the mean under the mixture given what is seen.  Else so
            many completed copies, each drawn from the mixture given what is seen: multiple
            imputation (Rubin 1987), for what is to keep widths and correlations.
        random_state : int, RandomState, Generator or None
            Of the draws.

        Returns
        -------
        ndarray (n, d), or (draws, n, d)

        Notes
        -----
        A row of which nothing is seen gets the mean of the mixture.

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import Mixture
        >>> m = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
        >>> m.impute([[2.0, np.nan], [np.nan, np.nan]]).tolist()
        [[2.0, 6.0], [0.0, 5.0]]
        >>> m.impute([[2.0, np.nan]], draws=3, random_state=0).shape
        (3, 1, 2)
        """
        evaluator = self._evaluator(X)
        if draws is None:
            found: Array = evaluator.imputed()
            return found
        n_draws = check_integer("draws", draws, minimum=1)
        return evaluator.imputed_draws(n_draws, as_generator(random_state))

    def denoise(  # type: ignore[misc]
        self: Mixture, X: Any, Xerr: Any = None, *, projection: Any = None
    ) -> tuple[Array, Array]:
        """Return mean and covariance of the true value of each row, given what was measured.

        Parameters
        ----------
        X : array-like (n, e)
        Xerr : array-like, optional
            Measurement errors: variances (n, e) or (e,), covariances (n, e, e) or (e, e).
        projection : array-like (n, e, d) or (e, d), optional
            What X is measured of: y = R x + e.

        Returns
        -------
        means : ndarray (n, d)
        covariances : ndarray (n, d, d)

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> m = Mixture([1.0], [[0.0]], [[[1.0]]])
        >>> [found.round(9).ravel().tolist() for found in m.denoise([[3.0]], [2.0])]
        [[1.0], [0.666666667]]
        """
        return self._evaluator(X, Xerr, projection).denoised()

    def _evaluator(self: Mixture, X: Any, Xerr: Any = None, projection: Any = None) -> Evaluator:  # type: ignore[misc]
        errors, source = Errors(Xerr, projection), open_source(X)
        if source is None:
            X, errors = errors.parted(X)
            source = self._in_memory(X, errors)
        if errors.are_given:
            source = errors.beside(source, self.n_features)
        if not errors.projects:
            require_columns(source, self.n_features, self.feature_names)
        return self.evaluator(get_missing("em").admit(source))

    def _in_memory(self: Mixture, X: Any, errors: Errors) -> MemorySource:  # type: ignore[misc]
        names = None if errors.projects else self.feature_names
        rows = errors.values_of(X) if errors.projects else rows_of(X, self.n_features, names)
        if len(rows) == 0:
            raise DataError("X: has no rows")
        return MemorySource(rows, feature_names=names)

    def evaluator(self: Mixture, source: Any, summary: DataSummary | None = None) -> Evaluator:  # type: ignore[misc]
        """Return an `Evaluator` of this mixture on a source of rows, and their summary if known."""
        return Evaluator(self.parameters, source, summary)
