"""What the content of a checkpoint must be, before a fit goes on from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.parameters import Parameters
from ..components.statistics import SufficientStatistics
from ..em.result import Status
from ..em.state import FitState
from ..mixture.mixture import Mixture
from ..numerics.arguments import check_integer
from ..numerics.encoding import checked_keys, checked_vector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..em.model import Model

__all__ = ["require_of_model", "require_saved"]

_CONTENT = (
    "finished", "settings", "first_rng", "data", "number", "rng", "results", "state",
)  # fmt: skip
_DATA = ("n_rows", "n_features", "n", "means", "variances")
_RESULT = ("mixture", "log_likelihood", "status", "history", "statistics")
_HISTORY = ("log_likelihood", "seconds", "collapsed", "rejected")


# Of what kind the description of a setting is.
_SETTING = (bool, int, float, str, type(None))


def require_saved(content: dict[str, Any]) -> None:
    """Raise an error, one of `WRONG_FIELDS`, if no fit can have saved this content."""
    held = checked_keys(content, _CONTENT)
    if not isinstance(held["finished"], bool):
        raise TypeError("finished must be true or false")
    if not all(isinstance(held[name], dict) for name in ("settings", "first_rng", "rng")):
        raise TypeError("settings and random numbers must have names")
    if not all(isinstance(v, _SETTING) for v in held["settings"].values()):
        raise TypeError("settings must be plain values")
    check_integer("number", held["number"], minimum=0)
    if not isinstance(held["state"], FitState):
        raise TypeError("the state must be one of a fit")
    shape = held["state"].now[0].means.shape
    _require_data(held["data"], shape[1])
    if len(held["results"]) != held["number"]:
        raise ValueError("other results than of the starts before this one")
    for result in held["results"]:
        _require_result(result, shape)


def require_of_model(content: dict[str, Any], model: Model) -> None:
    """Raise ValueError if the mixtures saved are not of the model that is fitted."""
    family, state = model.family, content["state"]
    mixtures = [state.now[0], state.evaluated[0], *(own["mixture"] for own in content["results"])]
    for own in mixtures:
        held = own.covariances if isinstance(own, Parameters) else own.scales
        if (type(held), held.shared) != (family.held, family.shared) and len(own.weights) > 1:
            raise ValueError(f"a mixture that is not of the family {family.name}")
        if own.density.name != model.density.name:
            raise ValueError(f"a mixture that is not of {model.density.name} components")
        if len(own.weights) != model.n_components:
            raise ValueError(f"a mixture that is not of {model.n_components} components")
    kept = [state.statistics, state.target, *((own["statistics"], 0) for own in content["results"])]
    for statistics in [place[0] for place in kept if place is not None]:
        pooled = family.shared and model.n_components > 1
        if statistics.moment is not family.held.moment or statistics.pooled != pooled:
            raise ValueError(f"statistics that are not of the family {family.name}")


def _require_data(given: Mapping[str, Any], n_features: int) -> None:
    data = checked_keys(given, _DATA)
    check_integer("n_rows", data["n_rows"], minimum=1)
    check_integer("n_features", data["n_features"], minimum=n_features, maximum=n_features)
    vectors = checked_vector(data["means"]), checked_vector(data["variances"])
    if not all(len(vector) == n_features for vector in vectors):
        raise ValueError("means and variances are of another number of features")
    if not (np.isfinite(data["n"]) and data["n"] > 0 and (vectors[1] >= 0).all()):
        raise ValueError("weights or variances that no data have")


def _require_result(given: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    result = checked_keys(given, _RESULT)
    mixture, statistics = result["mixture"], result["statistics"]
    if not isinstance(mixture, Mixture) or not isinstance(statistics, SufficientStatistics):
        raise TypeError("a result without mixture or statistics")
    if not mixture.means.shape == statistics.means.shape == shape:
        raise ValueError("a result of another mixture")
    Status[result["status"]]
    history = checked_keys(result["history"], _HISTORY)
    traces = [checked_vector(history[name]) for name in ("log_likelihood", "seconds")]
    if {len(traces[0])} != {len(traces[1]), len(history["collapsed"])}:
        raise ValueError("a result whose trace is not whole")
    check_integer("rejected", history["rejected"], minimum=0)
    last = shape[0] - 1
    for components in history["collapsed"]:
        for k in components:
            check_integer("collapsed", k, minimum=-1, maximum=last)
    if not np.isfinite(result["log_likelihood"]):
        raise ValueError("a log-likelihood that is not finite")
