"""The scikit-learn estimator that chooses family and number of components."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted

from ..components.densities import NORMAL, StudentT
from ..components.families import Family, get_family, list_families
from ..em.choices import get_choice
from ..em.options import Options
from ..exceptions import DataError, FitInterrupted
from ..fitting.known import as_labels
from ..mixture.summary import NearlyChosen, Summary
from ..numerics.arguments import as_generator, check_integer, check_noise, check_number
from ..rows.errors import Errors
from ..rows.missing import get_missing
from ..selection.cells import Cell, best_cell, describe_skipped
from ..selection.criteria import Criterion, get_criterion
from ..selection.fitter import Plan
from ..selection.kinds import choose_kinds, search_kinds
from ..selection.profiles import ProfileTable
from ..selection.progress import progress
from ..selection.search import (
    DEFAULT_START,
    choose_sizes,
    row_threads,
    wanted_criteria,
)
from ..selection.table import ResultsTable
from ..starts import get_start
from .delegation import BestEstimator
from .features import ResponsibilitiesAsFeatures
from .mixture import GaussianMixture
from .rows import open_rows
from .settings import model_of, warn_of_target
from .student import StudentMixture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from .._typing import AnyArray
    from ..components.densities import Density
    from ..rows.missing import Missing

__all__ = ["GaussianMixtureIC"]

# Models beside the chosen one that a summary names.
_NEARLY = 5


class GaussianMixtureIC(BestEstimator, ResponsibilitiesAsFeatures, DensityMixin, BaseEstimator):
    """Gaussian mixture whose family and number of components a criterion chooses.

    Fits every family with every number of components, as R's mclust does, and then
    behaves as the best of these `GaussianMixture`: ``predict``, ``means_`` and so on.

    Parameters
    ----------
    n_components : int or iterable of int, default 1 to 9
    families : "all", str, Family, or several of them, default "all"
        mclust's names ("VVV") or scikit-learn's ("full").
    criterion : str or Criterion, default "bic"
        "bic", "icl", "aic", or "cv": -2 times the log-likelihood of held-out rows.
        Smaller is better for all.
    tol, reg_covar, max_iter, n_init, select : optional
        As for `GaussianMixture`, for every model.
    init_params : str, array-like or Mixture
        As for `GaussianMixture`.  Models with the same number of components begin
        with the same division of the rows.
    cv : int, splitter or iterable, default 5
        Folds for criterion "cv"; an int shuffles the rows.
    random_state : int, RandomState, Generator or None
        Each model is the one that `GaussianMixture` fits with this seed.
    n_jobs : int, optional
        Models fitted at a time, each in a process on one core.  None fits one after
        the other, each on all cores when the rows are many: the better choice unless
        the table takes more than some seconds.  Results do not depend on it.  Fits to
        Dask and Spark follow each other: the cluster has the cores.
    verbose : int, default 0
        1 shows a progress bar on a terminal where rich is installed
        (``gaussmix[cli]``), elsewhere a line for each tenth of the models; 2 prints
        each model as it is done.
    callback : callable, optional
        Called with the `Cell` of each model; a true result stops the search.
    equal_weights, prior, noise, missing : optional
        As for `GaussianMixture`, for every model.
    density : "normal", "student", or both, default "normal"
        Of components.  With "student" every family is tried with each `dof`, and
        teigen's codes may stand among the families.
    dof : "free", "equal", a number, or a tuple of these, default ("free", "equal")
        Of "student"; see `StudentMixture`.

    Attributes
    ----------
    best_estimator_ : GaussianMixture or StudentMixture
        The chosen model, fitted.
    best_family_ : str
        Its family, by mclust's name.
    n_components_ : int
        Its number of components.
    criterion_ : float
        Its criterion.
    results_ : ResultsTable
        A row for each model; ``to_pandas()``, ``to_polars()``, ``to_dict()``.
    n_features_in_, feature_names_in_, weights_, means_, covariances_, mixture_, ...
        Of the chosen model; see `GaussianMixture`.

    Raises
    ------
    ParameterError, DataError
        Both are ValueErrors; DataError also when no model could be fitted.
    FitInterrupted
        On Ctrl-C.  The estimator then holds the best of the models done.

    Notes
    -----
    A model that the data cannot support (fewer rows than components, a constant
    column) or one of whose covariances collapses counts as not fitted, as mclust's NA:
    its likelihood says nothing.  One warning tells how many there are and why.

    References
    ----------
    Fraley & Raftery (2002), Model-based clustering, discriminant analysis, and density
    estimation, JASA 97, section 2.4.

    Examples
    --------
    >>> from gaussmix import GaussianMixtureIC, datasets
    >>> X = datasets.iris().rows
    >>> search = GaussianMixtureIC(range(1, 4), families=["EEE", "VVV"], random_state=0).fit(X)
    >>> search.best_family_, search.n_components_, round(search.criterion_, 2)
    ('VVV', 2, 574.02)
    >>> search.predict(X[:3]).tolist()
    [0, 0, 0]
    """

    def __init__(
        self,
        n_components: Any = (1, 2, 3, 4, 5, 6, 7, 8, 9),
        *,
        families: Any = "all",
        criterion: str | Criterion = "bic",
        tol: float = 1e-6,
        reg_covar: float = 0.0,
        max_iter: int = 1000,
        n_init: int = 1,
        select: str = "predictive",
        init_params: Any = DEFAULT_START,
        cv: Any = 5,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        callback: Callable[[Cell], bool | None] | None = None,
        equal_weights: bool = False,
        prior: Any = None,
        noise: Any = None,
        missing: str | Missing = "error",
        density: Any = "normal",
        dof: Any = ("free", "equal"),
    ) -> None:
        self.n_components = n_components
        self.families = families
        self.criterion = criterion
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.select = select
        self.init_params = init_params
        self.cv = cv
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.callback = callback
        self.equal_weights = equal_weights
        self.prior = prior
        self.noise = noise
        self.missing = missing
        self.density = density
        self.dof = dof

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
        """Fit all models and keep the best.

        Parameters
        ----------
        X : array-like or dataframe (n, d)
        y : ignored
            As in scikit-learn.
        sample_weight : array-like (n,), optional
            A row of weight w counts as w rows; weight 0 leaves the row out.
        known : array-like of int (n,), optional
            Known components of rows, -1 where unknown; see `GaussianMixture.fit`.
        Xerr, projection : array-like, optional
            How rows were measured; see `GaussianMixture.fit`.
        """
        sizes = choose_sizes(self.n_components)
        criterion = get_criterion(self.criterion)
        plan = self._plan(known)
        warn_of_target(y, max(sizes))
        start = get_start(self.init_params)
        model = self._model()
        errors = Errors(Xerr, projection)
        source = open_rows(model, X, sample_weight, reset=True, errors=errors)
        kinds = choose_kinds(self.families, self.density, self.dof, source.n_features)
        criteria = wanted_criteria(criterion)
        total = sum(len(families) for _, families in kinds) * len(sizes)
        cells: list[Cell] = []
        try:
            with progress(self.verbose, total) as tell:
                for cell in search_kinds(
                    source, kinds, sizes, start, criteria, plan, n_jobs=self.n_jobs
                ):
                    cells.append(cell)
                    tell(cell)
                    if self.callback is not None and self.callback(cell):
                        break
        except KeyboardInterrupt:
            best = self._keep(model, cells, criteria)
            if best is None or best.result is None:
                raise
            raise FitInterrupted(best.result) from None
        if self._keep(model, cells, criteria) is None:
            raise DataError(f"X: {describe_skipped(cells)}")
        if skipped := describe_skipped(cells):
            warnings.warn(skipped, UserWarning, stacklevel=2)
        self.best_estimator_._warn()
        return self

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

    def summary(self, X: Any = None, sample_weight: Any = None) -> Summary:
        """Return what was fitted, as `GaussianMixture.summary` does, and what was nearly chosen."""
        check_is_fitted(self)
        best, *others = self.results_.best(1 + _NEARLY)
        least = self.criterion_
        rest = [row for row in (best, *others) if not self._is_chosen(row)][:_NEARLY]
        found = self.best_estimator_.summary(X, sample_weight)
        name = self.results_.criterion
        nearly = tuple(
            NearlyChosen(row["family"], row["n_components"], row[name], row[name] - least)
            for row in rest
        )
        return replace(found, criterion=name, nearly_chosen=nearly)

    def _is_chosen(self, row: dict[str, Any]) -> bool:
        return (row["family"], row["n_components"]) == (self.best_family_, self.n_components_)

    def profiles(
        self, X: Any, sample_weight: Any = None, *, Xerr: Any = None, projection: Any = None
    ) -> ProfileTable:
        """Return the table that users of latent profile analysis expect, of the fits to X.

        Parameters
        ----------
        X : array-like, dataframe or `gaussmix.scan` (n, d)
            The rows that the models were fitted to.
        sample_weight, Xerr, projection : array-like, optional
            As of the fit.
        """
        check_is_fitted(self)
        errors = Errors(Xerr, projection)
        source = open_rows(self.best_estimator_, X, sample_weight, reset=False, errors=errors)
        return ProfileTable.of(self._cells, source)

    def plot(self, criterion: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw a criterion by the number of components, a line a family.

        Parameters
        ----------
        criterion : str, optional
            A column of ``results_``; the one that chose when None.
        ax : Axes, optional
        """
        from .. import plot

        return plot.criterion(self, criterion, ax=ax)

    def _plan(self, known: Any) -> Plan:
        if isinstance(self.cv, int):
            check_integer("cv", self.cv, minimum=2)
        noise = check_noise(self.noise)
        return Plan(
            model_of(self, 1, get_family("VVV"), NORMAL),  # which of them is what is searched
            Options(
                tol=check_number("tol", self.tol),
                max_iter=check_integer("max_iter", self.max_iter, minimum=1),
                n_init=check_integer("n_init", self.n_init, minimum=1),
                select=get_choice(self.select),
            ),
            seed=_seed(self.random_state),
            cv=self.cv,
            noise=noise,
            known=None if known is None else as_labels(known),
        )

    def _model(self) -> GaussianMixture:
        """Return the `GaussianMixture` that will hold the best fit."""
        return GaussianMixture(
            tol=self.tol,
            reg_covar=self.reg_covar,
            max_iter=self.max_iter,
            n_init=self.n_init,
            select=self.select,
            init_params=self.init_params,
            random_state=self.random_state,
            n_jobs=row_threads(self.n_jobs),
            equal_weights=self.equal_weights,
            prior=self.prior,
            noise=self.noise,
            missing=self.missing,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = get_missing(self.missing).allowed
        return tags

    def _keep(
        self, model: GaussianMixture, cells: Sequence[Cell], criteria: Sequence[Criterion]
    ) -> Cell | None:
        """Take over what was found; return the best cell."""
        *_, criterion = criteria
        best = best_cell(cells, criterion.name)
        if best is None or best.result is None:
            return None
        model = _of_density(model, best.density)
        model.set_params(
            n_components=best.n_components, covariance_type=_written(best.family), n_jobs=None
        )
        model._keep(best.result)
        names = sorted(criterion.name for criterion in criteria)
        self.best_estimator_ = model
        self.best_family_ = best.family.name
        self.n_components_ = best.n_components
        self.criterion_ = best.values[criterion.name]
        self._cells = list(cells)
        self.results_ = ResultsTable(cells, names, criterion.name)
        return best


def _seed(random_state: Any) -> int:
    """Return a seed that all models begin with; an int is its own."""
    rng = as_generator(random_state)
    is_seed = isinstance(random_state, int | np.integer)
    return int(random_state) if is_seed else int(rng.integers(2**32))


def _of_density(model: GaussianMixture, density: Density) -> GaussianMixture:
    """Return an estimator with the same settings, and what it has noted, of a density."""
    if density.plain:
        return model
    found = StudentMixture(**model.get_params(deep=False), dof=_dof(density))
    noted = {name: value for name, value in vars(model).items() if name not in found.get_params()}
    found.__dict__.update(noted)
    return found


def _dof(density: Density) -> Any:
    """Return how degrees of freedom are written that a table has tried."""
    assert isinstance(density, StudentT)
    return float(density.dofs[0]) if density.estimated == "fixed" else density.estimated


def _written(family: Family) -> str | Family:
    """Return a family as users write it."""
    registered = any(type(family) is type(known) for known in list_families())
    return family.name if registered else family
