"""The scikit-learn estimator: parameters in, attributes out; no mathematics."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning

from ..components.densities import NORMAL
from ..components.families import get_family
from ..em.progress import Reporter
from ..exceptions import CollapseWarning, FitInterrupted
from ..fitting.fit import fit_mixture
from ..interchange.checkpoint import open_keeper
from ..numerics.arguments import as_generator
from ..rows.errors import Errors
from ..rows.missing import get_missing
from .answers import Answers
from .features import ResponsibilitiesAsFeatures
from .fitted import FittedAttributes
from .partial_fit import PartialFit
from .rows import open_rows
from .settings import warn_of_target

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.densities import Density
    from ..components.families import Family
    from ..em.keeper import Keeper
    from ..em.result import Callback, FitResult
    from ..fitting.stream import Stream
    from ..rows import Source
    from ..rows.missing import Missing
    from .settings import Settings

__all__ = ["GaussianMixture"]


class GaussianMixture(
    Answers,
    PartialFit,
    FittedAttributes,
    ResponsibilitiesAsFeatures,
    DensityMixin,
    BaseEstimator,
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
        0 is the start as it is, which is the same for any `max_iter`.
    n_init : int, default 1
        Number of starts, each of which may be a race of several; `select` says which is kept.
    select : str, default "predictive"
        Which of the optima found is returned.  "predictive": where most k-means starts
        lead, unless another foretells each row without it surely better; "likelihood": starts
        drop out by likelihood alone.  On many rows they are the same.
    init_params : str, array-like or Mixture, default "race"
        "race" (up to 48 starts at once on a subsample, the best of them converged there),
        "kmeans", "k-means++", "random", "random_from_data", "mbahc" (hierarchical
        clustering, as mclust starts); hard labels (n,) from 0 to K - 1;
        responsibilities (n, K); or a `Mixture`.
    weights_init, means_init, precisions_init : array-like, optional
        Replace parameters of the start: (K,), (K, d), and precisions shaped as
        ``precisions_``.
    random_state : int, RandomState, Generator or None
        None is NumPy's global state, which ``np.random.seed`` sets.
    warm_start : bool, default False
        Start the next fit from the last fit's mixture: two fits of `max_iter` 1 are one
        of 2.  After more than six iterations only if `accelerate` is False, since leaps
        look back on the steps of their own fit.
    verbose : int, default 0
        Print progress every `verbose_interval` iterations.
    verbose_interval : int, default 10
    n_jobs : int, optional
        Threads; None means all available cores.  Results do not depend on it.
    callback : callable, optional
        Called with an `Iteration` after each E-step; a true result stops the fit.  If it
        has a method ``progress`` that is called with `Progress` within each pass.
    accelerate : bool, default True
        Leap ahead where EM is slow, by a quasi-Newton step (after Zhou, Alexander & Lange
        2011): several times fewer passes, and no drop of the log-likelihood.  False is
        plain EM, every step of it.  No effect with `reg_covar`.
    equal_weights : bool, default False
        Hold all mixing weights at 1 / K.
    prior : None, "conjugate" or ConjugatePrior, default None
        Estimate the posterior mode under mclust's conjugate prior, which keeps small
        components from collapsing; not for VEE, EVE, VVE and EVV.
    noise : float or array-like of bool (n,), optional
        Add a uniform background over the data's extent, for rows that belong to no
        component: the share of rows it starts with, or the rows themselves.  It has
        label -1, and the last column of responsibilities.
    dtype : "float64" or "float32", default "float64"
        Of the arithmetic within a block of rows; sums over blocks are float64 always.
        float32 is faster by about two thirds and right to about five digits, and gives
        way to float64 where it would lose more.
    missing : str, default "error"
        What becomes of rows in which a value is missing (NaN, pandas' NA, null).  "error":
        an error names the columns.  "drop": only complete rows take part, in fits, ``score``
        and criteria, and ``n_rows_dropped_`` counts the others; in answers by row these have
        label -3, as in scikit-learn's HDBSCAN, and NaN.  "em": all that is seen takes part; the
        likelihood of that is climbed, and answers are given that.
    fixed : dict, optional
        What stays as the start has it, by component: {"weights": mask, "means": mask,
        "covariances": mask}, each (K,) booleans, or True for all.  The start must give it.
    stepwise : Stepwise, optional
        How fast ``partial_fit`` forgets: ``Stepwise(memory=10_000)`` follows a drift.
    checkpoint : path or Checkpoint, optional
        Save the state of ``fit`` now and then; ``Checkpoint(path, resume=True)`` goes on
        from it, to the same result as without the interruption.

    Attributes
    ----------
    mixture_ : Mixture
        The fitted mixture, an immutable value, in float64; the arrays below are float32
        after a fit to float32 rows.
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
    n_rows_dropped_ : int
        Rows that were left out because a value is missing.
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
        select: str = "predictive",
        init_params: Any = "race",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        accelerate: bool = True,
        equal_weights: bool = False,
        prior: Any = None,
        noise: Any = None,
        dtype: Any = "float64",
        missing: str | Missing = "error",
        stepwise: Any = None,
        checkpoint: Any = None,
        fixed: Any = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.select = select
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
        self.accelerate = accelerate
        self.equal_weights = equal_weights
        self.prior = prior
        self.noise = noise
        self.dtype = dtype
        self.missing = missing
        self.stepwise = stepwise
        self.checkpoint = checkpoint
        self.fixed = fixed

    # -- fitting ------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        known: Any = None,
        Xerr: Any = None,
        projection: Any = None,
    ) -> Self:
        """Fit the mixture.

        Parameters
        ----------
        X : array-like, dataframe, `gaussmix.scan` or callable (n, d)
            In memory, or a Dask array or dataframe, or a Spark DataFrame.  A callable
            returns an iterator of blocks, anew for each pass: arrays, frames, or pairs
            (block, weights).
        y : ignored
            As in scikit-learn.
        sample_weight : array-like (n,), optional
            A row of weight w counts as w rows; weight 0 leaves the row out.  The name of a
            column for scans, and for Dask and Spark dataframes.
        known : array-like of int (n,), optional
            Known components of rows, from 0 to K - 1, and -1 where unknown: rows whose
            component is known keep it.
        Xerr : array-like or names of columns, optional
            Measurement errors, never standard deviations: variances (n, d), covariances
            (n, d, d), or what all rows have, (d,) or (d, d).  What is fitted is then the density
            of the values without error (Bovy, Hogg & Roweis 2011).  An infinite error is a
            missing value.  Of files, and of dataframes if wanted, the names of columns of X: d
            variances in the order of the others, or d (d + 1) / 2 entries of lower triangles.
        projection : array-like (n, e, d) or (e, d), optional
            Rows are y = R x + e, R the projection: X has the columns of y, and the mixture is
            one of x.
        """
        settings = self._settings()
        warn_of_target(y, settings.model.n_components)
        before = self.__dict__.copy()
        try:
            errors = Errors(Xerr, projection)
            source = open_rows(self, X, sample_weight, reset=True, errors=errors)
            labels = settings.known(known, source)
            keeper = open_keeper(self.checkpoint)
            self._keep(self._run(settings, source, labels, self._reporter(), keeper))
        except FitInterrupted as interrupted:
            self._keep(interrupted.result)
            raise
        except BaseException:
            self._restore(before)
            raise
        self._warn()
        return self

    def _kind(self) -> tuple[Family, Density]:
        """Return the family and the density that the parameters name."""
        return get_family(self.covariance_type), NORMAL

    def _run(
        self,
        settings: Settings,
        source: Source,
        known: AnyArray | None,
        callback: Callback | None = None,
        keeper: Keeper | None = None,
    ) -> FitResult:
        return fit_mixture(
            source,
            settings.model,
            settings.start,
            settings.options,
            rng=as_generator(self.random_state),
            callback=callback,
            known=known,
            noise=settings.noise,
            keeper=keeper,
        )

    def _reporter(self) -> Reporter | None:
        if not (self.verbose or self.callback):
            return None
        return Reporter(self.callback, self.verbose_interval if self.verbose else 0)

    def _restore(self, before: dict[str, Any]) -> None:
        """Be as before a fit that failed, names of its columns included."""
        self.__dict__.clear()
        self.__dict__.update(before)

    def fit_predict(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        known: Any = None,
        Xerr: Any = None,
        projection: Any = None,
    ) -> AnyArray:
        """Fit, then return the most probable component of each row, shape (n,)."""
        self.fit(X, y, sample_weight, known=known, Xerr=Xerr, projection=projection)
        return self.predict(X, Xerr, projection=projection)

    def _keep(self, result: FitResult, stream: Stream | None = None) -> None:
        self.result_ = result
        self.mixture_ = result.mixture
        self._streams = stream

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = get_missing(self.missing).allowed
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "mixture_")

    def _warn(self) -> None:
        category = CollapseWarning if self.result_.collapsed else ConvergenceWarning
        for message in self.result_.warnings():
            warnings.warn(message, category, stacklevel=3)
            category = ConvergenceWarning

    def sample(self, n_samples: int = 1, random_state: Any = None) -> tuple[Array, AnyArray]:
        """Draw rows (n_samples, d) and their components (n_samples,).

        `random_state` overrides the estimator's own; give a Generator for new
        rows at each call.
        """
        self._require_fitted()
        rng = as_generator(self.random_state if random_state is None else random_state)
        return self.mixture_.sample(n_samples, rng)
