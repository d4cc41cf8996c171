"""gmmx, on JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .base import Case, Outcome, Peer, held, parameters, timed


class GMMX(Peer):
    """gmmx: its mixture is built from the start's parameters, and its EMFitter run.

    tol=0 never stops (it goes on while the change is >= tol).  The fitter is compiled
    once for each number of iterations and shape; that run is not measured.  float32 only.
    """

    name = "gmmx"
    packages = ("gmmx", "jax")
    types: ClassVar = {"full": "full", "diag": "diag"}
    dtypes = ("float32",)
    compiles = True

    def _mixture(self, case: Case) -> Any:
        import jax.numpy as jnp
        from gmmx import GaussianMixtureModelJax

        start = case.start_as(case.dtype)
        return GaussianMixtureModelJax.from_squeezed(
            means=jnp.asarray(start.means),
            covariances=jnp.asarray(held(start.covariances, case.covariance_type)),
            weights=jnp.asarray(start.weights),
            covariance_type=self.types[case.covariance_type],
        )

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        import jax
        from gmmx import EMFitter

        mixture, X = self._mixture(case), jax.numpy.asarray(case.X)

        def run(n_iter: int) -> Outcome:
            fitter = EMFitter(max_iter=n_iter, tol=0.0, reg_covar=0.0)
            # What jit returns may still be on its way: it is waited for.
            result, seconds = timed(lambda: jax.block_until_ready(fitter.fit(X, mixture)))
            found = result.gmm
            reached = (found.weights_numpy, found.means_numpy, found.covariances.values_numpy)
            return Outcome(seconds, int(result.n_iter), parameters(*reached, case.covariance_type))

        return run

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        import jax

        mixture, X = self._mixture(case), jax.numpy.asarray(case.X)
        kind = type(mixture)
        predict, predict_proba, score_samples = map(
            jax.jit, (kind.predict, kind.predict_proba, kind.score_samples)
        )
        return {
            "predict": lambda: np.asarray(predict(mixture, X)),
            "predict_proba": lambda: np.asarray(predict_proba(mixture, X)),
            "score_samples": lambda: np.asarray(score_samples(mixture, X)),
        }
