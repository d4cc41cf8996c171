"""Peers on PyTorch: torchgmm, tgmm and pomegranate.  All on the CPU here."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .base import Case, Outcome, Peer, held, parameters, timed


class TorchGMM(Peer):
    """torchgmm (the successor of PyCave), on PyTorch Lightning.

    Its estimator takes means only, so we fill the buffers of its model and run the
    module and the trainer that fit() runs; convergence_tolerance=0 leaves early
    stopping out, covariance_regularization is 0, an epoch is an iteration.  fit()
    itself takes two passes an iteration where all rows are one batch (the test of
    `is_batch_training` in 0.1.4 is the wrong way round); here it takes one.
    """

    name = "torchgmm"
    packages = ("torchgmm", "torch", "pytorch-lightning")
    types: ClassVar = {name: name for name in ("full", "tied", "diag", "spherical")}

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        import pytorch_lightning
        import torch
        from torchgmm.base.data import DataLoader, collate_tensor, dataset_from_tensors
        from torchgmm.bayes.gmm.lightning_module import GaussianMixtureLightningModule

        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        X = torch.from_numpy(case.X)
        loader = DataLoader(dataset_from_tensors(X), batch_size=len(X), collate_fn=collate_tensor)

        def run(n_iter: int) -> Outcome:
            model = self._model(case)
            module = GaussianMixtureLightningModule(
                model, convergence_tolerance=0, covariance_regularization=0.0
            ).to(X.dtype)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                trainer = pytorch_lightning.Trainer(
                    accelerator="cpu",
                    precision=64 if X.dtype == torch.float64 else 32,
                    max_epochs=n_iter,
                    logger=False,
                    enable_checkpointing=False,
                    enable_progress_bar=False,
                    enable_model_summary=False,
                )
                _, seconds = timed(lambda: trainer.fit(module, loader))
            reached = (model.component_probs, model.means, model.covariances)
            return Outcome(
                seconds, module.current_epoch, parameters(*reached, case.covariance_type)
            )

        return run

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        """Return what the estimator's methods compute: its model, without the trainer."""
        import torch

        model, X = self._model(case), torch.from_numpy(case.X)

        def logs() -> tuple[torch.Tensor, torch.Tensor]:
            with torch.inference_mode():
                return model(X)

        return {
            "predict": lambda: logs()[0].argmax(-1).numpy(),
            "predict_proba": lambda: logs()[0].exp().numpy(),
            "score_samples": lambda: np.asarray(logs()[1]),
        }

    @staticmethod
    def _model(case: Case) -> Any:
        import torch
        from torchgmm.bayes.core import cholesky_precision
        from torchgmm.bayes.gmm.model import GaussianMixtureModel, GaussianMixtureModelConfig

        start = case.start_as(case.dtype)
        config = GaussianMixtureModelConfig(case.k, case.X.shape[1], case.covariance_type)
        model = GaussianMixtureModel(config).to(torch.from_numpy(case.X[:1]).dtype)
        covariances = torch.from_numpy(held(start.covariances, case.covariance_type))
        model.component_probs.copy_(torch.from_numpy(start.weights))
        model.means.copy_(torch.from_numpy(start.means))
        model.precisions_cholesky.copy_(cholesky_precision(covariances, case.covariance_type))
        return model


class TGMM(Peer):
    """tgmm: tensors of the start; tol is relative and must be positive, so the smallest."""

    name = "tgmm"
    packages = ("tgmm", "torch")
    types: ClassVar = {
        "full": "full",
        "tied": "tied_full",
        "diag": "diag",
        "spherical": "spherical",
    }

    def _estimator(self, case: Case, n_iter: int) -> Any:
        import torch
        from tgmm import GaussianMixture

        start = case.start_as(case.dtype)
        return GaussianMixture(
            case.k,
            covariance_type=self.types[case.covariance_type],
            init_weights=torch.from_numpy(start.weights),
            init_means=torch.from_numpy(start.means),
            init_covariances=torch.from_numpy(held(start.covariances, case.covariance_type)),
            tol=1e-300,
            reg_covar=0.0,
            max_iter=n_iter,
            device="cpu",
        )

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        import torch

        X = torch.from_numpy(case.X)

        def run(n_iter: int) -> Outcome:
            model = self._estimator(case, n_iter)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _, seconds = timed(lambda: model.fit(X))
            reached = (model.weights_, model.means_, model.covariances_)
            # n_iter_ is the index of the last iteration, from 0.
            return Outcome(
                seconds, int(model.n_iter_) + 1, parameters(*reached, case.covariance_type)
            )

        return run

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        import torch

        start = case.start_as(case.dtype)
        X = torch.from_numpy(case.X)
        model = self._estimator(case, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X[: 20 * case.k * X.shape[1]])
        model.weights_ = torch.from_numpy(start.weights)
        model.means_ = torch.from_numpy(start.means)
        model.covariances_ = torch.from_numpy(held(start.covariances, case.covariance_type))
        return {
            "predict": lambda: model.predict(X).numpy(),
            "predict_proba": lambda: model.predict_proba(X).numpy(),
            "score_samples": lambda: model.score_samples(X).numpy(),
        }


class Pomegranate(Peer):
    """pomegranate's GeneralMixtureModel of Normals, which are given their parameters.

    tol is a gain of the total log-likelihood; -inf is never undercut.  It has no tied
    covariances, and its spherical ones cannot be fitted (1.1.2).
    """

    name = "pomegranate"
    packages = ("pomegranate", "torch")
    types: ClassVar = {"full": "full", "diag": "diag"}

    def _model(self, case: Case, n_iter: int) -> Any:
        from pomegranate.distributions import Normal
        from pomegranate.gmm import GeneralMixtureModel

        start = case.start_as(case.dtype)
        word = self.types[case.covariance_type]
        covariances = held(start.covariances, case.covariance_type)
        normals = [
            Normal(mean, covariance, covariance_type=word)
            for mean, covariance in zip(start.means, covariances, strict=True)
        ]
        return GeneralMixtureModel(
            normals, priors=start.weights, max_iter=n_iter, tol=-np.inf, check_data=False
        )

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        import torch

        X = torch.from_numpy(case.X)

        def run(n_iter: int) -> Outcome:
            model = self._model(case, n_iter)
            _, seconds = timed(lambda: model.fit(X))
            means = [normal.means.numpy() for normal in model.distributions]
            covariances = [normal.covs.numpy() for normal in model.distributions]
            reached = (model.priors.numpy(), means, covariances)
            return Outcome(seconds, n_iter, parameters(*reached, case.covariance_type))

        return run

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        import torch

        X = torch.from_numpy(case.X)
        model = self._model(case, 1)
        return {
            "predict": lambda: model.predict(X).numpy(),
            "predict_proba": lambda: model.predict_proba(X).numpy(),
            "score_samples": lambda: model.log_probability(X).numpy(),
        }
