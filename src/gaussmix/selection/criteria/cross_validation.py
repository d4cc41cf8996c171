"""The likelihood of rows that the fit has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...exceptions import DataError
from .base import Criterion

if TYPE_CHECKING:
    from ...em.result import FitResult
    from ...rows import Source
    from ..fitter import SizedFitter


class CrossValidation(Criterion):
    """Cross-validated log-likelihood (Smyth 2000), on the scale of AIC and BIC.

    -2 n times the mean log-density of held-out rows: where each row is held out once,
    -2 times their total log-likelihood, which AIC estimates (Stone 1977).
    """

    name = "cv"
    summary = "-2 x log-likelihood of held-out rows: prediction, by refitting"
    always = False
    refits = True

    def share(self, fitter: SizedFitter) -> list[tuple[SizedFitter, Source]]:
        return [
            (fold.fitter.of_size(fitter.n_components), fold.held_out)
            for fold in fitter.fitter.folds
        ]

    def __call__(
        self,
        result: FitResult,
        fitter: SizedFitter,
        shared: list[tuple[SizedFitter, Source]],
    ) -> float:
        total = weight = 0.0
        for number, (train, held_out) in enumerate(shared):
            fit = train.fit(result.family)
            if fit.collapsed:
                raise DataError(f"cv: a covariance collapsed in the fit without fold {number}")
            score = fit.mixture.evaluator(held_out).score()
            total += score.log_likelihood
            weight += score.n
        if weight == 0:
            raise DataError("cv: no held-out row has a positive weight; use other folds")
        return -2.0 * result.n * total / weight
