"""Densities, responsibilities and labels of rows under given parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.moments import NORM
from ..estep import Kernel, choose_kernel, most_probable, normalise
from ..rows.checks import require_bounded, require_finite, require_near
from ..rows.folds import Fold, Index, Workspace
from ..rows.source import Output
from ..rows.summary import DataSummary, SummaryFold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..rows import Source

__all__ = ["Evaluator", "Score"]


class Evaluator:
    """Parameters ready to be applied to the rows of a source.

    One pass finds the extent of the rows (and refuses NaN), which decides the
    form of the kernel, unless their `summary` is known; each method is then one
    more pass that needs no memory but its output.
    """

    def __init__(
        self,
        weights: Array,
        means: Array,
        covariances: Covariances,
        source: Source,
        background: float | None = None,
        summary: DataSummary | None = None,
    ) -> None:
        if summary is None:
            summary = source.reduce(SummaryFold(NORM, source.n_features))
        require_finite(summary, source.feature_names)
        require_bounded(summary, source.feature_names)
        require_near(means, covariances, summary)
        center = weights @ means / weights.sum()
        extent = np.maximum(summary.maximum - center, center - summary.minimum)
        self.source = source
        self.kernel: Kernel = choose_kernel(
            np.log(weights),
            means,
            covariances,
            covariances.moment,
            covariances.shared,
            center,
            extent,
            background,
            n_rows=source.rows_if_known,
        )

    def log_density(self) -> Any:
        """Log-density of each row, shape (n,)."""
        kernel = self.kernel

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            return normalise(kernel.log_joint(rows, workspace)) + kernel.row_terms(rows)

        return self.source.map(block, Output("log_density", kernel.bytes_of_joint))

    def responsibilities(self) -> Any:
        """Posterior probability of each component given each row, shape (n, K).

        With a uniform background there is one more column, its own.
        """
        kernel = self.kernel

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            joint = kernel.log_joint(rows, workspace)
            normalise(joint)
            return joint.T

        parts = tuple(map(str, range(kernel.n_components)))
        parts += ("noise",) * (kernel.n_joint - kernel.n_components)
        output = Output("responsibility", kernel.bytes_of_joint, kernel.n_joint, parts=parts)
        return self.source.map(block, output)

    def labels(self) -> Any:
        """Most probable component of each row, shape (n,); -1 is the background."""
        kernel = self.kernel

        def block(rows: AnyArray, workspace: Workspace) -> AnyArray:
            labels = most_probable(kernel.log_joint(rows, workspace))
            return np.where(labels < kernel.n_components, labels, -1)

        return self.source.map(block, Output("label", kernel.bytes_of_joint, dtype=np.intp))

    def stream(self) -> Iterator[tuple[AnyArray, Array, Array]]:
        """Yield labels (m,), log-densities (m,) and responsibilities (m, K), part by part.

        One pass gives all three, and never holds those of all rows.
        """
        kernel = self.kernel

        def block(rows: AnyArray, workspace: Workspace) -> Array:
            joint = kernel.log_joint(rows, workspace)
            out = np.empty((len(rows), 2 + kernel.n_joint))
            out[:, 0] = joint.argmax(axis=0)
            out[:, 1] = normalise(joint) + kernel.row_terms(rows)
            out[:, 2:] = joint.T
            return out

        output = Output("assignment", kernel.bytes_of_joint, 2 + kernel.n_joint)
        for part in self.source.stream(block, output):
            labels = part[:, 0].astype(np.intp)
            labels[labels == kernel.n_components] = -1
            yield labels, part[:, 1], part[:, 2:]

    def score(self) -> Score:
        """Sums over the (weighted) rows, in one pass that keeps nothing of them."""
        return self.source.reduce(ScoreFold(self.kernel))


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
    """Collect a `Score` with an E-step's kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.bytes_per_row = kernel.bytes_of_joint

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
        joint = self.kernel.log_joint(rows, workspace)
        log_density = normalise(joint) + self.kernel.row_terms(rows)
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
