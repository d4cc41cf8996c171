"""Model files: JSON that people can read and no code is loaded from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..covariances import STRUCTURES
from ..criteria import aic, bic
from ..exceptions import ModelFileError, ParameterError
from ..families import list_families
from ..mixture import Mixture
from ..noise import Noise
from ..result import Status
from .atomic import writing

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from ..result import FitResult

__all__ = ["FitSummary", "Model", "load_model", "model_from_result", "save_model", "to_json"]

_FORMAT = "gaussmix-model"
_VERSION = 1
_NOISE_ARRAYS = ("lower", "upper", "axes")


@dataclass(frozen=True)
class FitSummary:
    """How a mixture was fitted, in numbers that fit in a file.

    Attributes
    ----------
    family : str
        mclust's name of the covariance family.
    log_likelihood : float
        Total, of the training data.
    n : float
        Sum of the sample weights.
    n_rows, n_parameters, n_iter : int
    status : str
        Name of the `Status` the fit ended with.
    collapsed : sequence of int
        Components held at the floor.
    trace : sequence of float
        Total log-likelihood by iteration.
    """

    family: str
    log_likelihood: float
    n: float
    n_rows: int
    n_parameters: int
    n_iter: int
    status: str
    collapsed: Sequence[int]
    trace: Sequence[float]

    @property
    def bic(self) -> float:
        return bic(self.log_likelihood, self.n_parameters, self.n)

    @property
    def aic(self) -> float:
        return aic(self.log_likelihood, self.n_parameters)

    @property
    def reason(self) -> str:
        """Why the fit stopped, for people."""
        return Status[self.status].value


@dataclass(frozen=True)
class Model:
    """What a model file holds: a mixture, and how it was fitted if it was."""

    mixture: Mixture
    fit: FitSummary | None = None


def model_from_result(result: FitResult) -> Model:
    """Return the `Model` of a fit; without figures if there are none of all rows yet."""
    if not result.history.log_likelihood:
        return Model(result.mixture)
    return Model(
        result.mixture,
        FitSummary(
            family=result.family.name,
            log_likelihood=result.log_likelihood,
            n=result.n,
            n_rows=result.n_rows,
            n_parameters=result.n_parameters,
            n_iter=result.n_iter,
            status=result.status.name,
            collapsed=list(result.collapsed),
            trace=list(result.history.log_likelihood),
        ),
    )


def to_json(model: Model) -> dict[str, Any]:
    """Return a model as plain dictionaries and lists; floats keep every digit."""
    from .. import __version__

    mixture = model.mixture
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "written_by": f"gaussmix {__version__}",
        "mixture": {
            "feature_names": mixture.feature_names and list(mixture.feature_names),
            "weights": mixture.weights.tolist(),
            "means": mixture.means.tolist(),
            "covariances": {
                "structure": mixture.covariances.name,
                "shared": mixture.covariances.shared,
                "values": mixture.covariances.array.tolist(),
            },
            **({} if mixture.noise is None else {"noise": _noise_to_json(mixture.noise)}),
        },
        "fit": None if model.fit is None else asdict(model.fit),
    }


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file, whole or not at all."""
    text = json.dumps(to_json(model), indent=1)
    with writing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If the file is not a model, is damaged, or comes from a later version.
    FileNotFoundError
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ModelFileError(
            f"{path}: not a gaussmix model file (it is not JSON); Mixture.save and "
            "gaussmix fit --out write them"
        ) from None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ModelFileError(f'{path}: not a gaussmix model file (no "format": "{_FORMAT}" in it)')
    if content.get("version") != _VERSION:
        raise ModelFileError(
            f"{path}: has format version {content.get('version')!r}, this gaussmix reads "
            f"{_VERSION}; upgrade gaussmix"
        )
    try:
        return Model(_mixture(content["mixture"]), _fit(content.get("fit")))
    except (KeyError, TypeError, ValueError, ParameterError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else error
        raise ModelFileError(f"{path}: damaged model file: {what}") from None


def _mixture(content: dict[str, Any]) -> Mixture:
    means = np.array(content["means"], dtype=np.float64)
    if means.ndim != 2:
        raise ParameterError(f"means: expected shape (n_components, n_features), got {means.shape}")
    held = content["covariances"]
    covariances = STRUCTURES[held["structure"]].from_array(
        held["values"], *means.shape, shared=bool(held["shared"])
    )
    noise = content.get("noise")
    if noise is not None:
        parts = {part: np.array(noise[part], dtype=np.float64) for part in _NOISE_ARRAYS}
        noise = Noise(float(noise["weight"]), **parts)
    return Mixture(content["weights"], means, covariances, content.get("feature_names"), noise)


def _noise_to_json(noise: Noise) -> dict[str, Any]:
    arrays = {part: getattr(noise, part).tolist() for part in _NOISE_ARRAYS}
    return {"weight": noise.weight, **arrays}


def _fit(content: dict[str, Any] | None) -> FitSummary | None:
    if content is None:
        return None
    Status[content["status"]]
    if content["family"] not in [family.name for family in list_families()]:
        raise ParameterError(f"unknown family {content['family']!r}")
    convert: dict[str, Callable[[Any], Any]] = {
        "float": float,
        "int": int,
        "str": str,
        "Sequence[int]": lambda values: [int(value) for value in values],
        "Sequence[float]": lambda values: [float(value) for value in values],
    }
    fit = FitSummary(
        **{
            field.name: convert[str(field.type)](content[field.name])
            for field in fields(FitSummary)
        }
    )
    if not (fit.n > 0 and len(fit.trace) > 0):
        raise ParameterError("n must be positive and trace must have entries")
    return fit
