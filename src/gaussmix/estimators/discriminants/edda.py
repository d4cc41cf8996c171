"""One normal a class, covariances tied across classes by a family."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...components.moments import NORM
from ...exceptions import DataError, DataWarning, ParameterError
from ...fitting.labelled import LabelledRows
from ...numerics.arguments import as_generator
from ...rows import MemorySource
from ...rows.filled import filled
from ...rows.incomplete import complete
from ...rows.summary import summary_of
from ...selection.criteria import get_criterion
from ...selection.fitter import FAILURES
from ...selection.search import choose_families
from ..underlying import fitted_result, settings_under
from .base import Asked, Discriminant, Discriminated

if TYPE_CHECKING:
    from ..._typing import AnyArray
    from ...components.families import Family
    from ...em.result import FitResult
    from ...rows import Source
    from ...rows.summary import DataSummary
    from ...selection.criteria import Criterion


class EDDA(Discriminant):
    """Eigenvalue decomposition discriminant analysis (Bensmail & Celeux 1996).

    EEE is linear discriminant analysis, VVV quadratic, VVI naive Bayes.
    """

    name = "EDDA"
    summary = "one normal a class, covariances tied across classes by a family"
    takes_unlabelled = True

    def fit(self, asked: Asked) -> Discriminated:
        own = asked.own
        if own.n_components not in (None, 1):
            raise ParameterError(
                f"n_components: is 1 for kind='EDDA', got {own.n_components!r}; kind='mixture' has "
                "several a class"
            )
        given = "all" if own.families is None else own.families
        if isinstance(given, dict):
            raise ParameterError("families: one family ties all classes of kind='EDDA'; give it")
        families = choose_families(given, asked.source.n_features)
        criterion = get_criterion(own.criterion)
        fits = _Fits(asked, families)
        return fits.of(families[0]) if len(families) == 1 else _best(fits, families, criterion)


class _Fits:
    """Fits of families to the same classes: what they share is made once."""

    def __init__(self, asked: Asked, families: list[Family]) -> None:
        self.asked, n_classes = asked, len(asked.classes)
        codes, rng = np.maximum(asked.codes, 0), as_generator(asked.own.random_state)
        self.whole = not _is_incomplete(asked.source)
        labelled = asked.labelled if self.whole else _filled(asked.labelled, asked.codes)
        self.rows = LabelledRows(labelled, codes, n_classes, families, rng)
        self.all_known = bool((asked.codes >= 0).all())

    def of(self, family: Family) -> Discriminated:
        """Return the fit of one family: M-steps, and EM if labels or values are not known."""
        asked, n_classes = self.asked, len(self.asked.classes)
        settings = settings_under(asked.own, n_classes, family)
        result = self.rows.fit(settings.model, settings.options)
        summary: DataSummary | None = self.rows.data.summary
        if not (self.all_known and self.whole):
            start, known, summary = result.mixture, asked.codes, None
            result = fitted_result(
                asked.own, asked.source, n_classes, family, known=known, init_params=start
            )
        log_likelihood = result.log_likelihood
        if self.all_known:
            log_likelihood = result.mixture.evaluator(asked.source, summary).score().log_likelihood
        names = (result.family.name,) * n_classes
        count = result.model.n_parameters(asked.source.n_features)
        groups = np.arange(n_classes)
        return Discriminated(
            result.mixture, groups, names, log_likelihood, count, result.n, (result,)
        )


def _is_incomplete(source: Source) -> bool:
    return source.partly_seen and summary_of(source, NORM).incomplete


def _filled(source: Source, codes: AnyArray) -> Source:
    """Return rows to begin with: values that are missing are those of near rows of the class."""
    if not isinstance(source, MemorySource):
        return complete(source)
    rows = np.array(source.array[:], dtype=np.float64)
    for code in np.unique(codes):
        own = codes == code
        rows[own] = filled(rows[own])
    return MemorySource(
        filled(rows), source.weights, n_jobs=source.n_threads, feature_names=source.feature_names
    )


def _best(fits: _Fits, families: list[Family], criterion: Criterion) -> Discriminated:
    """Return the best family's, of those that the classes can support."""
    if criterion.refits:
        raise ParameterError(
            f"criterion: {criterion.name!r} is not for kind='EDDA'; choose 'bic', or compare "
            "families by cross_validate"
        )
    found: list[tuple[float, Discriminated]] = []
    reasons: dict[str, str] = {}
    refused: list[str] = []
    rows: Any = _Rows(fits.asked)
    for family in families:
        try:
            one = fits.of(family)
        except FAILURES as error:
            reasons[family.name] = str(error)
            refused += [family.name] if isinstance(error, DataError) else []
            continue
        result: FitResult = one.results[0]
        if result.collapsed:
            reasons[family.name] = "a covariance has no width in some direction"
            continue
        judged = replace(result, log_likelihood=one.log_likelihood)
        found.append((criterion(judged, rows, None), one))
    if not found:
        told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise DataError(f"X: no family can be fitted to these classes ({told})")
    if refused:  # not for want of rows: the columns are at fault
        warnings.warn(
            f"{len(refused)} of {len(families)} families could not be fitted "
            f"({', '.join(refused)}): {reasons[refused[0]]}",
            DataWarning,
            stacklevel=6,
        )
    return min(found, key=lambda pair: pair[0])[1]


class _Rows:
    """What a criterion asks of a fitter: the rows."""

    def __init__(self, asked: Asked) -> None:
        self.source, self.summary, self.fitter = asked.source, None, self
