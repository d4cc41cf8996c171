"""The Bayesian mixture as a scikit-learn estimator: parameters in, attributes out."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NoReturn, Self

from ..exceptions import ParameterError
from ..fitting.believed import in_use, of_expected, posterior_of, pruned
from ..mixture.evaluate import Evaluator
from ..rows.errors import Errors
from .believed import Believed
from .mixture import GaussianMixture
from .rows import open_rows
from .settings import settings_of_bayesian

if TYPE_CHECKING:
    from .._typing import Array
    from ..components.families import Family
    from ..components.variational_posterior import VariationalPosterior
    from ..em.result import Callback, FitResult
    from ..fitting.stream import Stream
    from ..rows.missing import Missing
    from .settings import Settings

__all__ = ["BayesianGaussianMixture"]


class BayesianGaussianMixture(Believed, GaussianMixture):
    """Gaussian mixture with a distribution for its parameters, by variational inference.

    A drop-in for ``sklearn.mixture.BayesianGaussianMixture``: `n_components` is how many
    components there may be, and those that the data have no use for end without rows.
    What `GaussianMixture` has, this has: sample weights, files, streams, the race of
    starts, leaps, checkpoints.

    Parameters
    ----------
    n_components : int, default 1
        The most components that may have rows.
    covariance_type : str or Family, default "full"
        As of `GaussianMixture`: any family.
    tol : float, default 1e-6
        Stop when the bound still to come, a row, is below `tol`.
    reg_covar : float, default 0
        Added to the diagonal of covariances; the prior makes it needless.
    max_iter : int, default 1000
    n_init : int, default 1
        Number of starts; the one with the highest bound is kept.
    init_params : str, array-like or Mixture, default "race"
        As of `GaussianMixture`.  After a start that has a name, components are merged or
        left out where the bound rises by it; one that is given is only climbed from.
    weight_concentration_prior_type : str, default "dirichlet_process"
        Or "dirichlet_distribution".
    weight_concentration_prior : float, optional
        The smaller, the fewer components take part; 1 / `n_components`.
    mean_precision_prior : float, optional
        Rows that `mean_prior` is worth; 1.
    mean_prior : array-like (d,), optional
        The mean of the rows.
    degrees_of_freedom_prior : float, optional
        Rows that `covariance_prior` is worth; d.  More than d - 1.
    covariance_prior : float or array-like, optional
        The covariance of the rows; shaped as that of one component.  Where clusters are much
        narrower and have few rows it costs dear: see the notes.
    random_state : int, RandomState, Generator or None
    warm_start : bool, default False
    verbose : int, default 0
    verbose_interval : int, default 10
    n_jobs : int, optional
    callback : callable, optional
    accelerate : bool, default True
    dtype : "float64" or "float32", default "float64"
    missing : "error", "drop" or "em", default "error"
        With "em" the bound is of the evidence of what is seen; values that are missing are
        averaged over together with the components that rows are of, given parameters'
        expectations.
    stepwise : Stepwise, optional
        ``partial_fit`` is stochastic variational inference.
    checkpoint : path or Checkpoint, optional
        This and what has no description is as of `GaussianMixture`.

    Attributes
    ----------
    weights_ : ndarray (K,)
        Expected weights, made to sum to 1.
    means_ : ndarray (K, d)
        Expected means.
    covariances_, precisions_, precisions_cholesky_ : ndarray
        Precisions are expected ones, covariances their inverses; shaped as of
        `GaussianMixture`.
    weight_concentration_ : ndarray (K,), or tuple of two of a Dirichlet process
    mean_precision_ : ndarray (K,)
    degrees_of_freedom_ : ndarray (K,), or float if all components share a covariance
    weight_concentration_prior_, mean_precision_prior_, degrees_of_freedom_prior_ : float
    mean_prior_ : ndarray (d,)
    covariance_prior_ : ndarray or float
    lower_bound_ : float
        Lower bound of the log evidence, all constants in it: comparable among numbers of
        components and priors.
    lower_bounds_ : list of float
        The same by iteration.
    active_ : ndarray of int
        Components in use: those that have learnt from a row at least.
    n_effective_ : int
        How many these are.
    mixture_ : Mixture
        Of the expected parameters.
    predictive_ : Mixture
        The density of a new row, averaged over the posterior.
    converged_, n_iter_, history_, status_, result_, n_features_in_, feature_names_in_
        As of `GaussianMixture`; where they say log-likelihood they hold the bound.

    Raises
    ------
    ParameterError, DataError
    FitInterrupted

    Notes
    -----
    ``score_samples`` and ``score`` are scikit-learn's: expected log-densities, which are not
    those of any density (they integrate to less than 1).  `log_predictive` is a density.

    The default of `covariance_prior` makes narrow components of few rows improbable, so that
    the bound may be highest with a few wide ones.  Fits with other priors can be compared by
    ``lower_bound_``: try ``np.cov(X.T) / n_components`` where components seem too few.

    Components are ordered by size, the largest first, unless the start was given.  So are the
    sticks of a Dirichlet process, at each step.

    References
    ----------
    Bishop (2006), Pattern recognition and machine learning, section 10.2.
    Blei & Jordan (2006), Variational inference for Dirichlet process mixtures, Bayesian
    Analysis 1.
    Kurihara, Welling & Teh (2007), Collapsed variational Dirichlet process mixture models,
    IJCAI: sticks by size.

    Examples
    --------
    >>> from gaussmix import BayesianGaussianMixture, datasets
    >>> X = datasets.iris().rows
    >>> model = BayesianGaussianMixture(n_components=6, random_state=0).fit(X)
    >>> model.n_effective_, model.weights_.round(2).tolist()[:3]
    (2, [0.67, 0.33, 0.0])
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
        init_params: Any = "race",
        weight_concentration_prior_type: str = "dirichlet_process",
        weight_concentration_prior: float | None = None,
        mean_precision_prior: float | None = None,
        mean_prior: Any = None,
        degrees_of_freedom_prior: float | None = None,
        covariance_prior: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        accelerate: bool = True,
        dtype: Any = "float64",
        missing: str | Missing = "error",
        stepwise: Any = None,
        checkpoint: Any = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weight_concentration_prior_type = weight_concentration_prior_type
        self.weight_concentration_prior = weight_concentration_prior
        self.mean_precision_prior = mean_precision_prior
        self.mean_prior = mean_prior
        self.degrees_of_freedom_prior = degrees_of_freedom_prior
        self.covariance_prior = covariance_prior
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_jobs = n_jobs
        self.callback = callback
        self.accelerate = accelerate
        self.dtype = dtype
        self.missing = missing
        self.stepwise = stepwise
        self.checkpoint = checkpoint

    # -- fitting ------------------------------------------------------------------

    def _settings(self) -> Settings:
        return settings_of_bayesian(self)

    def _reached(self) -> FitResult | None:
        return self.__dict__.get("_climbed")

    def _keep(self, result: FitResult, stream: Stream | None = None) -> None:
        self._climbed = result
        self._believe(posterior_of(result), result, stream)

    def _believe(
        self, posterior: VariationalPosterior, result: FitResult, stream: Stream | None = None
    ) -> None:
        """Show what a posterior says."""
        self._posterior = posterior
        super()._keep(of_expected(result, posterior), stream)

    def prune(self) -> Self:
        """Return a copy of this fitted estimator that has the components in use alone.

        Priors stay as they were, and so do ``lower_bound_`` and ``result_``'s other figures.
        """
        posterior = self._believed()
        kept = in_use(posterior)
        small = copy(self)
        small.n_components = len(kept)
        small._climbed = pruned(self._climbed, kept)
        small._believe(posterior.take(kept), small._climbed)
        return small

    # -- using it -----------------------------------------------------------------------

    def _evaluator(
        self, X: Any, sample_weight: Any = None, Xerr: Any = None, projection: Any = None
    ) -> Evaluator:
        self._require_fitted()
        errors = Errors(Xerr, projection)
        source = open_rows(self, X, sample_weight, reset=False, errors=errors)
        return Evaluator(self._believed().averaged, source)

    def score_samples(self, X: Any, Xerr: Any = None, *, projection: Any = None) -> Array:
        """Return scikit-learn's figure for each row, shape (n,).

        The log of the sum of the exponentials of expected log-joint densities.  It is no
        log-density, since it integrates to less than 1; see `log_predictive`.
        """
        return super().score_samples(X, Xerr, projection=projection)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None, **errors: Any) -> float:
        """Return the (weighted) mean of ``score_samples``."""
        return super().score(X, y, sample_weight, **errors)

    def log_predictive(self, X: Any) -> Array:
        """Return the log-density of each row, averaged over the posterior, shape (n,)."""
        self._require_fitted()
        source = open_rows(self, X, reset=False)
        return Evaluator(self._believed().predictive(), source).log_density()

    def bic(self, X: Any, sample_weight: Any = None, **errors: Any) -> NoReturn:
        """Raise ParameterError: the bound takes its place."""
        _refuse("bic")

    def aic(self, X: Any, sample_weight: Any = None, **errors: Any) -> NoReturn:
        """Raise ParameterError: the bound takes its place."""
        _refuse("aic")

    def icl(self, X: Any, sample_weight: Any = None, **errors: Any) -> NoReturn:
        """Raise ParameterError: the bound takes its place."""
        _refuse("icl")


def _refuse(name: str) -> NoReturn:
    raise ParameterError(
        f"{name}: is a criterion of maximum-likelihood estimates, and a Bayesian mixture has "
        "none; compare lower_bound_, which is of the log evidence and comparable among numbers "
        "of components and priors (larger is better), or log_predictive on rows held out"
    )
