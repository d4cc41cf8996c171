"""The scikit-learn estimator: parameters in, attributes out; no mathematics."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from .criteria import aic, bic, classification_penalty
from .em import Callback, EMOptions, FitResult, Iteration, Status
from .exceptions import CollapseWarning, FitInterrupted, ParameterError
from .families import Family, get_family
from .fitting import fit_mixture
from .init import get_start
from .init.given import GivenMixture, Overridden
from .sources import MemorySource
from .validation import (
    check_integer,
    check_number,
    check_sample_weight,
    require_numeric_columns,
)

if TYPE_CHECKING:
    from ._typing import AnyArray, Array
    from .evaluate import Evaluator

__all__ = ["GaussianMixture"]


class GaussianMixture(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator
):
    """Gaussian mixture fitted by Expectation-Maximisation.

    A drop-in for ``sklearn.mixture.GaussianMixture`` with sample weights, more
    starts, a stopping rule that looks ahead, and a fit that cannot end in NaN.

    Parameters
    ----------
    n_components : int, default 1
    covariance_type : str or Family, default "full"
        "full", "tied", "diag" or "spherical"; mclust's names "VVV", "EEE", "VVI"
        and "VII" mean the same.
    tol : float, default 1e-6
        Stop when the mean log-likelihood a row still to come, as predicted from
        the last gains, is below `tol`.  0 never stops early.
    reg_covar : float, default 0
        Added to the diagonal of covariances.  Not needed to avoid collapse: a
        covariance that would become singular is held at a floor relative to the
        data's own scale, and reported.
    max_iter : int, default 1000
    n_init : int, default 1
        Number of starts; the best is kept.
    init_params : str, array-like or Mixture, default "kmeans"
        "kmeans", "k-means++", "random", "random_from_data"; hard labels (n,)
        from 0 to K - 1; responsibilities (n, K); or a `Mixture`.
    weights_init, means_init, precisions_init : array-like, optional
        Replace parameters of the start: (K,), (K, d), and precisions shaped as
        ``precisions_``.
    random_state : int, RandomState, Generator or None
    warm_start : bool, default False
        Start the next fit from the last fit's mixture.
    verbose : int, default 0
        Print progress every `verbose_interval` iterations.
    verbose_interval : int, default 10
    n_jobs : int, optional
        Threads; None means all available cores.  Results do not depend on it.
    callback : callable, optional
        Called with an `Iteration` after each E-step; a true result stops the fit.

    Attributes
    ----------
    mixture_ : Mixture
        The fitted mixture, an immutable value.
    weights_ : ndarray (K,)
    means_ : ndarray (K, d)
    covariances_, precisions_, precisions_cholesky_ : ndarray
        (K, d, d) full, (d, d) tied, (K, d) diag, (K,) spherical.
    converged_ : bool
    n_iter_ : int
        Iterations of the best start.
    lower_bound_ : float
        Mean log-likelihood a row of the training data, of exactly these parameters.
    lower_bounds_ : list of float
        The same by iteration.
    history_ : History
        Trace: total log-likelihood, seconds and collapsed components by iteration.
    status_ : Status
        Why the fit stopped.
    result_ : FitResult
        All of the above as one value.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only when X has column names.

    Raises
    ------
    ParameterError, DataError
        Both are ValueErrors; the message names the argument and the remedy.
    FitInterrupted
        On Ctrl-C.  The estimator then holds the best state reached.

    Notes
    -----
    Components are ordered by their means' first coordinate, unless the start was
    given (`init_params` as an array or Mixture, or `means_init`): then they keep
    the order of the start.

    References
    ----------
    Dempster, Laird & Rubin (1977), Maximum likelihood from incomplete data via the
    EM algorithm, JRSS B 39, equations 2.16-2.17 and section 4.3.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from gaussmix import GaussianMixture
    >>> X = load_iris().data
    >>> model = GaussianMixture(n_components=3, random_state=0).fit(X)
    >>> round(model.lower_bound_ * len(X), 2)
    -180.19
    >>> model.predict(X[:3]).tolist()
    [0, 0, 0]
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str | Family = "full",
        tol: float = 1e-6,
        reg_covar: float = 0.0,
        max_iter: int = 1000,
        n_init: int = 1,
        init_params: Any = "kmeans",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callback | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_jobs = n_jobs
        self.callback = callback

    # -- fitting ------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the mixture.

        Parameters
        ----------
        X : array-like or dataframe (n, d)
        y : ignored
        sample_weight : array-like (n,), optional
            A row of weight w counts as w rows; weight 0 leaves the row out.
        """
        n_components = check_integer("n_components", self.n_components, minimum=1)
        n_init = check_integer("n_init", self.n_init, minimum=1)
        family = get_family(self.covariance_type)
        options = EMOptions(
            tol=check_number("tol", self.tol),
            max_iter=check_integer("max_iter", self.max_iter, minimum=1),
            reg_covar=check_number("reg_covar", self.reg_covar),
        )
        check_integer("verbose_interval", self.verbose_interval, minimum=1)
        start = self._start()
        source = self._source(X, sample_weight, reset=True)
        try:
            self._keep(
                fit_mixture(
                    source,
                    n_components,
                    family,
                    start,
                    options,
                    n_init=n_init,
                    rng=_generator(self.random_state),
                    callback=self._report if self.verbose or self.callback else None,
                )
            )
        except FitInterrupted as interrupted:
            self._keep(interrupted.result)
            raise
        self._warn()
        return self

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> AnyArray:
        """Fit, then return the most probable component of each row, shape (n,)."""
        return self.fit(X, y, sample_weight).predict(X)

    def _start(self) -> Any:
        if self.warm_start and hasattr(self, "mixture_"):
            return GivenMixture(self.mixture_, "warm_start")
        start = get_start(self.init_params)
        given = (self.weights_init, self.means_init, self.precisions_init)
        if all(values is None for values in given):
            return start
        return Overridden(start, *given)

    def _source(self, X: Any, sample_weight: Any = None, *, reset: bool) -> MemorySource:
        require_numeric_columns(X)
        rows = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            ensure_min_samples=2 if reset else 1,
        )
        return MemorySource(
            rows,
            check_sample_weight(sample_weight, len(rows)),
            n_jobs=self.n_jobs,
            feature_names=self._names(),
        )

    def _names(self) -> tuple[str, ...] | None:
        names = getattr(self, "feature_names_in_", None)
        return None if names is None else tuple(names)

    def _keep(self, result: FitResult) -> None:
        self.result_ = result
        self.mixture_ = result.mixture

    def _report(self, iteration: Iteration) -> bool | None:
        if self.verbose and iteration.number % self.verbose_interval == 0:
            print(
                f"  iteration {iteration.number:4d}  "
                f"log-likelihood a row {iteration.log_likelihood:.6f}  "
                f"still to come {iteration.remaining:.2e}"
            )
        return self.callback(iteration) if self.callback is not None else None

    def _warn(self) -> None:
        category = CollapseWarning if self.result_.collapsed else ConvergenceWarning
        for message in self.result_.warnings():
            warnings.warn(message, category, stacklevel=3)
            category = ConvergenceWarning

    # -- fitted attributes ----------------------------------------------------------

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
        return self._fitted().mixture.covariances.inverted().array

    @property
    def precisions_cholesky_(self) -> Array:
        """Upper Cholesky factors of the precisions, shaped like ``covariances_``."""
        covariances = self._fitted().mixture.covariances
        factors = covariances.precision_factors
        return factors[0] if covariances.shared else factors

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
    def history_(self) -> Any:
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
        return self._fitted().mixture.n_components

    def _fitted(self) -> FitResult:
        try:
            return self.__dict__["result_"]
        except KeyError:
            raise AttributeError(
                f"this {type(self).__name__} is not fitted yet; call fit first"
            ) from None

    # -- using the mixture --------------------------------------------------------------

    def _evaluator(self, X: Any) -> Evaluator:
        check_is_fitted(self)
        return self.mixture_.evaluator(self._source(X, reset=False))

    def predict(self, X: Any) -> AnyArray:
        """Return the most probable component of each row, shape (n,)."""
        return self._evaluator(X).labels()

    def predict_proba(self, X: Any) -> Array:
        """Return the responsibilities, shape (n, K); rows sum to 1."""
        return self._evaluator(X).responsibilities()

    def transform(self, X: Any) -> Array:
        """Return the responsibilities as features, shape (n, K); see ``set_output``."""
        return self.predict_proba(X)

    def score_samples(self, X: Any) -> Array:
        """Return the log-density of each row, shape (n,)."""
        return self._evaluator(X).log_density()

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the (weighted) mean log-density of the rows."""
        log_density = self.score_samples(X)
        weights = check_sample_weight(sample_weight, len(log_density))
        return float(np.average(log_density, weights=weights))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> tuple[Array, AnyArray]:
        """Draw rows (n_samples, d) and their components (n_samples,).

        `random_state` overrides the estimator's own; give a Generator for new
        rows at each call.
        """
        check_is_fitted(self)
        rng = _generator(self.random_state if random_state is None else random_state)
        return self.mixture_.sample(n_samples, rng)

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Return the Bayesian information criterion on X; smaller is better."""
        log_likelihood, n = self._log_likelihood(X, sample_weight)
        return bic(log_likelihood, self._fitted().n_parameters, n)

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Return Akaike's information criterion on X; smaller is better."""
        log_likelihood, _ = self._log_likelihood(X, sample_weight)
        return aic(log_likelihood, self._fitted().n_parameters)

    def icl(self, X: Any, sample_weight: Any = None) -> float:
        """Return the integrated completed likelihood on X; smaller is better.

        BIC plus a penalty for overlap (Biernacki, Celeux & Govaert 2000); mclust's
        definition, with the sign of BIC.
        """
        responsibilities = self.predict_proba(X)
        weights = check_sample_weight(sample_weight, len(responsibilities))
        return self.bic(X, sample_weight) + classification_penalty(responsibilities, weights)

    def _log_likelihood(self, X: Any, sample_weight: Any) -> tuple[float, float]:
        log_density = self.score_samples(X)
        weights = check_sample_weight(sample_weight, len(log_density))
        if weights is None:
            return float(log_density.sum()), float(len(log_density))
        return float(weights @ log_density), float(weights.sum())


def _generator(random_state: Any) -> np.random.Generator:
    """Return a Generator from anything scikit-learn or NumPy accept as a seed."""
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError):
        raise ParameterError(
            f"random_state: expected an int, a RandomState, a Generator or None, "
            f"got {random_state!r}"
        ) from None
