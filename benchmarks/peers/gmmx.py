"""gmmx, on JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

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

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        import jax.numpy as jnp
        from gmmx import EMFitter, GaussianMixtureModelJax

        start = case.start_as(case.dtype)
        X = jnp.asarray(case.X)
        mixture = GaussianMixtureModelJax.from_squeezed(
            means=jnp.asarray(start.means),
            covariances=jnp.asarray(held(start.covariances, case.covariance_type)),
            weights=jnp.asarray(start.weights),
            covariance_type=self.types[case.covariance_type],
        )

        def run(n_iter: int) -> Outcome:
            fitter = EMFitter(max_iter=n_iter, tol=0.0, reg_covar=0.0)
            # What jit returns may still be on its way: the means are waited for.
            result, seconds = timed(lambda: _ready(fitter.fit(X, mixture)))
            reached = (
                result.gmm.weights_numpy,
                result.gmm.means_numpy,
                result.gmm.covariances.values_numpy,
            )
            return Outcome(seconds, int(result.n_iter), parameters(*reached, case.covariance_type))

        return run

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        import jax
        import jax.numpy as jnp
        from gmmx import GaussianMixtureModelJax

        start = case.start_as(case.dtype)
        X = jnp.asarray(case.X)
        mixture = GaussianMixtureModelJax.from_squeezed(
            means=jnp.asarray(start.means),
            covariances=jnp.asarray(held(start.covariances, case.covariance_type)),
            weights=jnp.asarray(start.weights),
            covariance_type=self.types[case.covariance_type],
        )
        return {
            name: (lambda method=jax.jit(getattr(type(mixture), name)): np.asarray(method(mixture, X)))
            for name in ("predict", "predict_proba", "score_samples")
        }


def _ready(result):
    result.gmm.means.block_until_ready()
    result.gmm.covariances.values.block_until_ready()
    return result
