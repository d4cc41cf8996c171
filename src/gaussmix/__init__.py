"""Gaussian mixture models, from 150 irises to billions of rows.

Names are imported when first used, so ``import gaussmix`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import covariances, datasets, families, federated, plot, selection
    from .checkpoint import Checkpoint
    from .estimator import GaussianMixture
    from .exceptions import (
        CheckpointError,
        CollapseWarning,
        DataError,
        FitInterrupted,
        GaussmixError,
        MissingExtraError,
        ModelFileError,
        ParameterError,
        StatisticsFileError,
    )
    from .files import scan
    from .mixture import Mixture
    from .noise import Noise
    from .prior import ConjugatePrior
    from .result import FitResult, History, Iteration, Status
    from .selection.estimator import GaussianMixtureIC
    from .statistics import SufficientStatistics
    from .stepwise import Stepwise
    from .watch import Progress

__version__ = "0.1.0"

_HOMES = {
    "Checkpoint": "checkpoint",
    "CheckpointError": "exceptions",
    "CollapseWarning": "exceptions",
    "ConjugatePrior": "prior",
    "DataError": "exceptions",
    "FitInterrupted": "exceptions",
    "FitResult": "result",
    "GaussianMixture": "estimator",
    "GaussianMixtureIC": "selection.estimator",
    "GaussmixError": "exceptions",
    "History": "result",
    "Iteration": "result",
    "MissingExtraError": "exceptions",
    "Mixture": "mixture",
    "ModelFileError": "exceptions",
    "Noise": "noise",
    "ParameterError": "exceptions",
    "Progress": "watch",
    "StatisticsFileError": "exceptions",
    "Status": "result",
    "Stepwise": "stepwise",
    "SufficientStatistics": "statistics",
    "scan": "files",
}
_MODULES = ("covariances", "datasets", "families", "federated", "plot", "selection")

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CollapseWarning",
    "ConjugatePrior",
    "DataError",
    "FitInterrupted",
    "FitResult",
    "GaussianMixture",
    "GaussianMixtureIC",
    "GaussmixError",
    "History",
    "Iteration",
    "MissingExtraError",
    "Mixture",
    "ModelFileError",
    "Noise",
    "ParameterError",
    "Progress",
    "StatisticsFileError",
    "Status",
    "Stepwise",
    "SufficientStatistics",
    "covariances",
    "datasets",
    "families",
    "federated",
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
