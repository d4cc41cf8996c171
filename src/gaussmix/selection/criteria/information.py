"""Information criteria: a log-likelihood and a price for parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...mixture.bic import aic, bic, icl
from .base import Criterion

if TYPE_CHECKING:
    from ...em.result import FitResult
    from ..fitter import SizedFitter


class BIC(Criterion):
    """Bayesian information criterion (Schwarz 1978; Fraley & Raftery 2002)."""

    name = "bic"
    summary = "Bayesian information criterion: the density, with few parameters"

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        return bic(result.log_likelihood, result.n_parameters, result.n)


class AIC(Criterion):
    """Akaike's information criterion (Akaike 1974)."""

    name = "aic"
    summary = "Akaike's information criterion: prediction, tends to more components"

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        return aic(result.log_likelihood, result.n_parameters)


class ICL(Criterion):
    """Integrated completed likelihood (Biernacki, Celeux & Govaert 2000)."""

    name = "icl"
    summary = "integrated completed likelihood: clusters that do not overlap"

    def __call__(self, result: FitResult, fitter: SizedFitter, shared: Any) -> float:
        data = fitter.fitter
        score = result.mixture.evaluator(data.source, data.summary).score()
        return icl(result.log_likelihood, result.n_parameters, result.n, score.certainty)
