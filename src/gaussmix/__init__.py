"""Gaussian mixture models, from 150 irises to billions of rows.

Names are imported when first used, so ``import gaussmix`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .numerics.version import __version__ as __version__

if TYPE_CHECKING:
    from . import covariances, datasets, families, federated, hierarchy, inference, plot, selection
    from .components.densities.student import StudentT
    from .components.noise import Noise
    from .components.prior import ConjugatePrior
    from .components.statistics import SufficientStatistics
    from .em.optima import Optimum
    from .em.progress import Progress
    from .em.result import FitResult, History, Iteration, Status
    from .estimators.bayesian import BayesianGaussianMixture
    from .estimators.believed import CredibleIntervals
    from .estimators.classifier import MixtureClassifier
    from .estimators.imputer import MixtureImputer
    from .estimators.mixture import GaussianMixture
    from .estimators.outliers import MixtureOutlierDetector
    from .estimators.regressor import MixtureRegressor
    from .estimators.search import GaussianMixtureIC
    from .estimators.student import StudentMixture
    from .exceptions import (
        CheckpointError,
        CollapseWarning,
        DataError,
        DataWarning,
        FitInterrupted,
        GaussmixError,
        MissingExtraError,
        ModelFileError,
        ParameterError,
        StatisticsFileError,
    )
    from .fitting.chained import ChainedFits
    from .fitting.many import fit_many
    from .fitting.many_fits import ManyFits
    from .fitting.stepwise import Stepwise
    from .interchange.checkpoint import Checkpoint
    from .mixture import Mixture
    from .mixture.summary import Summary
    from .rows.files import scan
    from .rows.missingness import Missingness

_HOMES = {
    "BayesianGaussianMixture": "estimators.bayesian",
    "Checkpoint": "interchange.checkpoint",
    "CheckpointError": "exceptions",
    "CollapseWarning": "exceptions",
    "ConjugatePrior": "components.prior",
    "CredibleIntervals": "estimators.believed",
    "DataError": "exceptions",
    "DataWarning": "exceptions",
    "FitInterrupted": "exceptions",
    "FitResult": "em.result",
    "GaussianMixture": "estimators.mixture",
    "GaussianMixtureIC": "estimators.search",
    "GaussmixError": "exceptions",
    "History": "em.result",
    "Iteration": "em.result",
    "ChainedFits": "fitting.chained",
    "ManyFits": "fitting.many_fits",
    "MissingExtraError": "exceptions",
    "Missingness": "rows.missingness",
    "Mixture": "mixture",
    "MixtureClassifier": "estimators.classifier",
    "MixtureImputer": "estimators.imputer",
    "MixtureOutlierDetector": "estimators.outliers",
    "MixtureRegressor": "estimators.regressor",
    "ModelFileError": "exceptions",
    "Noise": "components.noise",
    "Optimum": "em.optima",
    "ParameterError": "exceptions",
    "Progress": "em.progress",
    "StatisticsFileError": "exceptions",
    "Status": "em.result",
    "Stepwise": "fitting.stepwise",
    "StudentMixture": "estimators.student",
    "StudentT": "components.densities.student",
    "SufficientStatistics": "components.statistics",
    "Summary": "mixture.summary",
    "fit_many": "fitting.many",
    "scan": "rows.files",
}
_MODULES = (
    "covariances",
    "datasets",
    "families",
    "federated",
    "hierarchy",
    "inference",
    "plot",
    "selection",
)

__all__ = [
    "BayesianGaussianMixture",
    "ChainedFits",
    "Checkpoint",
    "CheckpointError",
    "CollapseWarning",
    "ConjugatePrior",
    "CredibleIntervals",
    "DataError",
    "DataWarning",
    "FitInterrupted",
    "FitResult",
    "GaussianMixture",
    "GaussianMixtureIC",
    "GaussmixError",
    "History",
    "Iteration",
    "ManyFits",
    "MissingExtraError",
    "Missingness",
    "Mixture",
    "MixtureClassifier",
    "MixtureImputer",
    "MixtureOutlierDetector",
    "MixtureRegressor",
    "ModelFileError",
    "Noise",
    "Optimum",
    "ParameterError",
    "Progress",
    "StatisticsFileError",
    "Status",
    "Stepwise",
    "StudentMixture",
    "StudentT",
    "SufficientStatistics",
    "Summary",
    "covariances",
    "datasets",
    "families",
    "federated",
    "fit_many",
    "hierarchy",
    "inference",
    "plot",
    "scan",
    "selection",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])
