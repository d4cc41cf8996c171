"""The scikit-learn estimator that tells classes apart by their mixtures."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from ..exceptions import CollapseWarning, ParameterError
from ..mixture.bic import bic
from ..numerics.arguments import as_numbers, check_sample_weight, shown
from ..rows import MemorySource
from .class_stream import ClassStream, statistics_of
from .discriminants import Asked, get_discriminant
from .rows import TakesMissing, open_rows, whole_or_unchanged
from .targets import as_codes, labels_of
from .validation import CrossValidated, cross_validated

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..em.result import FitResult
    from .discriminants import Discriminated

__all__ = ["MixtureClassifier"]

# How far from 1 priors may sum, for those that were rounded when written.
_TOLERANCE = 1e-6


class MixtureClassifier(ClassStream, TakesMissing, ClassifierMixin, BaseEstimator):
    """Classes are mixtures; a row's class follows by Bayes' theorem.

    Discriminant analysis as in R's mclust: linear, quadratic and naive Bayes, and all that
    lies between and beyond.

    Parameters
    ----------
    kind : "EDDA", "MclustDA" or "mixture", default "EDDA"
        "EDDA": one normal a class, covariances tied across classes by a family.
        "MclustDA": a mixture a class, size and family of each chosen by `criterion`.
        "mixture": a mixture a class, of the size and family given.
    n_components : int, iterable of int, or dict of them by class, optional
        Components a class: 1 for "EDDA"; to choose from, 1 to 5 when None, for "MclustDA";
        2 when None for "mixture".
    families : "all", str, Family, several of them, or dict of them by class, optional
        None is "all" for "EDDA" and "MclustDA", where `criterion` chooses, and "full" for
        "mixture".  A dict is not for "EDDA".
    criterion : str or Criterion, default "bic"
    priors : "estimated", "equal", array-like (C,) or dict by class, default "estimated"
        Probabilities of the classes before a row is seen.  "estimated" are the shares of the
        rows.  They change what rows are taken for, and nothing of the fit.
    unlabelled : label, optional
        Marks rows whose class is not known, besides None and NaN, which always do; -1 for
        labels as scikit-learn's semi-supervised estimators take them.  Only for "EDDA",
        where such rows count for what they may be.
    tol, reg_covar, max_iter, n_init, random_state, n_jobs, prior : optional
        As for `GaussianMixture`.
    missing : "error" or "em", default "error"
        What becomes of missing values (NaN).  "em": all that is seen of a row counts, in fits
        and in answers.

    Attributes
    ----------
    classes_ : ndarray (C,)
    priors_ : ndarray (C,)
    mixture_ : Mixture
        Of all rows: the components of all classes, weighed by the priors.
    component_classes_ : ndarray (K,)
        The class of each component.
    class_mixtures_ : list of Mixture
        By class, each with weights that sum to 1.
    families_ : list of str
        By class.
    log_likelihood_ : float
        Sum over rows of log sum_c prior_c f_c(x), as mclust's; beside rows without a label,
        of log prior_c f_c(x) for those with one.
    n_parameters_ : int
        Free parameters; estimated priors are counted, as by mclust from 6.1.1 on.
    bic_ : float
        Smaller is better.  None after ``partial_fit``.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only when X has column names.

    Raises
    ------
    ParameterError, DataError
        Both are ValueErrors; the message names the argument and the remedy.

    References
    ----------
    Bensmail & Celeux (1996), Regularized Gaussian discriminant analysis through eigenvalue
    decomposition, JASA 91.  Fraley & Raftery (2002), Model-based clustering, discriminant
    analysis, and density estimation, JASA 97, section 4.

    Examples
    --------
    >>> from gaussmix import MixtureClassifier, datasets
    >>> iris = datasets.iris()
    >>> names = [iris.class_names[number] for number in iris.classes]
    >>> model = MixtureClassifier(random_state=0).fit(iris.rows, names)
    >>> model.families_[0], round(model.bic_, 2)
    ('VEV', 565.82)
    >>> model.predict(iris.rows[:2]).tolist()
    ['setosa', 'setosa']
    >>> validated = model.cross_validate(iris.rows, names, cv=10)
    >>> round(validated.error, 3)
    0.027
    """

    def __init__(
        self,
        kind: str = "EDDA",
        *,
        n_components: Any = None,
        families: Any = None,
        criterion: Any = "bic",
        priors: Any = "estimated",
        unlabelled: Any = None,
        tol: float = 1e-6,
        reg_covar: float = 0.0,
        max_iter: int = 1000,
        n_init: int = 1,
        random_state: Any = None,
        n_jobs: int | None = None,
        prior: Any = None,
        missing: str = "error",
    ) -> None:
        self.kind = kind
        self.n_components = n_components
        self.families = families
        self.criterion = criterion
        self.priors = priors
        self.unlabelled = unlabelled
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
        """Fit the classes.

        Parameters
        ----------
        X : array-like, dataframe, or whatever `GaussianMixture` takes (n, d)
        y : array-like (n,)
            Labels of any type; None and NaN mark rows whose class is not known.
        sample_weight : array-like (n,), optional
            A row of weight w counts as w rows; weight 0 leaves the row out.
        """
        self._check_missing()
        with whole_or_unchanged(self):
            results = self._fit(X, y, sample_weight)
        for result, label in zip(results, self.classes_.tolist(), strict=False):
            where = "" if len(results) == 1 else f"class {label!r}: "
            for message in result.warnings():
                category = CollapseWarning if result.collapsed else ConvergenceWarning
                warnings.warn(where + message, category, stacklevel=2)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> tuple[FitResult, ...]:
        kind = get_discriminant(self.kind)
        source = open_rows(self, X, sample_weight, reset=True)
        labels, known = labels_of(y, source.n_rows, self.unlabelled)
        out = np.zeros(len(known), dtype=bool)
        if isinstance(source, MemorySource) and source.weights is not None:
            out = source.weights == 0
        classes, codes = as_codes(labels, known & ~out)
        codes[out] = 0  # of no weight in whichever class
        if not kind.takes_unlabelled and (codes < 0).any():
            raise ParameterError(
                f"y: rows without a label are for kind='EDDA', not {kind.name!r}; leave them out"
            )
        found = kind.fit(Asked(self, source, codes, classes))
        self._keep(found, classes)
        self.bic_ = bic(found.log_likelihood, found.n_parameters, found.n)
        self._statistics = statistics_of(found.results) if (codes >= 0).all() else None
        return found.results

    def _keep(self, found: Discriminated, classes: AnyArray) -> None:
        priors = self._priors(found, classes)
        present = np.unique(found.groups)  # a stream may not have shown all yet
        self.classes_, self._groups = classes, found.groups
        self.priors_ = priors
        self.mixture_ = found.with_priors(priors)
        self.component_classes_ = classes[found.groups]
        self.class_mixtures_ = [found.of_class(number) for number in present]
        self.families_ = list(found.families)
        self.log_likelihood_, self.n_parameters_ = found.log_likelihood, found.n_parameters
        self._results = found.results

    def _priors(self, found: Discriminated, classes: AnyArray) -> Array:
        given, n = self.priors, len(classes)
        words = {"estimated": found.priors, "equal": np.full(n, 1.0 / n)}
        if isinstance(given, str):
            if given not in words:
                raise ParameterError(
                    f"priors: expected 'estimated', 'equal' or {n} numbers, got {shown(given)}"
                )
            return words[given]
        if isinstance(given, dict):
            missing = [label for label in classes.tolist() if label not in given]
            if missing:
                raise ParameterError(f"priors: say nothing of class {missing[0]!r}")
            given = [given[label] for label in classes.tolist()]
        priors = as_numbers("priors", given)
        fine = priors.shape == (n,) and (priors > 0).all()
        if not fine or abs(priors.sum() - 1.0) > _TOLERANCE:
            raise ParameterError(
                f"priors: expected {n} positive numbers that sum to 1, in the order of "
                f"{classes.tolist()}, got {shown(self.priors)}"
            )
        return np.asarray(priors / priors.sum())

    # -- classes of rows ----------------------------------------------------------------

    @property
    def n_iter_(self) -> int:
        """Iterations of the longest of the fits."""
        check_is_fitted(self, "mixture_")
        return max([1, *(result.n_iter for result in self._results)])

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logs of `predict_proba`, shape (n, C); finite however far a row is."""
        check_is_fitted(self, "mixture_")
        evaluator = self.mixture_.evaluator(open_rows(self, X, reset=False))
        return evaluator.log_shares(self._groups, len(self.classes_))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class given each row, shape (n, C); rows sum to 1."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> AnyArray:
        """Return the most probable class of each row, shape (n,)."""
        codes = np.argmax(np.asarray(self.predict_log_proba(X)), axis=1)
        labels: AnyArray = self.classes_[codes]
        return labels

    def brier_score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the (weighted) mean of half the squared error of probabilities.

        From 0, certain and right, to 1, certain and wrong (Brier 1950); mclust's
        ``BrierScore``.
        """
        proba = np.asarray(self.predict_proba(X))
        labels, known = labels_of(y, len(proba), self.unlabelled)
        _, codes = as_codes(labels, known, self.classes_)
        errors = brier_of(proba, codes)[known]
        weights = check_sample_weight(sample_weight, len(proba))
        return float(np.average(errors, weights=None if weights is None else weights[known]))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> tuple[Array, AnyArray]:
        """Draw rows (n_samples, d) and their classes (n_samples,)."""
        check_is_fitted(self, "mixture_")
        state = self.random_state if random_state is None else random_state
        X, components = self.mixture_.sample(n_samples, state)
        return X, self.component_classes_[components]

    def cross_validate(
        self,
        X: Any,
        y: Any,
        *,
        cv: Any = 10,
        sample_weight: Any = None,
        choose_again: bool = False,
    ) -> CrossValidated:
        """Return the error of classes, and of probabilities, of rows that the fit has not seen.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`, in memory.  Rows without a label are in every fit and held out of
            none.
        cv : int, splitter or iterable, default 10
            Folds.  An int shuffles the rows, each class by itself, by `random_state`.  An
            iterable gives the places of rows that are fitted, and that are held out.
        choose_again : bool, default False
            False keeps the families and sizes of this fit, as mclust's ``cvMclustDA``;
            True chooses them anew for each fold, which is what the whole procedure errs.

        Returns
        -------
        CrossValidated
            ``error``, ``error_se``, ``brier``, ``brier_se``, ``predictions``,
            ``probabilities``, ``folds``.
        """
        check_is_fitted(self, "mixture_")
        model = self if choose_again else self._chosen()
        return cross_validated(model, X, y, cv, sample_weight)

    def _chosen(self) -> MixtureClassifier:
        """Return the same classifier, unfitted, with nothing left to choose."""
        labels = self.classes_.tolist()
        sizes = np.bincount(self._groups, minlength=len(labels)).tolist()
        model = MixtureClassifier(**self.get_params(deep=False))
        if len(self._results) == 1 < len(labels):  # one fit of all classes
            return model.set_params(families=self.families_[0])
        families = dict(zip(labels, self.families_, strict=True))
        return model.set_params(
            families=families, n_components=dict(zip(labels, sizes, strict=True))
        )


def brier_of(proba: Array, codes: AnyArray) -> Array:
    """Return half the squared error of each row's probabilities (n, C)."""
    right = np.eye(proba.shape[1])[np.maximum(codes, 0)]
    return np.asarray(np.square(proba - right).sum(axis=1) / 2.0)
