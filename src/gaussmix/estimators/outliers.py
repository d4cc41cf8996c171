"""The scikit-learn estimator that tells outliers by the density of a mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted

from ..exceptions import ParameterError
from ..numerics.arguments import check_number, shown
from .partly_seen import Levels
from .rows import TakesMissing, open_rows, whole_or_unchanged
from .underlying import fitted_mixture

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..rows import Source

__all__ = ["MixtureOutlierDetector"]


class MixtureOutlierDetector(TakesMissing, OutlierMixin, BaseEstimator):
    """Outliers are rows where the density of a Gaussian mixture is low.

    How low follows from the mixture itself: `false_alarm` is the probability that a row
    drawn from it is called an outlier.  No guess of how many there are is needed.

    Parameters
    ----------
    n_components : int or iterable of int, default 1
        If there are several, `criterion` chooses.
    families : str, Family, or several of them, default "full"
        As for `GaussianMixtureIC`; if there are several, or "all", `criterion` chooses.
    criterion : str or Criterion, default "bic"
    contamination : float, optional
        Share of the rows of the fit to be called outliers, above 0 and at most 0.5, as in
        scikit-learn.  Wins over `false_alarm`.
    false_alarm : float, default 0.01
        Probability under the mixture of a density below the threshold.
    noise : float or array-like of bool (n,), optional
        Fit a uniform background too, so that outliers among the rows do not widen the
        components; see `GaussianMixture`.  Rows are judged by the components alone.
    init_params : str, array-like or Mixture, optional
        None is the default of `GaussianMixture`, or of `GaussianMixtureIC` for a choice.
    tol, reg_covar, max_iter, n_init, random_state, n_jobs, prior : optional
        As for `GaussianMixture`.
    missing : "error" or "em", default "error"
        What becomes of missing values (NaN).  "em": all that is seen of a row counts.  It is
        judged by the density of that, whose threshold leaves as many false alarms.

    Attributes
    ----------
    offset_ : float
        The threshold: the log-density below which a row is an outlier.
    mixture_ : Mixture
        What rows are judged by.
    estimator_ : GaussianMixture
        The fit.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only when X has column names.

    Raises
    ------
    ParameterError, DataError
        Both are ValueErrors; the message names the argument and the remedy.

    Notes
    -----
    With one component or one feature the threshold is exact; else it is found by 50,000
    draws (fewer of more than 100 features), always the same ones, half of them far out: it is
    right to about two per cent of the false alarms, however few these are.

    It is right of the mixture that was fitted.  Fresh rows are called outliers more often
    where the fit is closer to its rows than to what they come from: where there are few rows
    for the parameters.  A family with fewer, fewer components or a prior help.

    A fit to rows with many outliers takes them for part of the data: a component of their
    own makes them inliers.  `noise` is against that.

    References
    ----------
    Bishop (1994), Novelty detection and neural network validation, IEE Proceedings: Vision,
    Image and Signal Processing 141.  Hyndman (1996), Computing and graphing highest density
    regions, The American Statistician 50.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import MixtureOutlierDetector, datasets
    >>> X = datasets.iris().rows
    >>> detector = MixtureOutlierDetector(3, false_alarm=0.001, random_state=0).fit(X)
    >>> strange = [[5.0, 3.4, 1.5, 0.2], [5.0, 3.4, 1.5, 1.2]]
    >>> detector.predict(strange).tolist()
    [1, -1]
    >>> int(detector.explain(strange)[1].argmax())  # the petal's width
    3
    """

    def __init__(
        self,
        n_components: Any = 1,
        *,
        families: Any = "full",
        criterion: Any = "bic",
        contamination: float | None = None,
        false_alarm: float = 0.01,
        noise: Any = None,
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
        self.contamination = contamination
        self.false_alarm = false_alarm
        self.noise = noise
        self.init_params = init_params
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.prior = prior
        self.missing = missing

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the mixture, and find the threshold.

        Parameters
        ----------
        X : array-like, dataframe, or whatever `GaussianMixture` takes (n, d)
        y : ignored
        sample_weight : array-like (n,), optional
            A row of weight w counts as w rows, for the threshold by `contamination` too.
        """
        alarm = _share("false_alarm", self.false_alarm, below=1.0)
        share = self.contamination
        share = None if share is None else _share("contamination", share, below=0.5, itself=True)
        self._check_missing()
        with whole_or_unchanged(self):
            source = open_rows(self, X, sample_weight, reset=True)
            given = {"noise": self.noise, "init_params": self.init_params}
            estimator = fitted_mixture(self, source, self.n_components, self.families, **given)
            mixture = estimator.mixture_
            self.estimator_ = estimator
            self.mixture_ = mixture if mixture.noise is None else mixture.without_noise()
            self._levels = levels = Levels(self.mixture_, alarm if share is None else share)
            if share is None:
                self.offset_ = levels.whole
            else:
                self.offset_ = _quantile(levels.scores(source), sample_weight, share)
        return self

    def _opened(self, X: Any) -> Source:
        check_is_fitted(self, "mixture_")
        return open_rows(self, X, reset=False)

    @property
    def n_iter_(self) -> int:
        """Number of iterations of the fit."""
        return self.estimator_.n_iter_

    def score_samples(self, X: Any) -> Array:
        """Return the log-density of each row, shape (n,): high is normal, low is strange.

        Of a row in which values are missing it is that of what is seen, moved so that its
        threshold is `offset_` too.
        """
        source = self._opened(X)
        return self._levels.scores(source)

    def decision_function(self, X: Any) -> Array:
        """Return ``score_samples(X) - offset_``, shape (n,): below 0 is an outlier."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> AnyArray:
        """Return 1 for inliers and -1 for outliers, shape (n,)."""
        outside = self.decision_function(X) < 0
        signs: AnyArray = 1 - 2 * outside.astype(np.intp)
        return signs

    def explain(self, X: Any) -> Array:
        """Return what each feature adds to the surprise at each row, shape (n, d).

        Values are at least 0; those of a row sum to its squared Mahalanobis distance from the
        component that it most likely is of (their mean by responsibilities), which is `d` on
        average for rows of the mixture.  Correlated features are turned apart first, each
        staying as near to itself as can be: a value that only its combination with others
        makes strange counts, for each of those about equally (Garthwaite & Koch 2016,
        Evaluating the contributions of individual variables to a quadratic form, Australian
        & New Zealand Journal of Statistics 58, section 3).  A missing value adds 0.
        """
        source = self._opened(X)
        return self._levels.explained(source)


def _share(name: str, value: Any, *, below: float, itself: bool = False) -> float:
    number = check_number(name, value)
    if 0.0 < number < below or (itself and number == below):
        return number
    end = f"at most {below:g}" if itself else f"below {below:g}"
    raise ParameterError(f"{name}: expected a share above 0 and {end}, got {shown(value)}")


def _quantile(scores: Any, sample_weight: Any, share: float) -> float:
    """Return the score that at most a share of the rows, by weight, are strictly below."""
    scores = np.asarray(scores, dtype=np.float64)
    if isinstance(sample_weight, str):
        raise ParameterError(
            "contamination: needs the weights of rows themselves, not the name of their column; "
            "give false_alarm instead"
        )
    given = np.asarray(1.0 if sample_weight is None else sample_weight, dtype=np.float64)
    weights = np.broadcast_to(given, scores.shape)
    order = np.argsort(scores)
    order = order[weights[order] > 0]
    masses = np.cumsum(weights[order], dtype=np.float64)
    first = np.searchsorted(masses, share * masses[-1] * (1.0 + 1e-12), side="right")
    return float(scores[order[min(int(first), len(order) - 1)]])
