"""Fits whose rows stay where they are: only sufficient statistics travel.

Each site computes the statistics of its own rows under the current mixture; they add up
to those of all rows, so the next mixture is the one that all rows together would give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import get_family
from ..components.prior import get_prior
from ..em.climb import Climb, begun
from ..em.climbers import Climbers
from ..em.loop import Batch, Convergence
from ..em.model import Model
from ..em.options import Options
from ..em.steps import EStep, observed
from ..exceptions import DataError, ParameterError
from ..mixture import Mixture
from ..numerics.arguments import as_numbers, check_integer, check_number, check_sample_weight
from ..rows import MemorySource, open_source
from ..rows.checks import column_label, require_bounded, require_near
from ..rows.door import as_frame, as_table, require_numeric_columns
from ..rows.errors import Errors
from ..rows.missing import get_missing
from .fit import summarise
from .projected import with_stand_ins

if TYPE_CHECKING:
    from ..components.families import Family
    from ..components.statistics import SufficientStatistics
    from ..em.result import FitResult
    from ..rows import Source
    from ..rows.missing import Missing

__all__ = ["Coordinator", "Site", "next_mixture"]


class Site:
    """Rows of one place, and what may leave it: sufficient statistics.

    Parameters
    ----------
    X : array-like, dataframe, or whatever ``fit`` takes (n, d)
    covariance_type : str or Family, default "full"
        The family of the mixture to be fitted.
    sample_weight : array-like (n,), optional
    n_jobs : int, optional
    missing : str, default "error"
        What becomes of rows in which a value is missing, as for `GaussianMixture`.
    Xerr, projection : array-like, optional
        How rows were measured, as for ``GaussianMixture.fit``.

    Attributes
    ----------
    totals : SufficientStatistics
        Of all rows as one component: what a `Coordinator` needs to begin.

    Raises
    ------
    DataError, ParameterError

    Examples
    --------
    >>> from gaussmix import datasets, federated
    >>> X = datasets.iris().rows
    >>> site = federated.Site(X[:75])
    >>> int(site.totals.n_rows), site.totals.merge(federated.Site(X[75:]).totals).total
    (75, 150.0)
    """

    def __init__(
        self,
        X: Any,
        covariance_type: str | Family = "full",
        sample_weight: Any = None,
        n_jobs: int | None = None,
        missing: str | Missing = "error",
        *,
        Xerr: Any = None,
        projection: Any = None,
    ) -> None:
        self.family = get_family(covariance_type)
        errors = Errors(Xerr, projection)
        source = _open(X, sample_weight, n_jobs, errors)
        self._source = with_stand_ins(get_missing(missing).admit(source))
        self._summary = summarise(self._source, self.family.held.moment)
        require_bounded(self._summary, self._source.feature_names)

    @property
    def totals(self) -> SufficientStatistics:
        return self._summary.total

    def statistics(self, mixture: Mixture) -> SufficientStatistics:
        """Return the statistics of the rows under a mixture: an E-step, one pass.

        ``log_likelihood`` is that of the rows under this mixture.

        Raises
        ------
        ParameterError
            If the mixture is of another number of features.
        DataError
            If the rows are too far from it for float64 arithmetic.
        """
        d = self._source.n_features
        if mixture.n_features != d:
            raise ParameterError(
                f"mixture: has {mixture.n_features} features, and the rows of this site have {d}"
            )
        require_near(mixture.means, mixture.scales, self._summary)
        estep = EStep(
            self._source, self._summary, observation=observed(self._source, self._summary)
        )
        return estep([(mixture.parameters, self.family)])[0]


def _open(X: Any, sample_weight: Any, n_jobs: int | None, errors: Errors) -> Source:
    source = open_source(X, sample_weight, n_jobs)
    if source is None:
        X, errors = errors.parted(X)
        source = _in_memory(X, sample_weight, n_jobs)
    return errors.beside(source) if errors.are_given else source


def _in_memory(X: Any, sample_weight: Any, n_jobs: int | None) -> MemorySource:
    X = as_table(X)
    frame = as_frame(X)
    require_numeric_columns(X)
    names = None if frame is None else tuple(map(str, frame.columns))
    rows = as_numbers("X", X if frame is None else frame.to_numpy(), DataError)
    if rows.ndim != 2 or 0 in rows.shape:
        raise DataError(f"X: expected rows of shape (n, d), at least one, got shape {rows.shape}")
    weights = check_sample_weight(sample_weight, len(rows))
    return MemorySource(rows, weights, n_jobs=n_jobs, feature_names=names)


def next_mixture(
    statistics: SufficientStatistics,
    mixture: Mixture,
    covariance_type: str | Family = "full",
    *,
    reg_covar: float = 0.0,
    equal_weights: bool = False,
    prior: Any = None,
) -> Mixture:
    """Return the mixture that merged statistics lead to: an M-step.

    Parameters
    ----------
    statistics : SufficientStatistics
        Of all rows, under `mixture`.
    mixture : Mixture
        The current one; a component without rows keeps its parameters.
    covariance_type, reg_covar, equal_weights, prior
        As for `GaussianMixture`.

    Raises
    ------
    ParameterError
        If the statistics are of another model.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import Mixture
    >>> from gaussmix.federated import Site, next_mixture
    >>> X = np.random.default_rng(0).normal(size=(200, 1)) + np.repeat([0, 6], 100)[:, None]
    >>> site, mixture = Site(X), Mixture([0.5, 0.5], [0.0, 5.0], [1.0, 1.0])
    >>> for _ in range(3):
    ...     mixture = next_mixture(site.statistics(mixture), mixture)
    >>> mixture.means.round(0).ravel().tolist()
    [0.0, 6.0]
    """
    family = get_family(covariance_type)
    _require_of(statistics, family, mixture)
    model = _model(mixture, family, reg_covar, equal_weights, prior)
    objective = model.objective(statistics.as_one())
    found, _ = objective.update(statistics, mixture.parameters)
    return Mixture.of_parameters(found, mixture.feature_names)


def _model(
    mixture: Mixture, family: Family, reg_covar: float, equal_weights: bool, prior: Any
) -> Model:
    model = Model(
        mixture.n_components,
        family,
        mixture.density,
        equal_weights=equal_weights,
        prior=get_prior(prior),
        reg_covar=check_number("reg_covar", reg_covar),
    )
    return model.of(mixture)


class Coordinator:
    """EM over sites: tells the mixture, takes merged statistics, says when it is done.

    The steps, leaps included, are those of a fit to all rows.

    Parameters
    ----------
    start : Mixture
    totals : SufficientStatistics
        Those of all sites, merged.
    covariance_type, tol, max_iter, reg_covar, accelerate, equal_weights, prior
        As for `GaussianMixture`.
    missing : str, default "error"
        That of the sites.
    measured : bool, default False
        Whether sites give measurement errors.

    Attributes
    ----------
    mixture : Mixture
        Under which the next statistics are wanted.
    result : FitResult
        The best so far; the result once `done`.
    done : bool

    Examples
    --------
    >>> from functools import reduce
    >>> from gaussmix import GaussianMixture, SufficientStatistics, datasets, federated
    >>> X = datasets.iris().rows
    >>> sites = [federated.Site(X[i::3]) for i in range(3)]
    >>> merged = lambda parts: reduce(SufficientStatistics.merge, parts)
    >>> start = GaussianMixture(3, random_state=0).fit(X[::3]).mixture_  # of the first site
    >>> fit = federated.Coordinator(start, merged(site.totals for site in sites))
    >>> while not fit.done:
    ...     fit.update(merged(site.statistics(fit.mixture) for site in sites))
    >>> fit.result.status.name
    'CONVERGED'
    """

    def __init__(
        self,
        start: Mixture,
        totals: SufficientStatistics,
        covariance_type: str | Family = "full",
        *,
        tol: float = 1e-6,
        max_iter: int = 1000,
        reg_covar: float = 0.0,
        accelerate: bool = True,
        equal_weights: bool = False,
        prior: Any = None,
        missing: str | Missing = "error",
        measured: bool = False,
    ) -> None:
        family = get_family(covariance_type)
        options = Options(
            tol=check_number("tol", tol),
            max_iter=check_integer("max_iter", max_iter, minimum=0),
            accelerate=accelerate,
        )
        totals.require_valid("totals")
        if totals.n_components != 1 or totals.n_features != start.n_features:
            raise ParameterError(
                f"totals: expected one component of {start.n_features} features (the merged "
                f"totals of all sites), got {totals.n_components} of {totals.n_features}"
            )
        model = _model(start, family, reg_covar, equal_weights, prior)
        self._climb = Climb(model, model.objective(totals), options, start.feature_names)
        self._team = Climbers([self._climb], begun(start, self._climb.objective))
        self._batch = Batch([self._team], Convergence())
        self._result: FitResult | None = None
        self._expects = measured or get_missing(missing).expects

    @property
    def mixture(self) -> Mixture:
        if self._result is not None:
            return self._result.mixture
        return Mixture.of_parameters(self._team.parameters, self._climb.feature_names)

    @property
    def done(self) -> bool:
        return self._result is not None

    @property
    def result(self) -> FitResult:
        return self._result or self._team.so_far()[0]

    def update(self, statistics: SufficientStatistics) -> None:
        """Take the statistics of all sites under `mixture`, merged.

        Raises
        ------
        ParameterError
            If they are not of all rows, or of another model.
        """
        if self.done:
            return
        _require_of(statistics, self._climb.model.family, self.mixture)
        totals = self._climb.objective.total
        _require_same_rows(statistics, totals, expected=self._expects)
        for ended in self._batch.step([statistics]):
            self._result = ended.result(0)


# What is summed over sites in another order agrees to rounding.
_SAME = 1e-6


def _require_same_rows(
    statistics: SufficientStatistics, totals: SufficientStatistics, *, expected: bool
) -> None:
    """Raise ParameterError if statistics of components do not add up to those of all rows.

    Those that are `expected` of rows not seen whole need not have the means of what is seen.
    """
    if statistics.n_rows != totals.n_rows:
        raise ParameterError(
            f"statistics: are of {statistics.n_rows} rows, and the totals of "
            f"{totals.n_rows}: merge those of all sites, each once"
        )
    weight = statistics.total + float(statistics.noise[0])
    if abs(weight - totals.total) > _SAME * totals.total:
        raise ParameterError(
            f"statistics: their counts sum to {weight:.8g}, and those of the totals to "
            f"{totals.total:.8g}: merge those of all sites, each once"
        )
    # Where the background's rows are they do not say, nor where rows are that count little.
    if expected or statistics.noise[0] > 0 or statistics.masses is not None:
        return
    shift = np.abs(statistics.as_one().means - totals.means)[0]
    scale = np.sqrt(totals.variances) + np.abs(totals.means[0])
    if (shift > _SAME * scale).any():
        raise ParameterError(
            f"statistics: {column_label(int((shift - _SAME * scale).argmax()), None)} has another "
            "mean than in the totals: they are of other rows (or sites give measurement errors: "
            "say measured=True)"
        )


def _require_of(statistics: SufficientStatistics, family: Family, mixture: Mixture) -> None:
    """Raise ParameterError if these can be no statistics, or are of another model."""
    statistics.require_valid()
    if statistics.total == 0:
        raise ParameterError("statistics: all counts are 0, the background has all rows")
    density, tally = mixture.density, statistics.tally
    n_sums = 0 if tally is None else tally.shape[1]
    if density.weighs != (tally is not None) or density.n_sums != n_sums:
        raise ParameterError(f"statistics: are not of {density!r}: give all sites the same mixture")
    found = (statistics.n_components, statistics.n_features, statistics.moment.name)
    wanted = (mixture.n_components, mixture.n_features, family.held.moment.name)
    pooled = statistics.pooled
    if found != wanted or (family.shared != pooled and found[0] > 1):
        raise ParameterError(
            f"statistics: are of {found[0]} components of {found[1]} features with "
            f"{'pooled ' if pooled else ''}{found[2]}; {family.name} of this mixture needs "
            f"{wanted[0]} of {wanted[1]} with {'pooled ' if family.shared else ''}{wanted[2]}: "
            "give all sites the same mixture and covariance_type"
        )
