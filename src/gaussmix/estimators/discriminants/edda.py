"""One normal a class, covariances tied across classes by a family."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError, ParameterError
from ...selection.criteria import get_criterion
from ...selection.fitter import FAILURES
from ...selection.search import choose_families
from ..underlying import fitted_result
from .base import Asked, Discriminant, Discriminated

if TYPE_CHECKING:
    from ...components.families import Family
    from ...em.result import FitResult
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
        if len(families) == 1:
            result = _fitted(asked, families[0])
            return _discriminated(asked, result)
        return _best(asked, families, get_criterion(own.criterion))


def _fitted(asked: Asked, family: Family) -> FitResult:
    """Return the fit of one family: an M-step on the labels, and EM if some are not known."""
    own, codes = asked.own, asked.codes
    start: Any = np.maximum(codes, 0)
    n_classes = len(asked.classes)
    if (codes < 0).any():
        start = fitted_result(
            own, asked.labelled, n_classes, family, known=codes, init_params=start
        ).mixture
    return fitted_result(own, asked.source, n_classes, family, known=codes, init_params=start)


def _discriminated(asked: Asked, result: FitResult) -> Discriminated:
    log_likelihood, d = result.log_likelihood, asked.source.n_features
    if (asked.codes >= 0).all():
        log_likelihood = result.mixture.evaluator(asked.source).score().log_likelihood
    n_classes = len(asked.classes)
    names = (result.family.name,) * n_classes
    groups = np.arange(n_classes)
    count = result.model.n_parameters(d)
    mixture = result.mixture
    return Discriminated(mixture, groups, names, log_likelihood, count, result.n, (result,))


def _best(asked: Asked, families: list[Family], criterion: Criterion) -> Discriminated:
    """Return the best family's, of those that the classes can support."""
    if criterion.refits:
        raise ParameterError(
            f"criterion: {criterion.name!r} is not for kind='EDDA'; choose 'bic', or compare "
            "families by cross_validate"
        )
    found: list[tuple[float, Discriminated]] = []
    reasons: dict[str, str] = {}
    for family in families:
        try:
            result = _fitted(asked, family)
            if result.collapsed:
                reasons[family.name] = "a covariance has no width in some direction"
                continue
            one = _discriminated(asked, result)
        except FAILURES as error:
            reasons[family.name] = str(error)
            continue
        judged = replace(result, log_likelihood=one.log_likelihood)
        rows: Any = _Rows(asked)
        found.append((criterion(judged, rows, None), one))
    if not found:
        told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise DataError(f"X: no family can be fitted to these classes ({told})")
    return min(found, key=lambda pair: pair[0])[1]


class _Rows:
    """What a criterion asks of a fitter: the rows."""

    def __init__(self, asked: Asked) -> None:
        self.source, self.summary, self.fitter = asked.source, None, self
