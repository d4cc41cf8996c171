"""Checkpoints: a long fit that was cut off goes on, to the result it would have had."""

from __future__ import annotations

import hashlib
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.densities import Density
from ..components.prior import ConjugatePrior
from ..em.keeper import Begun, Keeper
from ..em.result import FitResult, History, Status
from ..exceptions import CheckpointError, ParameterError
from ..mixture.mixture import Mixture
from ..numerics.arguments import check_integer, check_number
from ..numerics.encoding import WRONG_FIELDS, load_values, save_values
from ..rows.checks import column_label
from ..starts import Start
from .saved import require_of_model, require_saved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..em.model import Model
    from ..em.state import FitState
    from ..rows.summary import DataSummary

__all__ = ["Checkpoint", "open_keeper"]

_KIND = "gaussmix-checkpoint"
_VERSION = 4
# Means and variances of the same rows in other blocks agree to rounding.
_SAME = 1e-9


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often the state of a fit is saved.

    Parameters
    ----------
    path : str or path
        Written whole or not at all: what was there stays until the next is on the disk.
    seconds : float, default 60
        Save after the first pass that ends so long after the last save.
    passes : int, optional
        Save after so many passes too, however short they are.
    resume : bool, default False
        Go on from the file if there is one.  Without it an unfinished fit's file is not
        replaced, but refused.

    Examples
    --------
    >>> import os, tempfile
    >>> from gaussmix import Checkpoint, GaussianMixture, datasets
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.ckpt")
    >>> model = GaussianMixture(3, random_state=0, checkpoint=Checkpoint(path, resume=True))
    >>> model = model.fit(datasets.iris().rows)  # cut off, run it again: it goes on
    """

    path: str | os.PathLike[str]
    seconds: float = 60.0
    passes: int | None = None
    resume: bool = False

    def __post_init__(self) -> None:
        check_number("checkpoint: seconds", self.seconds)
        if self.passes is not None:
            check_integer("checkpoint: passes", self.passes, minimum=1)


def open_keeper(given: Checkpoint | str | os.PathLike[str] | None) -> Keeper:
    """Return what keeps a fit's state, for a `Checkpoint`, a path or None.

    Raises
    ------
    ParameterError
        If it is none of these.
    CheckpointError
        If the file cannot be used.
    """
    if given is None:
        return Keeper()
    if isinstance(given, str | os.PathLike):
        given = Checkpoint(given)
    if not isinstance(given, Checkpoint):
        raise ParameterError(
            f"checkpoint: expected a path, a Checkpoint or None, got {type(given).__name__}"
        )
    return _FileKeeper(given)


def _described(value: Any) -> Any:
    """Return a setting as a plain value that is equal for equal settings."""
    if isinstance(value, Density):
        value = value.rule
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mixture):
        own = value.density.numbers(value.n_components)
        parts = (value.weights, value.means, value.scales.values, own)
        return "a mixture " + _digest(*parts)
    if isinstance(value, Start) and value.name:
        return value.name
    if isinstance(value, Start | ConjugatePrior):
        held = {name: _described(v) for name, v in vars(value).items() if name[0] != "_"}
        return f"{type(value).__name__} {held}"
    array = np.asarray(value)
    if array.dtype.kind in "OUS":
        return repr(value)
    return f"an array {array.shape} {_digest(array)}"


def _digest(*arrays: Any) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:12]


class _FileKeeper(Keeper):
    """Keeps the state of a fit in a file."""

    saves = True

    def __init__(self, options: Checkpoint) -> None:
        self.options = options
        self.path = Path(options.path)
        self._passes = 0
        self._saved = time.monotonic()
        self._written = False
        # What a fit that goes on was; and what this one is, as far as it is known.
        self._old = self._load()
        self._now: dict[str, Any] = {"finished": False}

    def _load(self) -> dict[str, Any] | None:
        if not self.path.exists():
            return None
        old = load_values(self.path, _KIND, _VERSION, CheckpointError)
        self._believed(lambda: require_saved(old))
        if self.options.resume:
            return old
        if not old.get("finished"):
            raise CheckpointError(
                f"checkpoint: {self.path} holds a fit that is not finished: use resume to go "
                "on from it, or delete it"
            )
        return None

    def _believed(self, check: Callable[[], None]) -> None:
        try:
            check()
        except WRONG_FIELDS as error:
            raise CheckpointError(f"{self.path}: damaged {_KIND} file: {error}") from None

    def _require_same_settings(self, settings: dict[str, Any]) -> None:
        if self._old is None:
            return
        old = self._old["settings"]
        for name in sorted(set(old) | set(settings)):
            if old.get(name) != settings.get(name):
                raise CheckpointError(
                    f"checkpoint: {self.path} is of a fit with {name}={old.get(name)!r}, and "
                    f"this one has {name}={settings.get(name)!r}: set it back, or delete the file"
                )

    # -- in the order of the calls ------------------------------------------------

    def open(self, model: Model, settings: Mapping[str, Any], rng: np.random.Generator) -> None:
        self.model = model
        described = {name: _described(value) for name, value in settings.items()}
        self._now["settings"] = {"covariance_type": model.family.name, **described}
        self._require_same_settings(self._now["settings"])
        if (old := self._old) is not None:
            self._believed(lambda: require_of_model(old, model))
            self._put_back(rng, old["first_rng"])
        self._now["first_rng"] = rng.bit_generator.state

    def _put_back(self, rng: np.random.Generator, state: dict[str, Any]) -> None:
        try:
            rng.bit_generator.state = state
        except WRONG_FIELDS:
            kinds = state.get("bit_generator"), type(rng.bit_generator).__name__
            raise CheckpointError(
                f"checkpoint: {self.path} has random numbers of the kind {kinds[0]}, and "
                f"random_state is of the kind {kinds[1]}"
            ) from None

    def meet(self, summary: DataSummary) -> None:
        total = summary.total
        data = {
            "n_rows": total.n_rows,
            "n_features": total.n_features,
            "n": total.total,
            "means": total.means[0],
            "variances": summary.variances,
        }
        if self._old is not None:
            self._require_same_data(self._old["data"], data)
        self._now["data"] = data

    def _require_same_data(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        begin = f"checkpoint: {self.path} is of other data"
        for name, what in (("n_rows", "rows"), ("n_features", "columns")):
            if old[name] != new[name]:
                raise CheckpointError(f"{begin}: {old[name]} {what}, and X has {new[name]}")
        if not np.isclose(old["n"], new["n"], rtol=_SAME, atol=0):
            raise CheckpointError(
                f"{begin}: its weights sum to {old['n']:.8g}, those of X to {new['n']:.8g}"
            )
        scale = np.sqrt(new["variances"])
        shift = np.abs(old["means"] - new["means"]) > _SAME * (scale + np.abs(new["means"]))
        other = ~np.isclose(old["variances"], new["variances"], rtol=1e3 * _SAME, atol=0)
        wrong = np.flatnonzero(shift | other)
        if len(wrong):
            j = int(wrong[0])
            raise CheckpointError(
                f"{begin}: {column_label(j, None)} has mean {old['means'][j]:.8g} and variance "
                f"{old['variances'][j]:.8g} there, {new['means'][j]:.8g} and "
                f"{new['variances'][j]:.8g} in X"
            )

    def begun(self, rng: np.random.Generator) -> Begun | None:
        if self._old is None:
            return None
        self._put_back(rng, self._old["rng"])
        place = self._old["number"], self._old["results"], self._old["rng"]
        self._now["number"], self._now["results"], self._now["rng"] = place
        results = tuple(self._result(held) for held in place[1])
        state = self._old["state"]
        return Begun(place[0], Mixture.of_parameters(state.now[0]), results)

    def starting(self, number: int, results: Sequence[FitResult], rng: np.random.Generator) -> None:
        self._now["number"], self._now["rng"] = number, rng.bit_generator.state
        self._now["results"] = [_described_result(result) for result in results]

    def _result(self, held: dict[str, Any]) -> FitResult:
        return FitResult(
            mixture=held["mixture"],
            model=self.model,
            log_likelihood=held["log_likelihood"],
            n=self._now["data"]["n"],
            n_rows=self._now["data"]["n_rows"],
            status=Status[held["status"]],
            history=History(**held["history"]),
            statistics=held["statistics"],
        )

    def restored(self, state: FitState) -> FitState:
        if self._old is not None:
            state, self._old = self._old["state"], None
        self._now["state"] = state
        if self._written:
            self.save()
        else:  # whether it can be written at all is told before the work
            self._write()
        return state

    def keep(self, state: FitState) -> None:
        self._now["state"] = state
        self._passes += 1
        waited = time.monotonic() - self._saved >= self.options.seconds
        if waited or self._passes == self.options.passes:
            self.save()

    def save(self) -> None:
        """Write the file; one that cannot be written does not end the fit."""
        if "state" not in self._now:
            return
        try:
            self._write()
        except OSError as error:
            warnings.warn(
                f"checkpoint: {self.path} could not be written ({error}); the fit goes on, and "
                "the last one that was written is kept",
                RuntimeWarning,
                stacklevel=2,
            )

    def finish(self) -> None:
        self._now["finished"] = True
        self.save()

    def _write(self) -> None:
        save_values(self.path, _KIND, _VERSION, self._now)
        self._passes, self._saved, self._written = 0, time.monotonic(), True


def _described_result(result: FitResult) -> dict[str, Any]:
    return {
        "mixture": result.mixture,
        "log_likelihood": result.log_likelihood,
        "status": result.status.name,
        "history": dict(vars(result.history)),
        "statistics": result.statistics,
    }
