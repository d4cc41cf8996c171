"""Densities, responsibilities and labels of rows under given parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..components.moments import NORM
from ..estep import Posterior, choose_form, most_probable
from ..estep.incomplete import choose_incomplete_form
from ..estep.measured import choose_measured_form
from ..estep.softmax import normalise
from ..exceptions import DataError
from ..rows import MemorySource
from ..rows.checks import require_bounded, require_finite, require_near
from ..rows.folds import Fold, Index, Mergeable, Workspace
from ..rows.incomplete import INCOMPLETE, OnComplete
from ..rows.measured import as_measured
from ..rows.measurement import Measurement, unpacked
from ..rows.seen import SeenRows
from ..rows.source import BlockFunction, Output
from ..rows.summary import DataSummary, summary_of
from .certainty import Certainty, CertaintyFold
from .denoising import Denoiser
from .imputing import Imputer
from .surprise import surprises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters
    from ..estep import Form
    from ..rows import Source

__all__ = ["Evaluator", "Score"]

Value = TypeVar("Value", bound=Mergeable)


class Evaluator:
    """Parameters ready to be applied to the rows of a source.

    One pass finds the extent of the rows (and refuses NaN), which decides the
    form of the E-step, unless their `summary` is known; each method is then one
    more pass that needs no memory but its output.
    """

    def __init__(
        self, parameters: Parameters, source: Source, summary: DataSummary | None = None
    ) -> None:
        measurement = source.measurement
        if summary is None:
            summary = summary_of(source if measurement is None else as_measured(source), NORM)
        require_finite(summary, source)
        require_bounded(summary, source.feature_names)
        weights, means, covariances = parameters.weights, parameters.means, parameters.covariances
        if measurement is None or not measurement.projects:
            require_near(means, covariances, summary)
        center = weights @ means / weights.sum()
        self.source, self.n_rows, self.parameters = source, summary.total.n_rows, parameters
        self.n_unseen = summary.n_unseen
        form: Form
        if measurement is not None:
            given = parameters, measurement, covariances.moment, source.rows_if_known
            form, posterior = choose_measured_form(*given), Posterior.of([parameters])
        elif summary.incomplete:
            moment = covariances.moment
            form, posterior = choose_incomplete_form(parameters, moment, source.rows_if_known)
        else:
            posterior = Posterior.of([parameters])
            form = choose_form(
                parameters,
                covariances.moment,
                covariances.shared,
                center,
                np.maximum(np.maximum(summary.maximum - center, center - summary.minimum), 0.0),
                n_rows=source.rows_if_known,
            )
        self.assigner = Assigner(form, posterior)

    def log_density(self, dtype: type = np.float64) -> Any:
        """Log-density of each row, shape (n,)."""
        assigner = self.assigner

        def block(rows: AnyArray, workspace: Workspace) -> AnyArray:
            found = assigner.assigned(rows, workspace)[1]
            with np.errstate(over="ignore"):  # a row too far out for float32 has density 0 there
                return found.astype(dtype, copy=False)

        return self._map(block, Output("log_density", assigner.bytes_per_row, dtype=dtype))

    def responsibilities(self, dtype: type = np.float64) -> Any:
        """Posterior probability of each component given each row, shape (n, K).

        With a uniform background there is one more column, its own.
        """
        assigner = self.assigner

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            return assigner.assigned(rows, workspace)[0].T

        parts = tuple(map(str, range(assigner.n_components)))
        parts += ("noise",) * (assigner.n_joint - assigner.n_components)
        output = Output("responsibility", assigner.bytes_per_row, assigner.n_joint, dtype, parts)
        return self._map(block, output)

    def outlier_weights(self, dtype: type = np.float64) -> Any:
        """What each row counts for in means, over what it would beside no tails, shape (n,)."""
        assigner = self.assigner

        def block(rows: AnyArray, workspace: Workspace) -> AnyArray:
            return assigner.outlier_weights(rows, workspace)

        output = Output("outlier_weight", 2 * assigner.bytes_per_row, dtype=dtype)
        return self.source.map(block, output)

    def labels(self) -> Any:
        """Most probable component of each row, shape (n,); -1 is the background.

        Rows left out for a missing value have -3, and NaN in the other answers.
        """
        assigner = self.assigner

        def block(rows: AnyArray, workspace: Workspace) -> AnyArray:
            return assigner.labels(assigner.joint(rows, workspace))

        output = Output("label", assigner.bytes_per_row, dtype=np.intp)
        return self._map(block, output, INCOMPLETE)

    def _map(self, block: BlockFunction, output: Output, unknown: float = np.nan) -> Any:
        return self.source.map(self._asked(block, output, unknown), output)

    def _asked(self, block: BlockFunction, output: Output, unknown: float | Array) -> BlockFunction:
        """Return a function of blocks that is asked of complete rows alone, if some are not."""
        if not self.source.n_incomplete:
            return block
        measurement = self.source.measurement
        return OnComplete(block, output, unknown, None if measurement is None else measurement.seen)

    def surprise(self) -> Any:
        """Each feature's part of the squared distance of rows, shape (n, d); see `surprises`."""
        assigner, parameters = self.assigner, self.parameters

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            shares = assigner.assigned(rows, workspace)[0]
            return surprises(parameters, rows, shares)

        d = self.source.n_features
        parts = self.source.feature_names or tuple(map(str, range(d)))
        bytes_per_row = assigner.bytes_per_row + 8 * 4 * d
        return self._map(block, Output("surprise", bytes_per_row, d, parts=parts))

    def log_shares(self, groups: AnyArray, n_groups: int) -> Any:
        """Log of the posterior probability of groups of components, shape (n, G).

        `groups` (K,) says which of 0 to G - 1 each component belongs to.  Finite however
        far a row is, but for groups without components.
        """
        assigner = self.assigner
        members = [(g, np.flatnonzero(groups == g)) for g in np.unique(groups).tolist()]

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            joint = assigner.joint(rows, workspace)
            found = np.full((n_groups, len(rows)), -np.inf)
            for g, own in members:
                found[g] = _log_sum(joint[own])
            # The largest first: far out a sum of a few is lost beside it.
            found -= found.max(axis=0)
            found -= np.log(np.exp(found).sum(axis=0))
            return found.T

        bytes_per_row = assigner.bytes_per_row + 8 * 3 * n_groups
        return self._map(block, Output("log_probability", bytes_per_row, n_groups))

    def regressed(self, means: Array, gains: Array, *, flat: bool = False) -> Any:
        """Conditional means of features that are not in the rows, (n, m); (n,) of one if `flat`.

        `means` (K, m) are theirs, and `gains` (K, m, d) what they gain as the rows move.
        """
        assigner, own = self.assigner, self.parameters.means

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            shares = assigner.assigned(rows, workspace)[0]
            found = np.zeros((len(rows), means.shape[1]))
            for k, share in enumerate(shares):
                found += share[:, None] * (means[k] + (rows - own[k]) @ gains[k].T)
            return found[:, 0] if flat else found

        width = means.shape[1]
        bytes_per_row = assigner.bytes_per_row + 8 * (2 * width + self.source.n_features)
        output = Output("prediction", bytes_per_row, None if flat else width)
        return self.source.map(block, output)

    def stream(self, *, denoised: bool = False) -> Iterator[tuple[AnyArray, Array, Array, Array]]:
        """Yield labels (m,), log-densities (m,) and responsibilities (m, K), part by part.

        And, if `denoised`, means and lower triangles of covariances of true values
        (m, d + d (d + 1) / 2), else nothing (m, 0).  One pass gives all, and never holds those of
        all rows.
        """
        assigner, denoiser = self.assigner, self._denoiser() if denoised else None
        width = 2 + assigner.n_joint

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            joint = assigner.joint(rows, workspace)
            out = np.empty((len(rows), width))
            out[:, 0] = assigner.labels(joint)
            out[:, 1] = assigner.normalised(joint, rows)
            out[:, 2:] = joint.T
            return out if denoiser is None else np.hstack([out, denoiser.block(rows, workspace)])

        more = 0 if denoiser is None else denoiser.width
        bytes_per_row = assigner.bytes_per_row + (0 if denoiser is None else denoiser.bytes_per_row)
        output = Output("assignment", bytes_per_row, width + more)
        unknown = np.full(width + more, np.nan)
        unknown[0] = INCOMPLETE
        for part in self.source.stream(self._asked(block, output, unknown), output):
            yield part[:, 0].astype(np.intp), part[:, 1], part[:, 2:width], part[:, width:]

    def score(self) -> Score:
        """Sums over the (weighted) rows, in one pass that keeps nothing of them."""
        self._require_rows()
        return self._reduce(ScoreFold(self.assigner))

    def certainty(self) -> Certainty:
        """How sure it is which component the (weighted) rows belong to, in one such pass."""
        self._require_rows()
        return self._reduce(CertaintyFold(self.assigner))

    def imputed(self) -> Any:
        """Rows with what is missing as it is expected, given what is seen of them, (n, d)."""
        imputer = Imputer(self.parameters, self.source.rows_if_known)
        names = self.source.feature_names or tuple(map(str, range(self.source.n_features)))
        output = Output("imputed", imputer.bytes_per_row, self.source.n_features, parts=names)
        return self.source.map(imputer.means, output)

    def denoised(self) -> tuple[Any, Any]:
        """Mean (n, d) and covariance (n, d, d) of rows' true values, given what was measured."""
        d, denoiser = self.parameters.n_features, self._denoiser()
        output = Output("true", denoiser.bytes_per_row, denoiser.width)
        found = self._map(denoiser.block, output)
        if not isinstance(found, np.ndarray):
            raise DataError("denoise: of rows in memory alone; take the rows part by part")
        return found[:, :d], unpacked(found[:, d:], d)

    def _denoiser(self) -> Denoiser:
        d = self.parameters.n_features
        measurement = self.source.measurement or Measurement(d, np.arange(d))
        return Denoiser(self.parameters, measurement, self.assigner.posterior)

    def imputed_draws(self, n_draws: int, rng: np.random.Generator) -> Array:
        """Completed copies of the rows, drawn given what is seen of them, (n_draws, n, d)."""
        if not isinstance(self.source, MemorySource):
            raise DataError(
                "draws: completed copies are drawn of rows in memory alone; take the rows part by "
                "part, or draws=None for what is expected"
            )
        rows = np.asarray(self.source.array[slice(None)], dtype=np.float64)
        return Imputer(self.parameters, len(rows)).draws(rows, n_draws, rng)

    def _reduce(self, fold: Fold[Value]) -> Value:
        fold.measured = self.source.measurement is not None
        return self.source.reduce(SeenRows(fold, self.source) if self.n_unseen else fold)

    def _require_rows(self) -> None:
        if not self.n_rows and self.source.n_incomplete:
            raise DataError("X: a value is missing in every row, so none can be scored")


