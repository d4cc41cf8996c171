"""Models in files: a mixture, and how it was fitted."""

from __future__ import annotations

import math
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from ..components.families import get_family, list_families
from ..em.result import Status
from ..exceptions import ParameterError
from ..mixture.bic import aic, bic
from ..mixture.model_file import damaged, model_content, read_model, write_model
from ..mixture.summary import FitFacts, Summary, summarise_mixture
from ..numerics.encoding import WRONG_FIELDS

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from ..em.result import FitResult
    from ..mixture import Mixture

__all__ = ["FitSummary", "Model", "load_model", "model_from_result", "save_model", "to_json"]


@dataclass(frozen=True)
class FitSummary:
    """How a mixture was fitted, in numbers that fit in a file.

    Attributes
    ----------
    family : str
        mclust's name of the covariance family.
    log_likelihood : float
        Total, of the training data; a lower bound of the log evidence if `is_bound`.
    n : float
        Sum of the sample weights.
    n_rows, n_parameters, n_iter : int
    status : str
        Name of the `Status` the fit ended with.
    collapsed : sequence of int
        Components held at the floor.
    trace : sequence of float
        Total log-likelihood by iteration.
    n_dropped : int
        Rows left out for a missing value.
    told : sequence of str
        Warnings and notices of the fit.
    is_bound : bool
        Whether the parameters are expected ones, of a Bayesian mixture.
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
    n_dropped: int = 0
    told: Sequence[str] = ()
    is_bound: bool = False

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

    def summary(self) -> Summary:
        """Return what is known of the model, for people and in numbers."""
        fit = self.fit
        if fit is None:
            return summarise_mixture(self.mixture)
        family = get_family(fit.family)
        facts = FitFacts(
            family=f"{family!r}: {family.summary}",
            log_likelihood=fit.log_likelihood,
            n=fit.n,
            n_rows=fit.n_rows,
            n_parameters=fit.n_parameters,
            n_iter=fit.n_iter,
            converged=fit.status == Status.CONVERGED.name,
            reason=fit.reason,
            collapsed=tuple(fit.collapsed),
            n_dropped=fit.n_dropped,
            told=tuple(fit.told),
            is_bound=fit.is_bound,
        )
        return summarise_mixture(self.mixture, facts)


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
            n_dropped=result.n_dropped,
            told=[*result.warnings(), *result.notices()],
            is_bound=result.model.is_bound,
        ),
    )


def to_json(model: Model) -> dict[str, Any]:
    """Return a model as plain dictionaries and lists; floats keep every digit."""
    return model_content(model.mixture, None if model.fit is None else asdict(model.fit))


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file, whole or not at all."""
    write_model(path, model.mixture, None if model.fit is None else asdict(model.fit))


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; see `read_model` for what it raises."""
    mixture, fit = read_model(path)
    try:
        return Model(mixture, _fit(fit, mixture.n_components))
    except WRONG_FIELDS as error:
        raise damaged(path, error) from None


def _fit(content: dict[str, Any] | None, n_components: int) -> FitSummary | None:
    if content is None:
        return None
    Status[content["status"]]
    if content["family"] not in [family.name for family in list_families()]:
        raise ParameterError(f"unknown family {content['family']!r}")
    convert: dict[str, Callable[[Any], Any]] = {
        "float": float,
        "int": int,
        "str": str,
        "bool": bool,
        "Sequence[int]": lambda values: [int(value) for value in values],
        "Sequence[float]": lambda values: [float(value) for value in values],
        "Sequence[str]": lambda values: [str(value) for value in values],
    }
    fit = FitSummary(
        **{
            field.name: convert[str(field.type)](content[field.name])
            for field in fields(FitSummary)
            if field.default is MISSING or field.name in content  # files of before it was kept
        }
    )
    if not (0 < fit.n < math.inf and len(fit.trace) > 0):
        raise ParameterError("n must be positive and trace must have entries")
    if not all(map(math.isfinite, (fit.log_likelihood, *fit.trace))):
        raise ParameterError("log_likelihood and trace: contain NaN or infinity")
    if min(fit.n_rows, fit.n_parameters, fit.n_iter, fit.n_dropped) < 0:
        raise ParameterError("n_rows, n_parameters, n_iter and n_dropped must not be negative")
    if not all(-1 <= k < n_components for k in fit.collapsed):
        raise ParameterError(f"collapsed: names other components than {n_components}")
    return fit
