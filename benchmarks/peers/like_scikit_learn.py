"""gaussmix and scikit-learn, which share an interface."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .base import Case, Outcome, Peer, held, parameters, timed

TYPES = {name: name for name in ("full", "tied", "diag", "spherical")}


class _LikeScikitLearn(Peer):
    """Parameters of the start, tol=0 (which never stops early), and reg_covar=0."""

    types = TYPES
    options: ClassVar[dict[str, Any]] = {}

    def estimator(self) -> Any:
        """Return the class."""
        raise NotImplementedError

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        start = case.start_as(case.dtype)
        # Both ask for precisions: the exact inverses of the start's covariances.
        precisions = np.linalg.inv(case.start.covariances)
        given = {
            "weights_init": start.weights,
            "means_init": start.means,
            "precisions_init": held(precisions, case.covariance_type).astype(case.dtype),
        }

        def run(n_iter: int) -> Outcome:
            model = self.estimator()(
                case.k,
                covariance_type=case.covariance_type,
                tol=0.0,
                reg_covar=0.0,
                max_iter=n_iter,
                random_state=0,
                **given,
                **self.options,
                **self.arithmetic(case.dtype),
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                _, seconds = timed(lambda: model.fit(case.X))
            reached = (model.weights_, model.means_, model.covariances_)
            return Outcome(seconds, model.n_iter_, parameters(*reached, case.covariance_type))

        return run

    def arithmetic(self, dtype: str) -> dict[str, Any]:
        """Return the options that make a fit compute in the type of the rows."""
        return {}

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        model = self.fitted(case)
        return {
            "predict": lambda: model.predict(case.X),
            "predict_proba": lambda: model.predict_proba(case.X),
            "score_samples": lambda: model.score_samples(case.X),
        }

    def fitted(self, case: Case) -> Any:
        """Return an estimator that holds the start's mixture."""
        raise NotImplementedError


class Gaussmix(_LikeScikitLearn):
    """What the project itself does; plain EM, since leaps are not iterations."""

    name = "gaussmix"
    packages = ("gaussmix",)
    options: ClassVar = {"accelerate": False}

    def estimator(self) -> Any:
        from gaussmix import GaussianMixture

        return GaussianMixture

    def arithmetic(self, dtype: str) -> dict[str, Any]:
        return {"dtype": dtype}

    def fitted(self, case: Case) -> Any:
        # A tiny fit only to have an estimator; its mixture is then the start's.
        from gaussmix import GaussianMixture, Mixture

        covariances = held(case.start.covariances, case.covariance_type)
        mixture = Mixture(case.start.weights, case.start.means, covariances)
        model = GaussianMixture(
            case.k, covariance_type=case.covariance_type, init_params=mixture, max_iter=1
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(case.X[: 50 * case.k])
        model.mixture_ = mixture  # predictions are made by the mixture
        return model


class GaussmixNumPy(Gaussmix):
    """The same without the loops that Numba compiles."""

    name = "gaussmix, NumPy alone"

    def estimator(self) -> Any:
        without_numba()
        return super().estimator()

    def fitted(self, case: Case) -> Any:
        without_numba()
        return super().fitted(case)


def without_numba() -> None:
    """Let gaussmix believe that Numba is not installed; each peer has a process of its own."""
    from gaussmix.estep import compiled

    compiled._is_installed = lambda: False


class ScikitLearn(_LikeScikitLearn):
    """scikit-learn's GaussianMixture."""

    name = "scikit-learn"
    packages = ("scikit-learn",)

    def estimator(self) -> Any:
        from sklearn.mixture import GaussianMixture

        return GaussianMixture

    def fitted(self, case: Case) -> Any:
        from sklearn.mixture import GaussianMixture
        from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

        start = case.start_as(case.dtype)
        model = GaussianMixture(case.k, covariance_type=case.covariance_type)
        model.weights_, model.means_ = start.weights, start.means
        model.covariances_ = held(start.covariances, case.covariance_type)
        model.precisions_cholesky_ = _compute_precision_cholesky(
            model.covariances_, case.covariance_type
        )
        return model