def _log_sum(values: Array) -> Array:
    """Return the logs of sums (B,) of exponentials of values (m, B), the largest finite."""
    if len(values) == 1:
        return np.asarray(values[0])
    top = values.max(axis=0)
    return np.asarray(top + np.log(np.exp(values - top).sum(axis=0)))


class Assigner:
    """Log-joint densities of rows, and what the posterior makes of them."""

    def __init__(self, form: Form, posterior: Posterior) -> None:
        self.form, self.posterior = form, posterior
        self.n_components = form.n_components
        #: Columns of responsibilities: what is beside the components comes last.
        self.n_joint = self.n_components + posterior.n_others
        self.bytes_per_row = form.bytes_of_joint

    def outlier_weights(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return sums (B,) of responsibilities times what they are multiplied by in means."""
        joint, scale = self._with_scale(rows, workspace)
        normalise(joint)
        found: Array = np.einsum("kb,kb->b", joint[: self.n_components], scale)
        return found

    def joint(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return log-joint densities (n_joint, B) in workspace memory, less `row_terms`."""
        return self._with_scale(rows, workspace)[0]

    def _with_scale(self, rows: AnyArray, workspace: Workspace) -> tuple[Array, Any]:
        """Return the same, and what the density returns of it."""
        joint: Array = workspace.array("joint", self.n_joint, len(rows), dtype=self.form.dtype)
        components = joint[: self.n_components]
        self.form.joint(rows, components, workspace)
        scale = self.posterior.log_joint(components)
        if scale is None:
            scale = self.form.scale(len(rows), workspace)
        joint[self.n_components :] = self.posterior.joint_of_others()
        return joint, scale

    def assigned(self, rows: AnyArray, workspace: Workspace) -> tuple[Array, Array]:
        """Return responsibilities (n_joint, B) in workspace memory, and log-densities (B,)."""
        joint = self.joint(rows, workspace)
        return joint, self.normalised(joint, rows)

    def normalised(self, joint: Array, rows: AnyArray) -> Array:
        """Turn log-joint densities into responsibilities, in place; return log-densities (B,)."""
        return normalise(joint) + self.form.row_terms(rows)

    def labels(self, joint: Array) -> AnyArray:
        """Return the place of each row's largest value (n_joint, B); -1 is the background."""
        labels = most_probable(joint)
        return np.where(labels < self.n_components, labels, -1)


@dataclass(frozen=True)
class Score:
    """What criteria need to know of rows under a mixture.

    Attributes
    ----------
    n : float
        Sum of the rows' weights.
    log_likelihood : float
        Sum of their log-densities.
    certainty : float
        Sum of the logs of their largest responsibilities.
    """

    n: float = 0.0
    log_likelihood: float = 0.0
    certainty: float = 0.0

    def merge(self, other: Score) -> Score:
        return Score(
            self.n + other.n,
            self.log_likelihood + other.log_likelihood,
            self.certainty + other.certainty,
        )


class ScoreFold(Fold[Score]):
    """Collect a `Score` with an E-step's form."""

    def __init__(self, assigner: Assigner) -> None:
        self.assigner = assigner
        self.bytes_per_row = assigner.bytes_per_row

    def open(self) -> list[Score]:
        return [Score()]

    def add(
        self,
        state: list[Score],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        joint, log_density = self.assigner.assigned(rows, workspace)
        certainty = np.log(joint.max(axis=0))
        if weights is None:
            found = Score(float(len(rows)), float(log_density.sum()), float(certainty.sum()))
        else:
            found = Score(
                float(weights.sum()), float(weights @ log_density), float(weights @ certainty)
            )
        state[0] = state[0].merge(found)

    def close(self, state: list[Score]) -> Score:
        return state[0]
