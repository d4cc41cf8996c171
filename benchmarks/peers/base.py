"""What a benchmark asks of a library: an adapter, one per peer."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, ClassVar, NamedTuple

import numpy as np


class UnsupportedError(Exception):
    """The peer is not installed, or has no such case; the message says which."""


class Parameters(NamedTuple):
    """A mixture: weights (k,), means (k, d), and covariances always as (k, d, d)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


@dataclass(frozen=True)
class Case:
    """What all peers are given: rows, the constraint, and where EM starts."""

    X: np.ndarray
    covariance_type: str
    start: Parameters

    @property
    def k(self) -> int:
        """The number of components."""
        return len(self.start.weights)

    @property
    def dtype(self) -> np.dtype:
        """The type of the rows, which the peer is to compute in."""
        return self.X.dtype

    def start_as(self, dtype: Any) -> Parameters:
        """Return the start in the precision of the rows."""
        return Parameters(*(np.ascontiguousarray(part, dtype=dtype) for part in self.start))


class Outcome(NamedTuple):
    """What a run reached: the parameters after `iterations` M-steps.

    `extra_mib` is filled in by peers that run outside of Python.
    """

    seconds: float
    iterations: int
    parameters: Parameters
    extra_mib: float | None = None


class Peer(ABC):
    """A library that fits Gaussian mixtures by EM.

    Every adapter imports its library inside its methods, takes the given start as it
    is, adds nothing to covariances, and switches off every rule that would stop early,
    so that after n iterations all peers should have the same parameters.  A comment in
    each says how that was reached.
    """

    name: ClassVar[str]
    # Distributions whose versions are recorded.
    packages: ClassVar[tuple[str, ...]] = ()
    # scikit-learn's name of a constraint, and the peer's own.
    types: ClassVar[Mapping[str, str]]
    dtypes: ClassVar[tuple[str, ...]] = ("float64", "float32")
    # Whether a run of other size or length is compiled first: it is then run unmeasured.
    compiles: ClassVar[bool] = False
    # Whether a run on a few rows loads code and threads that later runs use.
    warms: ClassVar[bool] = True

    @abstractmethod
    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        """Return a function that runs so many iterations from the start.

        Converting data and parameters is done here, and is not measured.
        """

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        """Return `predict`, `predict_proba` and `score_samples` of the start's mixture."""
        raise UnsupportedError("no adapter for prediction")

    def check(self, covariance_type: str, dtype: str) -> None:
        """Raise UnsupportedError where the peer has no such case."""
        if covariance_type not in self.types:
            raise UnsupportedError(f"has no {covariance_type}")
        if dtype not in self.dtypes:
            raise UnsupportedError(f"has no {dtype}")

    def version(self) -> str:
        """Return the versions of what is measured."""
        return ", ".join(f"{package} {version(package)}" for package in self.packages)


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the seconds it took."""
    began = time.perf_counter()
    result = call()
    return result, time.perf_counter() - began


_SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "full": lambda c: c,
    "tied": lambda c: c[0],
    "diag": lambda c: np.diagonal(c, axis1=1, axis2=2).copy(),
    "spherical": lambda c: c[:, 0, 0].copy(),
}
_DENSE: dict[str, Callable[[np.ndarray, int, int], np.ndarray]] = {
    "full": lambda c, k, d: c,
    "tied": lambda c, k, d: np.broadcast_to(c, (k, d, d)),
    "diag": lambda c, k, d: c[:, :, None] * np.eye(d),
    "spherical": lambda c, k, d: c[:, None, None] * np.eye(d),
}


def held(covariances: np.ndarray, covariance_type: str) -> np.ndarray:
    """Return dense covariances (k, d, d) as scikit-learn holds the type."""
    return _SHAPES[covariance_type](covariances)


def dense(covariances: Any, covariance_type: str, k: int, d: int) -> np.ndarray:
    """Return covariances held as scikit-learn holds the type, as (k, d, d)."""
    return _DENSE[covariance_type](np.asarray(covariances, dtype=float), k, d)


def parameters(weights: Any, means: Any, covariances: Any, covariance_type: str) -> Parameters:
    """Return float64 parameters with dense covariances."""
    means = np.asarray(means, dtype=float)
    weights = np.asarray(weights, dtype=float).ravel()
    return Parameters(weights, means, dense(covariances, covariance_type, *means.shape))
