"""Intel's oneDAL, by daal4py (part of scikit-learn-intelex)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from .base import Case, Outcome, Peer, UnsupportedError, held, parameters, timed


class OneDAL(Peer):
    """oneDAL's em_gmm: the start's parameters, accuracyThreshold and regularization 0.

    Diagonal covariances are tables of one row each.
    """

    name = "oneDAL"
    packages = ("scikit-learn-intelex", "daal")
    types: ClassVar = {"full": "full", "diag": "diagonal"}

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        import daal4py

        start = case.start_as(case.dtype)
        covariances = held(start.covariances, case.covariance_type)
        given = [np.ascontiguousarray(np.atleast_2d(c)) for c in covariances]

        def run(n_iter: int) -> Outcome:
            algorithm = daal4py.em_gmm(
                nComponents=case.k,
                fptype="double" if case.dtype == np.float64 else "float",
                maxIterations=n_iter,
                accuracyThreshold=0.0,
                regularizationFactor=0.0,
                covarianceStorage=self.types[case.covariance_type],
            )
            result, seconds = timed(
                lambda: algorithm.compute(case.X, start.weights[None], start.means, given)
            )
            reached = np.array(result.covariances).reshape(covariances.shape)
            return Outcome(
                seconds,
                int(result.nIterations[0, 0]),
                parameters(result.weights, result.means, reached, case.covariance_type),
            )

        return run

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        raise UnsupportedError("only fits: daal4py has no prediction for em_gmm")
