"""The scikit-learn estimator that predicts some features from others by a mixture of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted

from ..components.moments import PRODUCTS
from ..exceptions import DataError, ParameterError
from ..mixture import Mixture
from ..numerics.arguments import as_numbers, shown
from ..rows import MemorySource, open_source
from ..rows.door import as_frame
from ..selection.search import choose_families
from .determined import determined
from .rows import Refused, TakesMissing, open_rows, whole_or_unchanged
from .underlying import fitted_mixture

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture.conditionals import Conditionals
    from ..rows import Source
    from .determined import Determined

__all__ = ["MixtureRegressor"]

# Of the rows of a prediction: what is missing there is conditioned around.
_NOT_KNOWN = Refused()


class MixtureRegressor(TakesMissing, RegressorMixin, BaseEstimator):
    """Gaussian mixture regression: the distribution of targets given inputs.

    A mixture is fitted to inputs and targets together; given the inputs, the targets follow
    a mixture again, whose weights, means and spread change from row to row.

    Parameters
    ----------
    n_components : int or iterable of int, default 1 to 9
        If there are several, `criterion` chooses.  One component is linear regression.
    families : str, Family, or several of them, default "full"
        As for `GaussianMixtureIC`; if there are several, or "all", `criterion` chooses.
        Families along the axes make a component's targets and inputs independent.
    criterion : str or Criterion, default "bic"
    init_params : str, array-like or Mixture, optional
        Of inputs and targets together.  None is the default of `GaussianMixture`, or of
        `GaussianMixtureIC` for a choice.
    tol, reg_covar, max_iter, n_init, random_state, n_jobs, prior : optional
        As for `GaussianMixture`.
    missing : "error" or "em", default "error"
        What becomes of missing values, inputs or targets, in a fit.  "em": all that is seen
        takes part.  In predictions an input that is missing is not known, always.

    Attributes
    ----------
    mixture_ : Mixture
        Of inputs and targets, in this order; of files, in that of their columns.
    estimator_ : GaussianMixture
        The fit of it.
    n_outputs_ : int
    n_iter_ : int
    n_features_in_ : int
        Inputs.
    feature_names_in_ : ndarray of str
        Only when X has column names.

    Raises
    ------
    ParameterError, DataError
        Both are ValueErrors; the message names the argument and the remedy.

    References
    ----------
    Ghahramani & Jordan (1994), Supervised learning from incomplete data via an EM approach,
    NIPS 6, section 4.1.  Sung (2004), Gaussian mixture regression and classification, PhD
    thesis, Rice University, chapter 2.

    Notes
    -----
    A column in memory that is constant, or that others determine (y = 2x, an input that is there
    twice), is taken out of the fit and put back as what it is: a line, as wide as covariances
    are held at least, 1e-5 of its standard deviation.  Inputs that others determine are not looked
    at in a prediction where the others are known.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import MixtureRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(0, 10, (500, 1))
    >>> y = np.sin(X[:, 0]) + 0.1 * rng.standard_normal(500)
    >>> model = MixtureRegressor(8, random_state=0).fit(X, y)
    >>> mean, std = model.predict([[1.6], [4.7]], return_std=True)
    >>> mean.round(1).tolist(), std.round(1).tolist()
    ([0.9, -1.0], [0.1, 0.2])
    >>> model.predict([[np.nan]]).round(1).tolist()  # nothing is known: the mean of all
    [0.2]
    """

    def __init__(
        self,
        n_components: Any = (1, 2, 3, 4, 5, 6, 7, 8, 9),
        *,
        families: Any = "full",
        criterion: Any = "bic",
        init_params: Any = None,
        tol: float = 1e-6,
        reg_covar: float = 0.0,
        max_iter: int = 1000,
        n_init: int = 1,
        random_state: Any = None,
        n_jobs: int | None = None,
        prior: Any = None,
        missing: str = "error",
    ) -> None:
        self.n_components = n_components
        self.families = families
        self.criterion = criterion
        self.init_params = init_params
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.prior = prior
        self.missing = missing

    # -- fitting --------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the mixture of inputs and targets.

        Parameters
        ----------
        X : array-like or dataframe (n, d)
            In memory; or files opened by `gaussmix.scan`, a query, and so on, which then
            hold the targets too.
        y : array-like (n,) or (n, m), or names of columns
            Names where X holds them.
        sample_weight : array-like (n,), optional
            A row of weight w counts as w rows.
        """
        if y is None:
            raise ValueError("y: This regressor requires y to be passed, but the target y is None")
        self._check_missing()
        with whole_or_unchanged(self):
            found = open_source(X, sample_weight, self.n_jobs)
            if found is None:
                inputs: Any = open_rows(self, X, sample_weight, reset=True)
                source: Source = self._beside(inputs, y)
                targets: AnyArray = np.arange(inputs.n_features, source.n_features)
            else:
                source, targets = found, self._named(found, y)
            self._targets, self.n_outputs_ = targets, len(targets)
            self._inputs = np.setdiff1d(np.arange(source.n_features), targets)
            self._fit_mixture(source)
        return self

    def _fit_mixture(self, source: Source) -> None:
        """Fit the mixture of the columns that no others determine, and put those beside."""
        own, start = self._lines(source), self.init_params
        self._spare = np.zeros(len(self._inputs), dtype=bool)
        if own is not None and isinstance(start, Mixture):
            start = start.marginal(own.kept)
        rows = source if own is None else own.rows(cast("MemorySource", source))
        found = fitted_mixture(self, rows, self.n_components, self.families, init_params=start)
        self.estimator_, self.mixture_ = found, found.mixture_
        if own is not None:
            self.mixture_ = own.whole(found.mixture_, source.feature_names)
            self._spare = np.isin(self._inputs, own.fixed)

    def _lines(self, source: Source) -> Determined | None:
        """Return the columns that others determine, where these would be in the way of a fit."""
        if not isinstance(source, MemorySource) or self.reg_covar:
            return None
        families = choose_families(self.families, source.n_features)
        lines = any(family.held.moment is PRODUCTS for family in families)
        return determined(source, lines=lines)

    def _beside(self, inputs: MemorySource, y: Any) -> MemorySource:
        """Return the rows of inputs and targets, side by side."""
        frame = as_frame(y, "y")
        targets = as_numbers("y", y if frame is None else frame.to_numpy(), DataError)
        finite: Any = "allow-nan" if self.missing == "em" else True
        targets = check_array(
            targets, dtype=np.float64, ensure_2d=False, ensure_all_finite=finite, input_name="y"
        )
        self._flat = targets.ndim == 1
        targets = targets[:, None] if self._flat else targets
        if len(targets) != inputs.n_rows or targets.ndim != 2:
            raise DataError(
                "y: Found input variables with inconsistent numbers of samples: expected shape "
                f"({inputs.n_rows},) or ({inputs.n_rows}, n_outputs), got {np.shape(y)}"
            )
        rows = np.column_stack([np.asarray(inputs.array[:], dtype=np.float64), targets])
        names = inputs.feature_names or tuple(f"x{j}" for j in range(inputs.n_features))
        names = (*names, *_names_of(y, targets.shape[1], names))
        own = MemorySource(rows, inputs.weights, n_jobs=self.n_jobs, feature_names=names)
        own.remedy = inputs.remedy
        return own.like(inputs)

    def _named(self, source: Source, y: Any) -> AnyArray:
        """Return the places of the targets among the columns of a source; note the others."""
        names, flat = source.feature_names or (), isinstance(y, str)
        wanted = [y] if flat else list(y)
        missing = [name for name in wanted if name not in names]
        if missing or not wanted:
            raise ParameterError(
                "y: expected names of columns of X, which is read where it lies, got "
                f"{shown(missing[0] if missing else y)}; it has {', '.join(names) or 'no names'}"
            )
        if len(wanted) == len(names):
            raise ParameterError("y: all columns are targets, none is left to predict from")
        kept = [name for name in names if name not in wanted]
        self._flat = flat
        self.n_features_in_, self.feature_names_in_ = len(kept), np.array(kept, dtype=object)
        self._fitted_dtype = np.float64
        return np.array([names.index(name) for name in wanted], dtype=np.intp)

    @property
    def n_iter_(self) -> int:
        """Number of iterations of the fit."""
        check_is_fitted(self, "mixture_")
        return self.estimator_.n_iter_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # -- predictions ------------------------------------------------------------------

    def predict(self, X: Any, *, return_std: bool = False, return_cov: bool = False) -> Any:
        """Return the means of the targets given each row of inputs, (n,) or (n, m) as `y` was.

        Parameters
        ----------
        X : array-like, dataframe, or whatever `GaussianMixture` takes (n, d)
            NaN is not known: the other inputs alone count.
        return_std : bool, default False
            Return their standard deviations too, shaped as the means.
        return_cov : bool, default False
            Return their covariances too, shape (n, m, m); not both.
        """
        if return_std and return_cov:
            raise ParameterError("return_std and return_cov: give one of them")
        check_is_fitted(self, "mixture_")
        if not (return_std or return_cov):
            source = open_rows(self, X, reset=False, missing=_NOT_KNOWN)
            whole = not (isinstance(source, MemorySource) and _any_missing(source))
            if whole and not self._spare.any():
                return self._means(source)
            return self._shaped(self._given(source).mean())
        found = self.predict_distribution(X)
        mean = self._shaped(found.mean())
        return mean, (found.covariance() if return_cov else self._shaped(found.std()))

    def _means(self, source: Source) -> Any:
        """Return conditional means of complete rows, in a pass that keeps nothing else."""
        mixture: Any = self.mixture_
        kept, given = self._targets, self._inputs
        gains, _ = mixture.covariances.conditional(kept, given)
        evaluator = mixture.marginal(given).evaluator(source)
        return evaluator.regressed(mixture.means[:, kept], gains, flat=self._flat)

    def predict_distribution(self, X: Any) -> Conditionals:
        """Return the mixtures of the targets given each row of inputs, all at once.

        Item i is the `Mixture` of row i; see `Mixture.conditionals`.
        """
        check_is_fitted(self, "mixture_")
        return self._given(open_rows(self, X, reset=False, missing=_NOT_KNOWN))

    def _given(self, source: Source) -> Conditionals:
        from ..mixture.conditionals import conditioned_rows

        if not isinstance(source, MemorySource):
            raise DataError("X: distributions need rows in memory; means are predicted of files")
        rows = np.asarray(source.array[:], dtype=np.float64)
        if self._spare.any():  # they say nothing where the others are known
            rows = rows.copy()
            rows[np.ix_(~np.isnan(rows[:, ~self._spare]).any(axis=1), self._spare)] = np.nan
        found = conditioned_rows(self.mixture_, self._inputs, rows)
        return found.of_features(np.searchsorted(np.sort(self._targets), self._targets))

    def predict_quantiles(self, X: Any, q: Any) -> Array:
        """Return quantiles of the targets given each row.

        They are ``(n, *q.shape)``, or ``(n, *q.shape, m)`` of several targets.
        """
        found = self.predict_distribution(X).ppf(q)
        return found[..., 0] if self._flat else found

    def sample(self, X: Any, n_samples: int = 1, random_state: Any = None) -> Array:
        """Draw targets given each row of inputs, (n, n_samples) or (n, n_samples, m)."""
        state = self.random_state if random_state is None else random_state
        found = self.predict_distribution(X).sample(n_samples, state)
        return found[..., 0] if self._flat else found

    def logpdf(self, X: Any, y: Any) -> Array:
        """Return the log-density of each row's own targets given its inputs, shape (n,)."""
        return self.predict_distribution(X).logpdf(y)

    def _shaped(self, values: Any) -> Any:
        return values[:, 0] if self._flat else values


def _any_missing(source: MemorySource) -> bool:
    return any(
        bool(np.isnan(source.array[first : first + 65_536]).any())
        for first in range(0, source.n_rows, 65_536)
    )


def _names_of(y: Any, n_targets: int, taken: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of targets that no input has."""
    frame, name = as_frame(y, "y"), getattr(y, "name", None)
    if frame is not None:
        names = tuple(map(str, frame.columns))
    elif isinstance(name, str):
        names = (name,)
    else:
        names = ("target",) if n_targets == 1 else tuple(f"target_{j}" for j in range(n_targets))
    return tuple(f"{own} (target)" if own in taken else own for own in names)
