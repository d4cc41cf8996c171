"""Criteria that users of latent profile analysis know; computed only when they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...mixture.bic import awe, caic, clc, kic, sabic
from .base import Criterion

if TYPE_CHECKING:
    from ...em.result import FitResult
    from ..fitter import SizedFitter


class SABIC(Criterion):
    """BIC of an adjusted sample size (Sclove 1987)."""

    name = "sabic"
    summary = "BIC of an adjusted sample size: as BIC, for fewer rows"
    always = False

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        return sabic(result.log_likelihood, result.n_parameters, result.n)


class CAIC(Criterion):
    """Consistent AIC (Bozdogan 1987)."""

    name = "caic"
    summary = "consistent AIC: as BIC, a little stricter"
    always = False

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        return caic(result.log_likelihood, result.n_parameters, result.n)


class KIC(Criterion):
    """Kullback's information criterion (Cavanaugh 1999)."""

    name = "kic"
    summary = "Kullback's information criterion: as AIC, stricter"
    always = False

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        return kic(result.log_likelihood, result.n_parameters)


class CLC(Criterion):
    """Classification likelihood criterion (Biernacki & Govaert 1997)."""

    name = "clc"
    summary = "classification likelihood: clusters apart, without a price for parameters"
    always = False

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        return clc(result.log_likelihood, _entropy(result, fitter))


class AWE(Criterion):
    """Approximate weight of evidence (Banfield & Raftery 1993)."""

    name = "awe"
    summary = "approximate weight of evidence: clusters apart, parameters at a high price"
    always = False

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        entropy = _entropy(result, fitter)
        return awe(result.log_likelihood, result.n_parameters, result.n, entropy)


def _entropy(result: FitResult, fitter: SizedFitter) -> float:
    data = fitter.fitter
    return result.mixture.evaluator(data.source, data.summary).certainty().entropy
